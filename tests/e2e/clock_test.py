"""Limits are by a clock that stands still while the process does, and are never early."""

import socket
import threading
import time

from support.case import Case
from support.dns import Answer, NameServer
from support.relay import stopped
from support.servers import Server, dial, echo, named, read_all, read_exactly
from support.wait import until

TIMEOUT = 60
ONE_WORKER = {"RELAY_WORKERS": "1"}


def endpoint(port, network, udp=False):
    return (f'[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
            f'remote = "127.0.0.1:{port}"\n[endpoints.network]\n{network}\n'
            + ("use_udp = true\n" if udp else ""))


class StandStill(Case):
    """As `docker pause`, a frozen machine or Ctrl-Z do it: longer than the limit."""

    LIMIT, STOP = 1, 1.6

    @staticmethod
    def for_a_while(seconds=STOP):
        began = time.monotonic()
        until(lambda: time.monotonic() - began > seconds, "that time")

    def test_clients_that_spoke_meanwhile_are_served(self):
        with Server(echo) as server:
            started = self.configured(endpoint(server.port, f"idle_timeout = {self.LIMIT}"),
                                      env=ONE_WORKER)
            clients = [dial(started.port) for _ in range(40)]
            for sock in clients:
                self.addCleanup(sock.close)
                sock.sendall(b"before")
            for sock in clients:
                self.assertEqual(read_exactly(sock, 6), b"before")
            with stopped(started.process):
                self.for_a_while()
                for sock in clients:
                    sock.sendall(b"meanwhile")
            for sock in clients:
                self.assertEqual(read_exactly(sock, 9), b"meanwhile", started.story())
            self.for_a_while(0.3)  # no limit was over, only late to be looked at
            for sock in clients:
                sock.sendall(b"after")
                self.assertEqual(read_exactly(sock, 5), b"after", started.story())

    def test_an_answer_that_came_meanwhile_arrives(self):
        may_answer, has_answered = threading.Event(), threading.Event()

        def answers_late(sock):
            asked = read_all(sock)
            may_answer.wait(20)
            sock.sendall(asked[::-1])
            sock.shutdown(socket.SHUT_WR)
            has_answered.set()
            read_all(sock)

        with Server(answers_late) as server:
            started = self.configured(endpoint(server.port, f"half_close_timeout = {self.LIMIT}"))
            with dial(started.port) as sock:
                sock.sendall(b"drow")
                sock.shutdown(socket.SHUT_WR)
                until(lambda: server.seen, "the connection")
                with stopped(started.process):
                    self.for_a_while()
                    may_answer.set()
                    self.assertTrue(has_answered.wait(20))
                self.assertEqual(read_all(sock), b"word", started.story())

    def test_a_datagram_client_keeps_its_port(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.0.0.1", 0))
            server.settimeout(20)
            port = server.getsockname()[1]
            started = self.start_on_free_port(
                lambda at: ("-c", self.file("relay.toml", endpoint(
                    port, f"udp_timeout = {self.LIMIT}", udp=True).replace("LISTEN", str(at)))),
                udp=True, env=ONE_WORKER)
            client.connect(("127.0.0.1", started.port))
            client.send(b"before")
            data, before = server.recvfrom(100)
            self.assertEqual(data, b"before")
            with stopped(started.process):
                self.for_a_while()
                client.send(b"meanwhile")
            self.assertEqual(server.recvfrom(100), (b"meanwhile", before), started.story())

    def test_a_lookup_is_not_out_of_time(self):
        may_answer = threading.Event()

        def script(*_):
            may_answer.wait(20)
            return Answer(["127.0.0.1"])

        with Server(named("there")) as server, NameServer(script) as names:
            started = self.configured(
                f'[log]\nlevel = "debug"\n[dns]\nnameservers = ["{names.address}"]\n'
                f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "name.test:{server.port}"\n'
                f"[network]\nconnect_limit = {self.LIMIT}\n")
            with dial(started.port) as sock:
                until(names.count, "the question")
                with stopped(started.process):
                    self.for_a_while()
                    may_answer.set()
                self.assertEqual(read_all(sock), b"there", started.story())

    def test_the_limit_itself_still_holds(self):
        with Server(echo) as server:
            started = self.configured(endpoint(server.port, "idle_timeout = 1"))
            with dial(started.port) as sock:
                sock.sendall(b"x")
                self.assertEqual(read_exactly(sock, 1), b"x")
                with stopped(started.process):
                    self.for_a_while()
                self.assertEqual(read_all(sock), b"")  # silent on both sides: it ends after all
            started.wait_text("end=idle")


class NeverEarly(Case):
    LIMIT = 0.3  # seconds

    def test_idle_timeout(self):
        with Server(echo) as server:
            started = self.configured(endpoint(server.port, 'idle_timeout = "300ms"'))
            lasted = []

            def one(delay):
                with dial(started.port) as sock:
                    began = time.monotonic()
                    until(lambda: time.monotonic() - began > delay, "its turn")
                    sent = time.monotonic()
                    sock.sendall(b"x")
                    read_all(sock)
                    lasted.append(time.monotonic() - sent)
            threads = [threading.Thread(target=one, args=(0.011 * n,)) for n in range(25)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(lasted), 25)
            self.assertGreaterEqual(min(lasted), self.LIMIT)

    def test_half_close_timeout(self):
        def waits(sock):
            read_all(sock)
            sock.recv(1)
            threading.Event().wait(5)
        with Server(waits) as server:
            started = self.configured(endpoint(server.port,
                                               'half_close_timeout = "300ms"'))
            for _ in range(4):
                with dial(started.port) as sock:
                    sent = time.monotonic()
                    sock.shutdown(socket.SHUT_WR)
                    try:
                        read_all(sock)
                    except ConnectionResetError:
                        pass
                    self.assertGreaterEqual(time.monotonic() - sent, self.LIMIT)

    def test_a_remote_that_did_not_answer_is_told_of(self):
        with Server(lambda sock: threading.Event().wait(5)) as server:
            started = self.configured(endpoint(server.port, 'half_close_timeout = "100ms"').replace(
                '"debug"', '"warn"'))
            with dial(started.port) as sock:
                sock.shutdown(socket.SHUT_WR)
                with self.assertRaises(ConnectionResetError):
                    read_all(sock)
            started.wait_text("no answer came within half_close_timeout")
