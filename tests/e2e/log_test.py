"""The log's output misbehaves: nobody reads it, it is full, or it comes and goes. Traffic goes on."""

import os
import pty
import re
import resource
import signal
import socket
import termios
from fcntl import F_SETPIPE_SZ, fcntl

from support import limits, ports
from support.relay import LINE
from support.servers import Server, dial, echo, hear, named, read_exactly
from support.udp import UdpCase, ask, open_socket
from support.wait import stays, until

# More lines than wait in a small pipe, but fewer than the log holds for a reader.
MANY = 60


class Stuck(UdpCase):
    """Nobody reads what relay writes to its standard output."""

    def setUp(self):
        super().setUp()
        self.server = Server(echo)
        self.addCleanup(self.server.close)
        self.remote_udp = self.remote()

    def pipe(self):
        """A small pipe with a name, which the test holds and does not read."""
        path = self.folder / "pipe"
        os.mkfifo(path)
        held = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, held)
        fcntl(held, F_SETPIPE_SZ, 4096)
        return path, held

    def into(self, path):
        return {"launcher": ("sh", "-c", 'exec "$@" >"$0"', str(path))}

    def relay_of_both(self, shutdown=60, network="", **options):
        text = (f'[process]\nshutdown_timeout = {shutdown}\n[log]\nlevel = "debug"\n'
                f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{self.server.port}"\n'
                f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{self.remote_udp.port}"\n'
                f'[endpoints.network]\nno_tcp = true\nuse_udp = true\n{network}\n')
        return self.configured(text, udp=True, **options)

    def traffic(self, port, count=MANY):
        for n in range(count):
            with dial(port) as sock:
                sock.sendall(b"%4d" % n)
                self.assertEqual(read_exactly(sock, 4), b"%4d" % n)
            with open_socket() as client:
                self.assertEqual(ask(client, b"%d" % n, ("127.0.0.1", port)), b"%d" % n)

    def test_traffic_goes_on_and_a_signal_ends_it(self):
        path, _ = self.pipe()
        started = self.relay_of_both(**self.into(path))
        self.traffic(started.port)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(5), 0)

    def test_a_second_signal_ends_it_with_a_session(self):
        path, _ = self.pipe()
        started = self.relay_of_both(**self.into(path))
        self.traffic(started.port)
        with dial(started.port) as sock:
            sock.sendall(b"alive")
            read_exactly(sock, 5)
            started.signal(signal.SIGTERM)
            until(lambda: started.port not in ports.listening(started.pid), "a closed listener")
            sock.sendall(b"still")
            self.assertEqual(read_exactly(sock, 5), b"still")
            started.signal(signal.SIGTERM)
            self.assertEqual(started.wait_exit(5), 0)

    def test_what_was_dropped_is_counted_where_it_was(self):
        limits.room_for(8000)
        path, held = self.pipe()
        started = self.relay_of_both(network='udp_timeout = "100ms"', **self.into(path))
        to = ("127.0.0.1", started.port)
        for _ in range(10):  # twice what the log keeps for a reader
            clients = [open_socket() for _ in range(1000)]
            for first in range(0, 1000, 50):
                for each in clients[first:first + 50]:
                    each.sendto(b"x", to)
                for each in clients[first:first + 50]:
                    each.recv(1)
            for each in clients:
                each.close()
        text = b""
        while b"lines lost" not in text:
            until(lambda: self.more(held), f"the rest of {len(text)} bytes")
            text += self.taken
        lines = text.decode().splitlines()
        told = [line for line in lines if "lost" in line]
        self.assertRegex(told[0], r"\[relay::log\]\[WARN\]\d+ lines lost: they came faster than they "
                                  "were taken$")
        begin = next(at for at, line in enumerate(lines) if LINE.match(line))
        for line in lines[begin:]:
            self.assertRegex(line, LINE)
        self.assertGreater(int(re.search(r"(\d+) lines lost", told[0])[1]), 100)

    def more(self, held):
        try:
            self.taken = os.read(held, 1 << 16)
        except BlockingIOError:
            return False
        return True

    def test_a_terminal_that_was_stopped(self):
        outer, inner = pty.openpty()
        self.addCleanup(os.close, outer)
        self.addCleanup(os.close, inner)
        termios.tcflow(inner, termios.TCOON)
        started = self.relay_of_both(**self.into(os.ttyname(inner)))
        termios.tcflow(inner, termios.TCOOFF)  # Ctrl-S
        self.traffic(started.port)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(5), 0)

    def test_a_stream_of_a_journal_that_does_not_read(self):
        ours, its = socket.socketpair()
        with ours, its:
            its.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
            number = its.fileno()
            started = self.relay_of_both(pass_fds=[number],
                                         launcher=("sh", "-c", f'exec "$@" >&{number}', "sh"))
            self.traffic(started.port)
            started.signal(signal.SIGTERM)
            self.assertEqual(started.wait_exit(5), 0)


class Files(UdpCase):
    """What `log.output` may name."""

    def setUp(self):
        super().setUp()
        self.server = Server(named("hi"))
        self.addCleanup(self.server.close)
        self.log = self.folder / "relay.log"

    def logging(self, level="info", **options):
        """As realm: a line at `info` when a connection begins, so a client that has been served
        knows that it has one."""
        options = {**self.as_realm(), **options}
        return self.relay_to(self.server.port, "--log-level", level, "--log-output", self.log,
                             **options)

    def hear(self, started, times=1):
        for _ in range(times):
            self.assertEqual(hear(started.port), b"hi")

    def read_pipe(self, wanted):
        """Opens it and reads until it has so many lines of sessions, then leaves."""
        reader = os.open(self.log, os.O_RDONLY | os.O_NONBLOCK)
        text = b""

        def enough():
            nonlocal text
            try:
                text += os.read(reader, 1 << 16)
            except BlockingIOError:
                pass
            return text.count(b" => ") >= wanted
        try:
            until(enough, lambda: f"{wanted} lines: {text}")
        finally:
            os.close(reader)
        return text.decode()

    def test_a_pipe_without_a_reader_is_told_and_keeps_lines_for_one(self):
        os.mkfifo(self.log)
        started = self.logging()
        self.assertIn(f"warning: {self.log} is a FIFO without a reader", started.err())
        self.hear(started, 3)
        self.assertIn("listening on", self.read_pipe(3))
        self.hear(started, 2)  # its reader has gone
        for line in self.read_pipe(2).splitlines():
            self.assertRegex(line, LINE)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(5), 0)

    def test_a_pipe_that_nobody_empties_ends_nothing(self):
        os.mkfifo(self.log)
        held = os.open(self.log, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, held)
        fcntl(held, F_SETPIPE_SZ, 4096)
        started = self.logging("debug")
        self.assertEqual(started.err(), "", "it has a reader")
        self.hear(started, MANY)
        self.log.rename(self.folder / "old")
        started.signal(signal.SIGUSR1)
        until(self.log.exists, started.story)
        until(lambda: self.log.stat().st_size > 0, "what waited for the old one goes to the new one")
        for line in self.log.read_text().splitlines():
            self.assertRegex(line, LINE)

    def test_a_file_that_is_full_has_no_glued_lines_and_says_what_is_missing(self):
        started = self.logging()
        self.hear(started)
        started.out()
        whole = self.log.read_text().splitlines()
        full = self.log.stat().st_size + 30
        resource.prlimit(started.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        self.hear(started, 3)
        started.out()
        self.assertEqual(self.log.stat().st_size, full)
        resource.prlimit(started.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.hear(started)
        started.out()
        lines = self.log.read_text().splitlines()
        self.assertEqual(lines[:len(whole)], whole)
        self.assertEqual(len(lines), len(whole) + 3, "a half one, the count, and the next")
        self.assertTrue(lines[-2].endswith("3 lines lost: file too large"), lines[-2])
        for line in lines[-2:]:
            self.assertRegex(line, LINE)

    def test_an_idle_log_never_wakes_up(self):
        started = self.logging()
        self.hear(started)
        started.out()

        def switches():
            found = 0
            for each in os.listdir(f"/proc/{started.pid}/task"):
                with open(f"/proc/{started.pid}/task/{each}/status", encoding="ascii") as text:
                    status = text.read()
                if "Name:\tlog\n" in status:
                    found = int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", status)[1])
            return found
        before = switches()
        self.assertGreater(before, 0)
        stays(lambda: switches() == before, "nothing to write", 0.3)

    def test_lines_before_the_end_are_written(self):
        started = self.logging("debug", env={"RELAY_WORKERS": "2"})
        self.hear(started, 30)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        text = self.log.read_text()
        self.assertEqual(text.count("session done"), 30)
        self.assertTrue(text.endswith("[relay][INFO]stopped\n"), text[-200:])

    def test_the_start_that_fails_is_logged_too(self):
        done = self.cli("-l", f"127.0.0.1:{self.server.port}", "-r", "127.0.0.1:1", "--log-level",
                        "info", "--log-output", self.log, code=69)
        self.assertIn("in use", done.stderr)
        self.assertIn("in use", self.log.read_text())

    def test_in_the_background_lines_of_the_start_reach_the_caller(self):
        port = ports.free_port()
        done = self.cli("-d", "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{self.server.port}",
                        "--log-level", "info")
        (pid,) = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                  if port in ports.listening(pid)]
        os.kill(pid, signal.SIGTERM)
        self.assertIn("[relay][INFO]listening on 1 address", done.stdout)
