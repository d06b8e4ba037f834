"""Rough weather: remotes and clients that behave badly; how each session ends."""

import os
import re
import socket
import time

from support.case import Case
from support.ports import free_port
from support.servers import (BlackHole, Refusing, Server, ask, dial, digest, echo, ended_by_reset,
                             hash_after_end, hear, named, pattern, read_all, read_exactly, reset,
                             reset_after, silent, source)
from support.wait import until

LABEL = "rough"
TIMEOUT = 60

DEBUG = ("--log-level", "debug")


def sessions(started):
    """The fields of each `session done` line so far; what a failure says may follow the last."""
    lines = re.findall(r"session done (.*)\n", started.out())
    return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines]


class Ends(Case):
    def session(self, started, number=1):
        """The fields of the number-th finished session."""
        until(lambda: len(sessions(started)) >= number, started.story)
        return sessions(started)[number - 1]

    def test_the_answer_after_the_clients_end_arrives(self):
        data = pattern(3_000_000)
        with Server(hash_after_end) as server:
            started = self.relay_to(server.port, *DEBUG)
            self.assertEqual(ask(started.port, data), digest(data))
            done = self.session(started)
            self.assertEqual((done["up"], done["down"]), ("3000000", "64"))
            self.assertEqual(done["end"], "client_eof")

    def test_the_clients_data_after_the_remotes_end_arrives(self):
        got = []

        def talk(sock):
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
            got.append(read_all(sock))
        with Server(talk) as server:
            started = self.relay_to(server.port, *DEBUG)
            with dial(started.port) as sock:
                self.assertEqual(read_all(sock), b"bye")
                sock.sendall(pattern(100_000))
            until(lambda: got, started.story)
            self.assertEqual(got[0], pattern(100_000))
            self.assertEqual(self.session(started)["end"], "remote_eof")

    def test_an_idle_half_is_ended_after_the_limit(self):
        text = ('[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                'remote = "127.0.0.1:{}"\nnetwork = {{ half_close_timeout = "500ms" }}\n')
        with Server(silent) as server:
            started = self.configured(text.format(server.port))
            with dial(started.port) as sock:
                sock.sendall(b"question")
                sock.shutdown(socket.SHUT_WR)
                began = time.monotonic()
                self.assertTrue(ended_by_reset(sock), "the remote has not ended in order")
                self.assertGreater(time.monotonic() - began, 0.3)
            self.assertEqual(self.session(started)["end"], "half_close_timeout")
            until(lambda: not server.sockets or started.descriptors() < 40, "closed descriptors")

    def test_a_half_that_is_busy_lives_on_past_the_limit(self):
        def talk(sock):
            read_all(sock)
            for _ in range(10):
                sock.sendall(b"x")
                time.sleep(0.2)  # the pace of this server, not a wait for anything
        text = ('[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{}"\n'
                'network = {{ half_close_timeout = 1 }}\n')
        with Server(talk) as server:
            started = self.configured(text.format(server.port))
            self.assertEqual(ask(started.port, b"go"), b"x" * 10)

    def test_half_close_timeout_zero_closes_both_at_once(self):
        text = ('[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{}"\n'
                'network = {{ half_close_timeout = 0 }}\n')
        with Server(silent) as server:
            started = self.configured(text.format(server.port))
            with dial(started.port) as sock:
                sock.shutdown(socket.SHUT_WR)
                began = time.monotonic()
                self.assertFalse(ended_by_reset(sock))
                self.assertLess(time.monotonic() - began, 5)

    def test_a_reset_of_the_remote_reaches_the_client_as_a_reset(self):
        with Server(reset_after(200_000)) as server:
            started = self.relay_to(server.port, *DEBUG)
            with dial(started.port) as sock:
                self.assertEqual(read_exactly(sock, 200_000), pattern(200_000))
                sock.sendall(b"!")
                self.assertTrue(ended_by_reset(sock), "an orderly end instead of a reset")
            self.assertEqual(self.session(started)["end"], "reset_by_remote")

    def test_a_reset_in_the_middle_of_a_bulk_transfer_is_no_end(self):
        def talk(sock):
            sock.sendall(pattern(20_000_000))
            reset(sock)
        with Server(talk) as server:
            started = self.relay_to(server.port)
            with dial(started.port) as sock:
                self.assertTrue(ended_by_reset(sock), "an orderly end instead of a reset")

    def test_a_reset_of_the_client_reaches_the_remote_as_a_reset(self):
        with Server(echo) as server:
            started = self.relay_to(server.port, *DEBUG)
            sock = dial(started.port)
            sock.sendall(b"hello")
            read_exactly(sock, 5)
            reset(sock)
            self.assertEqual(self.session(started)["end"], "reset_by_client")
            until(lambda: server.errors, "the server's error")
            self.assertIsInstance(server.errors[0], ConnectionResetError)

    def test_a_client_that_vanishes_under_a_download_ends_the_session(self):
        with Server(source(50_000_000)) as server:
            started = self.relay_to(server.port, *DEBUG)
            sock = dial(started.port)
            read_exactly(sock, 100_000)
            sock.close()
            self.assertEqual(self.session(started)["end"], "reset_by_client")
            until(lambda: not server.sockets, "the end at the server")

    def test_a_stalled_remote_holds_up_nobody_else(self):
        with Server(silent) as stalled, Server(echo) as alive:
            second = free_port()
            started = self.start_on_free_port(lambda port: (
                "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{stalled.port}",
                "-l", f"127.0.0.1:{second}", "-r", f"127.0.0.1:{alive.port}"),
                env={"RELAY_WORKERS": "1"})
            started.wait_listening({second})
            with dial(started.port) as stuck:
                stuck.setblocking(False)
                try:
                    while stuck.send(pattern(1 << 20)):
                        pass
                except BlockingIOError:
                    pass
                data = pattern(2_000_000)
                self.assertEqual(ask(second, data), data)


class Dialling(Case):
    def test_a_refusing_remote_closes_the_client_and_is_logged(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "--log-level", "debug")
            with dial(started.port) as sock:
                self.assertEqual(sock.recv(1), b"")
            until(lambda: "connection refused" in started.out().lower(), started.story)
            until(lambda: sessions(started), started.story)
            self.assertEqual(sessions(started)[0]["end"], "connect_failed")
            self.assertRegex(started.out(), r"\[realm_core::tcp\]\[ERROR\]\[tcp\]127\.0\.0\.1:\d+ => "
                             rf"127\.0\.0\.1:{nobody.port}, error: ")

    def test_it_serves_again_when_the_remote_is_back(self):
        nobody = Refusing()
        started = self.relay_to(nobody.port)
        with dial(started.port) as sock:
            self.assertEqual(sock.recv(1), b"")
        nobody.sock.close()
        with Server(named("back"), port=nobody.port):
            self.assertEqual(hear(started.port), b"back")

    def test_a_storm_of_equal_errors_is_few_lines(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "--log-level", "error")
            for _ in range(300):
                with dial(started.port) as sock:
                    self.assertEqual(sock.recv(1), b"")
            self.assertIn("refused", started.out())
            lines = [line for line in started.out().splitlines() if "[ERROR]" in line]
            self.assertLess(len(lines), 10, started.story())
            counted = lambda: started.out().count("refused: once more") + sum(
                map(int, re.findall(r"refused: (\d+) more times", started.out())))
            until(lambda: counted() + len(lines) >= 300, started.story, 15)

    def black_hole(self, more, host="127.0.0.1"):
        """Seconds until a relay with these network keys gives up on a silent address."""
        with BlackHole() as hole:
            started = self.configured('[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "127.0.0.1:'
                                      f'LISTEN"\nremote = "{host}:{hole.port}"\n[network]\n{more}')
            began = time.monotonic()
            with dial(started.port) as sock:
                self.assertFalse(ended_by_reset(sock))
            took = time.monotonic() - began
            until(lambda: sessions(started), started.story)
            return took, started

    def test_tcp_timeout_bounds_one_address(self):
        took, started = self.black_hole("tcp_timeout = 1\n", "localhost")
        self.assertGreater(took, 0.8)
        self.assertLess(took, 4)
        self.assertRegex(started.out(), r"\[WARN\]\[tcp\]connect to \S+ as \S+ timeout, "
                         r"(try next ip|no other address)")

    def test_connect_limit_bounds_the_whole(self):
        took, started = self.black_hole('tcp_timeout = 0\nconnect_limit = "1500ms"\n')
        self.assertGreater(took, 1.2)
        self.assertLess(took, 5)
        self.assertIn(sessions(started)[0]["end"], ("connect_failed", "connect_timeout"))

    def test_a_client_that_leaves_while_dialling_is_dropped(self):
        with BlackHole() as hole:
            started = self.relay_to(hole.port, env={"RELAY_WORKERS": "1"})
            before = started.descriptors()
            socks = [dial(started.port) for _ in range(20)]
            until(lambda: started.descriptors() >= before + 20, "accepted clients")
            for sock in socks:
                reset(sock)
            until(lambda: started.descriptors() <= before + 2, started.story, seconds=10)


class Listeners(Case):
    def test_a_busy_port_among_good_ones(self):
        with Server(named("good")) as server, Server(named("other")) as busy:
            text = (f'[[endpoints]]\nlisten = "127.0.0.1:{busy.port}"\nremote = "127.0.0.1:1"\n'
                    '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                    f'remote = "127.0.0.1:{server.port}"\n')
            started = self.configured(text)
            self.assertEqual(hear(started.port), b"good")
            self.assertIn(f"127.0.0.1:{busy.port}", started.err())
            self.assertIn("in use", started.err())
            self.assertIn("relay.toml:2", started.err())

    def test_no_port_left_ends_with_69(self):
        with Server(named("one")) as one, Server(named("two")) as two:
            text = "".join(f'[[endpoints]]\nlisten = "127.0.0.1:{busy.port}"\n'
                           'remote = "127.0.0.1:1"\n' for busy in (one, two))
            said = self.cli("-c", self.file("relay.toml", text), code=69).stderr
            self.assertIn("relay.toml:2", said)
            self.assertIn("relay.toml:5", said)

    def test_the_second_of_two_equal_addresses_is_reported_with_both_places(self):
        with Server(named("first")) as first, Server(named("second")) as second:
            text = "".join('[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                           f'remote = "127.0.0.1:{server.port}"\n' for server in (first, second))
            started = self.configured('process.bind = "partial"\n' + text)
            self.assertEqual({hear(started.port) for _ in range(8)}, {b"first"})
            self.assertIn("relay.toml:3", started.err())
            self.assertIn("relay.toml:6", started.err())

    def test_many_clients_of_few_descriptors_are_all_served(self):
        with Server(echo) as server:
            started = self.relay_to(server.port, "--log-level", "warn", nofile=64,
                                    env={"RELAY_WORKERS": "1"})
            socks = [socket.create_connection(("127.0.0.1", started.port), timeout=40)
                     for _ in range(200)]
            served = 0
            for number, sock in enumerate(socks):
                word = b"%04d" % number
                try:
                    sock.sendall(word)
                    sock.shutdown(socket.SHUT_WR)
                    answer = read_all(sock)
                    self.assertIn(answer, (word, b""))
                    served += answer == word
                except (ConnectionResetError, BrokenPipeError):
                    pass  # cleanly refused
                sock.close()
            self.assertGreaterEqual(served, 150, started.story())
            self.assertEqual(ask(started.port, b"still here"), b"still here")
            self.assertLess(len(started.out().splitlines()), 40, started.story())
            self.assertLess(os.path.getsize(started.out_file), 20_000)
