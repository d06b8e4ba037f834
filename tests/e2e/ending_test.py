"""Signals and the log: how a running relay ends, and what it writes meanwhile."""

import os
import re
import signal
import time

from support.case import Case
from support.ports import free_port, listening
from support.relay import LINE
from support.servers import Server, ask, dial, echo, hear, named, read_all, read_exactly
from support.wait import until


class Signals(Case):  # spec 1.8, 11
    def setUp(self):
        super().setUp()
        self.server = Server(echo)
        self.addCleanup(self.server.close)

    def live_session(self, started):
        sock = dial(started.port)
        self.addCleanup(sock.close)
        sock.sendall(b"alive")
        self.assertEqual(read_exactly(sock, 5), b"alive")
        return sock

    def config(self, shutdown):
        return (f'[process]\nshutdown_timeout = {shutdown}\n[log]\nlevel = "debug"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{self.server.port}"\n')

    def test_without_sessions_it_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            started = self.relay_to(self.server.port)
            began = time.monotonic()
            started.signal(number)
            self.assertEqual(started.wait_exit(), 0)
            self.assertLess(time.monotonic() - began, 5)

    def test_a_live_session_is_given_its_time(self):
        started = self.configured(self.config(30))
        sock = self.live_session(started)
        started.signal(signal.SIGTERM)
        until(lambda: started.port not in listening(started.pid), "a closed listener")
        sock.sendall(b"more")
        self.assertEqual(read_exactly(sock, 4), b"more")
        self.assertTrue(started.running())
        sock.close()
        self.assertEqual(started.wait_exit(), 0)

    def test_after_shutdown_timeout_it_ends_anyway(self):
        started = self.configured(self.config(1))
        sock = self.live_session(started)
        began = time.monotonic()
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertGreater(time.monotonic() - began, 0.7)
        self.assertIn("end=shutdown", started.out())
        sock.settimeout(5)
        with self.assertRaises(ConnectionResetError):
            sock.recv(1)

    def test_a_second_signal_ends_at_once(self):
        started = self.configured(self.config(60))
        self.live_session(started)
        started.signal(signal.SIGTERM)
        until(lambda: started.port not in listening(started.pid), "a closed listener")
        began = time.monotonic()
        started.signal(signal.SIGTERM)
        started.wait_exit()
        self.assertLess(time.monotonic() - began, 5)

    def test_signals_until_it_is_gone_do_not_kill_it(self):
        for _ in range(5):
            started = self.configured(self.config(60))
            self.live_session(started)
            while started.running():
                started.signal(signal.SIGTERM)
            self.assertEqual(started.wait_exit(), 0)

    def test_a_terminal_that_hangs_up_ends_nothing(self):
        started = self.configured(self.config(1))
        sock = self.live_session(started)
        started.signal(signal.SIGHUP)  # it reads its configuration again
        started.wait_text("the configuration is in force (generation 2)")
        sock.sendall(b"more")
        self.assertEqual(read_exactly(sock, 4), b"more")
        self.assertEqual(ask(started.port, b"hello"), b"hello")
        sock.close()

    def test_signals_without_a_meaning_are_ignored_without_a_line(self):
        started = self.configured(self.config(1))
        for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGWINCH, signal.SIGCHLD):
            started.signal(number)
        self.assertEqual(ask(started.port, b"hello"), b"hello")

    def test_sigquit_is_an_orderly_end(self):
        started = self.configured(self.config(60))
        sock = self.live_session(started)
        started.signal(signal.SIGQUIT)
        started.wait_text("SIGQUIT: no new connections")
        sock.sendall(b"more")
        self.assertEqual(read_exactly(sock, 4), b"more")
        sock.close()
        self.assertEqual(started.wait_exit(), 0)

    def test_signals_before_it_serves_wait_until_it_does(self):
        path = self.folder / "relay.toml"
        os.mkfifo(path)
        port = free_port()
        started = self.launch("-c", path, "--log-level", "info")
        text = (f'[[endpoints]]\nlisten = "127.0.0.1:{port}"\n'
                f'remote = "127.0.0.1:{self.server.port}"\n')
        with open(path, "w", encoding="ascii") as config:  # it reads
            for number in (signal.SIGUSR2, signal.SIGHUP, signal.SIGUSR1):
                started.signal(number)
            config.write(text)
        started.wait_text("[relay::status][INFO]endpoint ")
        path.write_text(text, encoding="ascii")  # it reads again
        started.wait_text("the configuration is in force (generation 2)")
        self.assertEqual(ask(port, b"hello"), b"hello")

    def test_a_broken_pipe_on_stdout_does_not_end_it(self):
        started = self.configured(self.config(1))
        started.signal(signal.SIGPIPE)
        self.assertEqual(ask(started.port, b"hello"), b"hello")


class Log(Case):  # spec 2.2, 4.7
    def setUp(self):
        super().setUp()
        self.server = Server(named("hi"))
        self.addCleanup(self.server.close)
        self.log = self.folder / "relay.log"

    def logged(self, level):
        """The log lines of a relay after one good session."""
        started = self.relay_to(self.server.port, "--log-level", level, "--log-output", self.log)
        self.assertEqual(hear(started.port), b"hi")
        if level in ("info", "debug", "trace"):
            until(lambda: "session done" in self.log.read_text(), started.story)
        started.stop()
        return started, self.log.read_text() if self.log.exists() else ""

    def test_the_line_of_an_established_connection(self):
        started, text = self.logged("debug")
        remote = f"127.0.0.1:{self.server.port}"
        self.assertRegex(text, r"(?m)^\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\.\d{3}\]\[realm_core::tcp::middle\]"
                         rf"\[DEBUG\]\[tcp\]127\.0\.0\.1:\d+ => {re.escape(remote)} as "
                         rf"{re.escape(remote)}$", started.story())

    def test_every_line_has_the_form(self):
        _, text = self.logged("debug")
        for line in text.splitlines():
            self.assertRegex(line, LINE)

    def test_one_line_per_finished_session(self):
        started, text = self.logged("info")
        lines = re.findall(r"session done .*", text)
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], r"^session done id=\d+ client=127\.0\.0\.1:\d+ "
                         rf"listen=127\.0\.0\.1:{started.port} "
                         rf"remote=127\.0\.0\.1:{self.server.port} up=0 down=2 ms=\d+ "
                         r"connect_ms=\d+\.\d first_byte_ms=\d+\.\d end=remote_eof$")
        self.assertNotIn("realm_core", text)

    def test_off_says_nothing(self):
        self.assertEqual(self.logged("off")[1], "")

    def test_error_says_nothing_about_good_sessions(self):
        self.assertEqual(self.logged("error")[1], "")

    def test_the_level_is_not_case_sensitive_on_the_command_line(self):
        started = self.relay_to(self.server.port, "--log-level", "DEBUG")
        self.assertIn("log: level=debug", started.out())

    def test_the_file_is_opened_again_on_sigusr1(self):
        started = self.relay_to(self.server.port, "--log-level", "info", "--log-output", self.log)
        hear(started.port)
        until(lambda: "session done" in self.log.read_text(), started.story)
        old = self.log.rename(self.folder / "relay.log.1")
        started.signal(signal.SIGUSR1)
        until(self.log.exists, started.story)
        size = old.stat().st_size
        hear(started.port)
        until(lambda: "session done" in self.log.read_text(), started.story)
        self.assertEqual(old.stat().st_size, size)

    def test_stderr_is_an_output(self):
        started = self.relay_to(self.server.port, "--log-level", "info", "--log-output", "stderr")
        hear(started.port)
        started.wait_text("session done", "err")
        self.assertNotIn("[INFO]", started.out())


class Demo(Case):
    def test_the_demo_serves_and_ends_on_interrupt(self):
        started = self.launch("demo")
        until(lambda: re.search(r"http://[\d.]+:\d+", started.out()) or not started.running(),
              started.story)
        url = re.search(r"http://([\d.]+):(\d+)", started.out())
        self.assertTrue(url, started.story())
        self.assertIn("curl", started.out())
        with dial(int(url.group(2)), url.group(1)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n")
            self.assertTrue(read_all(sock).startswith(b"HTTP/1.1 200"))
        started.signal(signal.SIGINT)
        self.assertEqual(started.wait_exit(), 0)
