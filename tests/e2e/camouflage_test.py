"""Visitors of a WebSocket or TLS listener are handed over to a real web server (`camouflage`)."""

import re
import socket
import threading

from support import programs
from support.servers import dial, echo, read_all, read_exactly
from support.tls import client_context
from support.transport import TEXTS, TransportCase, endpoint
from support.wait import until
from support.websocket import PATH, frame, open_client, read_payload, request

LABEL = "e2e"
TIMEOUT = 60

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
STAYS = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
X = f"GET {PATH} HTTP/1.1\r\nHost: a.example\r\n".encode()

# What is sent, and whether the sender ends then.
PROBES = {
    "GET": (GET, False),
    "HEAD": (GET.replace(b"GET", b"HEAD"), False),
    "POST": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", False),
    "PUT": (b"PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", False),
    "DELETE": (GET.replace(b"GET", b"DELETE"), False),
    "OPTIONS": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "TRACE": (GET.replace(b"GET", b"TRACE"), False),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", False),
    "another path": (request(path="/y"), False),
    "another host": (request(host="b.example"), False),
    "no upgrade": (X + b"\r\n", False),
    "another version": (request().replace(b"Version: 13", b"Version: 8"), False),
    "POST to the path": (request(method="POST"), False),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", False),
    "HTTP/1.0 to the path": (request().replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    "HTTP/0.9": (b"GET /\r\n", False),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), False),
    "lines without CR": (GET.replace(b"\r\n", b"\n"), False),
    "lines without CR to the path": (X.replace(b"\r\n", b"\n") + b"\n", False),
    "empty lines first": (b"\r\n\r\n" + GET, False),
    "lower case": (GET.replace(b"GET", b"get"), False),
    "garbage": (bytes(range(256)) * 4, False),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50), False),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", False),
    "a long header": (X + b"X: " + b"y" * 9000 + b"\r\n\r\n", False),
    "a long target": (b"GET /" + b"y" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "many headers": (X + b"".join(b"X%d: y\r\n" % n for n in range(60)) + b"\r\n", False),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", False),
    "two hosts": (request(more="Host: b.example\r\n"), False),
    "an odd host": (GET.replace(b"a.example", b"a@b c"), False),
    "no colon": (X + b"what is this\r\n\r\n", False),
    "a request and another": (STAYS + GET, False),
    "three in one": (X + b"\r\n" + STAYS + GET, False),
    "a range": (GET.replace(b"\r\n\r\n", b"\r\nRange: bytes=2-4\r\n\r\n"), False),
    "Expect": (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
               False),
    "chunks": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
               False),
    "an absolute target": (GET.replace(b"GET /", b"GET http://a.example/"), False),
    "a request and the end": (STAYS, True),
    "half a request": (b"GET / HT", False),
    "half of the right one": (request()[:60], False),
    "half a request and the end": (X + b"Host", True),
    "nothing": (b"", False),
}


def answer(port, sent, ends, tls=False):
    """All that comes back. A reset behind it is as good as an end."""
    got = b""
    with dial(port) as tcp:
        sock = client_context().wrap_socket(tcp) if tls else tcp
        try:
            sock.sendall(sent)
            if ends:
                sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                got += part
        except OSError:
            pass
    return re.sub(rb"\r\nDate: [^\r]*", b"", got)


def all_answers(port, tls=False):
    """Of all probes, asked at once."""
    got = {}

    def ask(name, sent, ends):
        got[name] = answer(port, sent, ends, tls)
    threads = [threading.Thread(target=ask, args=(name, *probe)) for name, probe in PROBES.items()]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return got


class Camouflage(TransportCase):
    def setUp(self):
        super().setUp()
        self.echo = self.server(echo)

    def site(self):
        return programs.nginx_site(self)

    def covered(self, kind, site, network="", remote=None):
        return self.unwrapping(kind, remote or self.echo.port,
                               f'camouflage = "127.0.0.1:{site}"\n{network}')

    def served(self, port):
        with dial(port) as sock:
            open_client(sock)
            sock.sendall(frame(b"hello", mask=b"mask"))
            self.assertEqual(read_payload(sock, 5), b"hello")

    def test_answers_are_those_of_the_web_server(self):
        """Byte by byte, but for the date."""
        site = self.site()
        started = self.covered("ws", site.port, 'handshake_timeout = "300ms"')
        direct = all_answers(site.port)
        self.assertIn(b"a page", direct["GET"])
        self.assertIn(b"400 Bad Request", direct["TLS"])
        self.assertEqual(direct["three in one"].count(b"HTTP/1.1 "), 3)
        through = all_answers(started.port)
        for name, expected in direct.items():
            with self.subTest(name):
                self.assertEqual(through[name], expected)
        until(lambda: started.out().count("session done") == len(PROBES), started.story)
        self.assertEqual(started.out().count(f"remote=127.0.0.1:{site.port} route=camouflage"),
                         len(PROBES))
        self.assertNotIn("[ERROR]", started.out())
        self.assertEqual(self.echo.seen, [], "nobody has reached the remote")
        self.served(started.port)

    def test_inside_of_tls_too(self):
        site = self.site()
        started = self.covered("wss", site.port)
        for name in ("GET", "another path", "garbage", "three in one", "a long target"):
            with self.subTest(name):
                self.assertEqual(answer(started.port, *PROBES[name], tls=True),
                                 answer(site.port, *PROBES[name]))

    def test_whoever_does_not_speak_tls_is_handed_over_in_clear(self):
        site = self.site()
        for kind in ("tls", "wss"):
            started = self.covered(kind, site.port)
            for name in ("GET", "garbage", "SSH", "a request and the end"):
                with self.subTest(kind, name=name):
                    self.assertEqual(answer(started.port, *PROBES[name]),
                                     answer(site.port, *PROBES[name]))
            self.assertEqual(self.echo.seen, [])

    def test_bytes_reach_the_web_server_as_they_were_sent(self):
        """Nothing in front of them, nothing missing, however they come; `send_proxy` is not for it."""
        got = []

        def talk(sock):
            got.append(read_all(sock))
            sock.sendall(b"answer")
        site = self.server(talk)
        started = self.covered("ws", site.port, "send_proxy = true")
        sent = request(path="/y") + bytes(range(256)) * 400
        for pieces in (1, 3, 700):
            with dial(started.port) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                at = 0
                for _ in range(pieces - 1):
                    sock.sendall(sent[at:at + 1])
                    at += 1
                sock.sendall(sent[at:])
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), b"answer")
            self.assertEqual(got.pop(), sent)

    def test_a_visitor_may_stay(self):
        """Keep-alive: the second request is asked when the first is answered, also the right one."""
        def talk(sock):
            while read_exactly(sock, 8):
                sock.sendall(b"answered")
        site = self.server(talk)
        started = self.covered("ws", site.port)
        with dial(started.port) as sock:
            for _ in range(5):
                sock.sendall(b"GET /abc")
                self.assertEqual(read_exactly(sock, 8), b"answered")
        self.assertEqual(self.echo.seen, [])

    def test_who_looks_and_goes_costs_the_web_server_nothing(self):
        site = self.server(read_all)
        for kind in ("ws", "tls", "wss"):
            started = self.covered(kind, site.port)
            dial(started.port).close()
            started.wait_text("end=client_eof")
        self.assertEqual(site.seen, [])

    def test_a_web_server_that_is_away_is_no_way_to_the_remote(self):
        """And is told at level error: somebody must act."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = taken.getsockname()[1]
        started = self.covered("ws", nobody)
        self.assertEqual(answer(started.port, GET, False), b"")
        started.wait_text("end=connect_failed")
        self.assertIn(f"=> 127.0.0.1:{nobody}, error: connecting: ", started.out())
        self.assertEqual(self.echo.seen, [])
        self.served(started.port)

    def test_limits_hold_for_visitors(self):
        """`max_connections` of the endpoint, and `idle_timeout`."""
        site = self.server(read_all)
        started = self.unwrapping("ws", self.echo.port, more="max_connections = 1", network=(
            f'camouflage = "127.0.0.1:{site.port}"\nidle_timeout = "400ms"'))
        with dial(started.port) as visitor:
            visitor.sendall(GET)
            until(lambda: site.seen, started.story)
            self.served(started.port)  # it has to wait until the visitor is ended
            self.assertEqual(read_all(visitor), b"")
        self.assertIn("end=idle", started.out())

    def test_check_refuses_what_comes_back(self):
        def check(*endpoints):
            path = self.file("loop.toml", "\n".join(endpoints))
            return self.cli("check", "-c", path, code=78).stderr
        ws = TEXTS["ws"][0]
        own = endpoint(4711, 1, inside=ws, network='camouflage = "127.0.0.1:4711"')
        self.assertIn("`camouflage`: 127.0.0.1:4711 is this endpoint's own listener", check(own))
        self.assertIn("leads back here", check(
            endpoint(4711, 1, inside=ws, network='camouflage = "127.0.0.1:4712"'),
            endpoint(4712, 4711)))
