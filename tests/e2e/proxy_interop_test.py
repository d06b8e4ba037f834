"""PROXY headers between the relay and haproxy, nginx and curl, in both directions."""

import re
import socket

from support import proxies
from support.programs import nginx
from support.proxies import header
from support.servers import Server, dial, digest, pattern, read_all, read_exactly
from support.tools import Programs
from support.wait import until

LABEL = "interop"
TIMEOUT = 120

HOSTS = ("127.0.0.1", "::1")
DATA = pattern(3 << 20)


class ProxyPrograms(Programs):
    def relay(self, port, network, host="127.0.0.1"):
        at = proxies.bracketed(host)
        return self.configured(f'[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "{at}:LISTEN"\n'
                               f'remote = "{at}:{port}"\n[endpoints.network]\n{network}\n')

    def carries(self, port, host):
        """Bytes both ways; our own (address, port)."""
        with dial(port, host) as sock:
            sock.sendall(DATA)
            sock.shutdown(socket.SHUT_WR)
            own = sock.getsockname()[:2]
            self.assertEqual(read_all(sock), digest(DATA) + DATA[::-1])
        return own

    def server(self, host, expected=lambda peer: 0):
        """Reads to the end, then answers with the digest and the bytes turned round. `heads` are
        the first bytes of each, as many as `expected`."""
        heads = []

        def talk(sock):
            heads.append(read_exactly(sock, expected(sock)))
            data = read_all(sock)
            sock.sendall(digest(data) + data[::-1])
        made = Server(talk, host=host)
        self.addCleanup(made.close)
        made.heads = heads
        return made


class Sending(ProxyPrograms):
    """The relay sends, the others accept and pass the client's address on."""

    def test_haproxy_accepts_what_the_relay_sends(self):
        for host in HOSTS:
            for version in (1, 2):
                with self.subTest(host=host, version=version):
                    # haproxy passes on, in version 1, who it was told is the client.
                    server = self.line_server(host)
                    accepting = proxies.haproxy(self, (host, server.port), "send-proxy", True, host)
                    started = self.relay(accepting.port, "send_proxy = true\n"
                                         f"send_proxy_version = {version}", host)
                    own = self.carries(started.port, host)
                    self.assertEqual(server.lines[0].split()[2:5:2], [own[0].encode(),
                                                                      str(own[1]).encode()])

    def line_server(self, host):
        """The same as server(), behind a header of version 1; `lines` are those."""
        lines = []

        def talk(sock):
            line = b""
            while not line.endswith(b"\r\n"):
                line += read_exactly(sock, 1)
            lines.append(line)
            data = read_all(sock)
            sock.sendall(digest(data) + data[::-1])
        made = Server(talk, host=host)
        self.addCleanup(made.close)
        made.lines = lines
        return made

    def test_nginx_accepts_what_the_relay_sends(self):
        for host in HOSTS:
            for version in (1, 2):
                with self.subTest(host=host, version=version):
                    server = self.server(host)
                    accepting = proxies.nginx_stream(self, (host, server.port), accept=True,
                                                     host=host)
                    started = self.relay(accepting.port, "send_proxy = true\n"
                                         f"send_proxy_version = {version}", host)
                    # nginx ends both ways with the client's end: ask it without.
                    with dial(started.port, host) as sock:
                        own = sock.getsockname()[:2]
                        sock.sendall(b"hello")
                    until(accepting.seen, "a line in the log of nginx")
                    self.assertEqual(accepting.seen(), [f"{own[0]} {own[1]}"])


class Accepting(ProxyPrograms):
    """The others send, the relay accepts and passes on what it was told."""

    def test_the_relay_accepts_what_haproxy_sends(self):
        for host in HOSTS:
            for send in ("send-proxy", "send-proxy-v2"):
                with self.subTest(host=host, send=send):
                    size = 28 if host == "127.0.0.1" else 52
                    server = self.server(host, lambda _, size=size: size)
                    started = self.relay(server.port, "accept_proxy = true\nsend_proxy = true", host)
                    sending = proxies.haproxy(self, (host, started.port), send, host=host)
                    own = self.carries(sending.port, host)
                    self.assertEqual(server.heads, [header(2, own, (host, sending.port))])

    def test_the_relay_accepts_what_nginx_sends(self):
        for host in HOSTS:
            with self.subTest(host=host):
                heads = []

                def talk(sock, size=28 if host == "127.0.0.1" else 52, heads=heads):
                    heads.append(read_exactly(sock, size))
                    data = read_exactly(sock, len(DATA))
                    sock.sendall(digest(data) + data[::-1])
                with Server(talk, host=host) as server:
                    started = self.relay(server.port, "accept_proxy = true\nsend_proxy = true", host)
                    sending = proxies.nginx_stream(self, (host, started.port), send=True, host=host)
                    with dial(sending.port, host) as sock:
                        own = sock.getsockname()[:2]
                        sock.sendall(DATA)
                        self.assertEqual(read_all(sock), digest(DATA) + DATA[::-1])
                    self.assertEqual(heads, [header(2, own, (host, sending.port))])

    def test_curl_sends_a_header_of_its_own(self):
        web = nginx(self)
        (web.files / "page").write_bytes(DATA)
        for host in HOSTS:
            with self.subTest(host=host):
                at = proxies.bracketed(host)
                started = self.configured(
                    f'[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "{at}:LISTEN"\n'
                    f'remote = "127.0.0.1:{web.port}"\nnetwork = {{ accept_proxy = true }}\n')
                said = self.tool("curl", "-sS", "--haproxy-protocol",
                                 f"http://{at}:{started.port}/page")
                self.assertEqual(said, DATA)
                self.assertRegex(started.out(), r"\[tcp\]accept proxy-protocol-v1: "
                                 rf"{re.escape(at)}:\d+ => {re.escape(at)}:{started.port}\n")


class Chain(ProxyPrograms):
    def test_the_clients_address_goes_through_three_programs(self):
        """haproxy (v1) → relay (v2) → relay (v1) → nginx."""
        server = self.server("127.0.0.1")
        last = proxies.nginx_stream(self, ("127.0.0.1", server.port), accept=True)
        both = "accept_proxy = true\nsend_proxy = true\nsend_proxy_version = "
        second = self.relay(last.port, both + "1")
        first = self.relay(second.port, both + "2")
        entry = proxies.haproxy(self, ("127.0.0.1", first.port), "send-proxy")
        with dial(entry.port) as sock:
            own = sock.getsockname()[:2]
            sock.sendall(b"hello")
            until(lambda: server.heads, "the server")
        until(last.seen, "a line in the log of nginx")
        self.assertEqual(last.seen(), [f"{own[0]} {own[1]}"])
