"""Connections that are made before their clients, with programs of others behind them, and over a
long way."""

import socket

from support import programs
from support.far import FarPlace
from support.network import in_own_network
from support.ports import free_port
from support.servers import Server, dial, echo, read_exactly
from support.tls import NAME, Authority
from support.tls_programs import haproxy_tls, nginx_tls, passing_websockets
from support.transport import KINDS, TEXTS, TransportCase, endpoint
from support.tools import Programs
from support.wait import until

TIMEOUT = 120
WS = f"ws;host={NAME};path=/x"
BANNER = b"SSH-2.0-early\r\n"


def greets(sock):
    sock.sendall(BANNER)
    echo(sock)


class WarmCase(Programs, TransportCase):
    def warm(self, port, text="", network="warm = 2", top=""):
        """A relay of one worker that keeps connections to a port ready."""
        return self.configured(top + self.LOG + endpoint("LISTEN", port, outside=text,
                                                         network=network),
                               env={"RELAY_WORKERS": "1"})

    def echoes(self, started, first=b"", words=b"hello\n", answer=b"hello\n"):
        with dial(started.port) as sock:
            self.assertEqual(read_exactly(sock, len(first)), first)
            sock.sendall(words)
            self.assertEqual(read_exactly(sock, len(answer)), answer)

    def uses(self, started, times, **how):
        """Clients one after the other, until so many have found their remote connected."""
        until(lambda: self.echoes(started, **how) or started.out().count("(warm)") >= times,
              started.story)


class Warm(WarmCase):
    def test_connections_are_there_before_the_client(self):
        server = self.server(greets)
        started = self.warm(server.port)
        until(lambda: len(server.seen) == 2, started.story)
        self.echoes(started, first=BANNER)
        started.wait_text("(warm)")
        until(lambda: len(server.seen) == 3, "a successor")

    def test_the_global_key_holds_for_every_endpoint(self):
        servers = [self.server(echo), self.server(echo)]
        self.configured("".join(endpoint(listen, server.port) for listen, server in
                                zip(("LISTEN", "0"), servers)) + "[network]\nwarm = 3\n",
                        env={"RELAY_WORKERS": "1"})
        for server in servers:
            until(lambda server=server: len(server.seen) == 3, "three for each")

    def test_through_every_transport(self):
        server = self.server(greets)
        for kind in KINDS:
            with self.subTest(kind):
                last = self.unwrapping(kind, server.port)
                self.uses(self.warm(last.port, TEXTS[kind][1]), 2, first=BANNER)

    def test_clients_are_served_with_the_descriptors_of_ready_connections(self):
        server = self.server(echo)
        started = self.configured(endpoint("LISTEN", server.port, network="warm = 1000"),
                                  env={"RELAY_WORKERS": "1"}, nofile=100)
        until(lambda: len(server.seen) >= 30, started.story)
        clients = [dial(started.port) for _ in range(25)]
        for sock in clients:
            sock.sendall(b"x")
        for sock in clients:
            self.assertEqual(read_exactly(sock, 1), b"x")
        for sock in clients:
            sock.close()

    def test_sigterm_ends_with_connections_ready(self):
        server = self.server(echo)
        started = self.warm(server.port)
        until(lambda: len(server.seen) == 2, started.story)
        started.signal(15)
        self.assertEqual(started.wait_exit(), 0)
        until(lambda: not server.sockets, "their end")

    def test_over_a_long_way_each_client_finds_one(self):
        def body():
            with FarPlace(0.05), Server(greets, host=FarPlace.HERE) as server:
                started = self.configured(
                    self.LOG + endpoint("LISTEN", server.port, network="warm = 2")
                    .replace('remote = "127.0.0.1', f'remote = "{FarPlace.HERE_FROM_FAR}'),
                    env={"RELAY_WORKERS": "1"})
                for nth in range(1, 4):
                    # The client comes when two are there, and another is made for the next.
                    until(lambda nth=nth: len(server.seen) > nth, started.story)
                    self.echoes(started, first=BANNER)
                self.assertEqual(started.out().count("(warm)"), 3, started.story())
                started.stop()
        in_own_network(body)


class Interop(WarmCase):
    def setUp(self):
        super().setUp()
        self.program("openssl")
        self.authority = Authority(self)
        self.cert, self.key = self.authority.issue()
        self.dial_tls = f"tls;sni={NAME};ca={self.authority.file}"

    def test_openssl_is_reached(self):
        port = free_port()
        # It serves one after the other, and says when a handshake is over.
        server = programs.Program(self, "openssl", [
            "s_server", "-accept", f"127.0.0.1:{port}", "-cert", self.cert, "-key", self.key,
            "-rev"], port, cwd=self.folder)
        started = self.warm(port, self.dial_tls, "warm = 1")
        for nth in range(1, 4):
            until(lambda nth=nth: server.said.read_text().count("CONNECTION ESTABLISHED") == nth,
                  started.story)
            self.echoes(started, answer=b"olleh\n")
        started.wait_text("(warm)")

    def test_nginx_serves_our_websocket_in_tls(self):
        server = self.server(greets)
        last = self.unwrapping(WS, server.port)
        middle = nginx_tls(self, self.cert, self.key, passing_websockets(last.port, NAME))
        self.uses(self.warm(middle.port, f"{WS};{self.dial_tls}"), 2, first=BANNER)

    def test_haproxy_hears_of_the_client_although_the_connection_is_older(self):
        self.program("haproxy")
        both = self.file("both.pem", self.cert.read_text() + self.key.read_text())

        def tells(sock):
            with sock.makefile("rb") as lines:
                header = lines.readline()
                sock.sendall(header + lines.readline())
                sock.recv(1)
        server = self.server(tells)
        for bind, text in (("accept-proxy", ""), (f"accept-proxy ssl crt {both}", self.dial_tls)):
            with self.subTest(bind):
                middle = haproxy_tls(self, server.port, bind=bind, server="send-proxy")
                started = self.warm(middle.port, text, "warm = 2\nsend_proxy = true")
                self.told_of(started)

    def told_of(self, started):
        def once():
            with socket.create_connection(("127.0.0.1", started.port), timeout=30) as sock:
                sock.sendall(b"hello\n")
                source = b"PROXY TCP4 127.0.0.1 "
                with sock.makefile("rb") as lines:
                    header = lines.readline()
                    self.assertTrue(header.startswith(source), header)
                    self.assertIn(f" {sock.getsockname()[1]} ".encode(), header)
                    self.assertEqual(lines.readline(), b"hello\n")
        until(lambda: once() or started.out().count("(warm)") >= 2, started.story)
