"""Transports between the relay and programs of others: openssl, curl, nginx, haproxy, Node's ws and
a browser, as clients and as servers."""

import pathlib
import socket
import subprocess
import urllib.parse

from support import programs
from support.relay import SANITIZED
from support.servers import (dial, digest, echo, hash_after_end, pattern, read_all, read_exactly)
from support.tls import NAME, Authority
from support.tls_programs import haproxy_tls, nginx_tls, passing_websockets
from support.tools import Programs
from support.transport import TransportCase
from support.wait import until

LABEL = "interop"
TIMEOUT = 120

SIZE = (1 if SANITIZED else 8) << 20
WS = f"ws;host={NAME};path=/x"


class TransportPrograms(Programs, TransportCase):
    def setUp(self):
        super().setUp()
        self.program("openssl")
        self.authority = Authority(self)
        self.cert, self.key = self.authority.issue()
        self.listen_tls = f"tls;cert={self.cert};key={self.key}"
        self.dial_tls = f"tls;sni={NAME};ca={self.authority.file}"

    def carries(self, port):
        """Bytes both ways over a path that may know no half-close, to an echo."""
        data = pattern(SIZE)
        with dial(port, seconds=60) as sock:
            for at in range(0, SIZE, 1 << 18):
                part = data[at:at + (1 << 18)]
                sock.sendall(part)
                self.assertEqual(read_exactly(sock, len(part)), part)

    def carries_half_closed(self, port):
        data = pattern(SIZE)
        with dial(port, seconds=60) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), digest(data))


class Openssl(TransportPrograms):
    VERSIONS = (("-tls1_2", b"TLSv1.2"), ("-tls1_3", b"TLSv1.3"))

    def s_client(self, port, *more):
        return self.tool("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                         NAME, "-CAfile", self.authority.file, "-verify_return_error", *more)

    def test_s_client_is_served(self):
        server = self.server(echo)
        started = self.unwrapping(self.listen_tls, server.port)
        for flag, version in self.VERSIONS:
            with self.subTest(flag):
                said = self.s_client(started.port, flag, "-alpn", "h2,http/1.1")
                self.assertIn(b"New, " + version, said)
                self.assertIn(b"Verify return code: 0 (ok)", said)
                self.assertIn(b"No ALPN negotiated", said)
                talk = self.talk_to("openssl", "s_client", "-quiet", flag, "-connect",
                                    f"127.0.0.1:{started.port}")
                talk.tell(b"hello over TLS\n")
                talk.hear(b"hello over TLS\n")

    def test_s_client_resumes(self):
        server = self.server(lambda sock: sock.sendall(b"x"))  # so that tickets are read
        started = self.unwrapping(self.listen_tls, server.port)
        said = self.s_client(started.port, "-tls1_2", "-reconnect")
        self.assertEqual(said.count(b"Reused, TLSv1.2"), 5, said)
        for flag, version in self.VERSIONS:
            with self.subTest(flag):
                kept = self.folder / f"session{flag}"
                self.s_client(started.port, flag, "-ign_eof", "-sess_out", kept)
                said = self.s_client(started.port, flag, "-ign_eof", "-sess_in", kept)
                self.assertIn(b"Reused, " + version, said)

    def test_a_key_update_is_followed_by_data(self):
        """`K` at the start of a line asks s_client for one of each side, `k` for one of its own."""
        server = self.server(echo)
        started = self.unwrapping(self.listen_tls, server.port)
        talk = self.talk_to("openssl", "s_client", "-tls1_3", "-connect",
                            f"127.0.0.1:{started.port}")
        talk.hear(b"Verify return code")
        for command in (b"K\n", b"k\n", b"K\n"):
            talk.tell(command)
            talk.hear(b"KEYUPDATE\n")
            talk.tell(b"after " + command.lower())
            talk.hear(b"after " + command.lower())

    def test_renegotiation_is_refused(self):
        """Spec 9.3."""
        server = self.server(echo)
        started = self.unwrapping(self.listen_tls, server.port)
        talk = self.talk_to("openssl", "s_client", "-tls1_2", "-connect",
                            f"127.0.0.1:{started.port}")
        talk.hear(b"Verify return code")
        talk.tell(b"R\n")
        talk.hear(b"RENEGOTIATING\n")
        talk.hear(b"no renegotiation")

    def test_older_versions_and_weak_ciphers_are_refused(self):
        server = self.server(echo)
        started = self.unwrapping(self.listen_tls, server.port)
        for flags in (("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
                      ("-tls1_2", "-cipher", "AES128-SHA"),
                      ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA")):
            with self.subTest(flags):
                done = subprocess.run([self.program("openssl"), "s_client", *flags, "-connect",
                                       f"127.0.0.1:{started.port}"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                                      check=False)
                self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(server.seen, [])

    def test_s_server_is_reached(self):
        for flag, _ in self.VERSIONS:
            with self.subTest(flag):
                server = programs.openssl_server(self, self.cert, self.key, flag, "-rev")
                started = self.wrapping(self.dial_tls, server.port)
                with dial(started.port) as sock:
                    sock.sendall(b"hello\n")
                    self.assertEqual(read_exactly(sock, 6), b"olleh\n")


class Curl(TransportPrograms):
    def curl(self, url, *more):
        at = urllib.parse.urlparse(url)
        return self.tool("curl", "-sS", "--noproxy", "*", "--cacert", self.authority.file,
                         "--resolve", f"{NAME}:{at.port}:127.0.0.1", *more, url)

    def test_https_in_front_of_a_plain_server(self):
        server = programs.nginx(self)
        data = pattern(SIZE)
        (server.files / "file").write_bytes(data)
        started = self.unwrapping(self.listen_tls, server.port)
        url = f"https://{NAME}:{started.port}/file"
        for flags in (("--tlsv1.3",), ("--tls-max", "1.2"), ("--http1.0",)):
            with self.subTest(flags):
                self.assertEqual(digest(self.curl(url, "-f", *flags)), digest(data))
        origin = self.folder / "origin"
        origin.write_bytes(data)
        self.curl(f"https://{NAME}:{started.port}/up", "-f", "-T", origin)
        self.assertEqual(digest((server.files / "up").read_bytes()), digest(data))

    def test_what_a_visitor_of_a_websocket_gets(self):
        server = self.server(echo)
        for text, scheme in ((WS, "http"), (f"{WS};{self.listen_tls}", "https")):
            with self.subTest(scheme):
                started = self.unwrapping(text, server.port)
                said = self.curl(f"{scheme}://{NAME}:{started.port}/", "--include")
                self.assertTrue(said.startswith(b"HTTP/1.1 404 Not Found\r\n"), said)
                head = self.curl(f"{scheme}://{NAME}:{started.port}/", "--head")
                self.assertTrue(head.startswith(b"HTTP/1.1 404 Not Found\r\n"), head)
        self.assertEqual(server.seen, [])

    def test_plain_http_to_a_server_with_tls(self):
        server = nginx_tls(self, self.cert, self.key, "")
        data = pattern(SIZE)
        (server.files / "file").write_bytes(data)
        started = self.wrapping(self.dial_tls, server.port)
        for _ in range(3):
            got = self.curl(f"http://127.0.0.1:{started.port}/file", "-f")
            self.assertEqual(digest(got), digest(data))


class Nginx(TransportPrograms):
    def test_nginx_takes_tls_off_in_front_of_our_websocket(self):
        server = self.server(echo)
        for host in (NAME, "another.example:8080"):
            with self.subTest(host):
                last = self.unwrapping(f"ws;host={host};path=/x", server.port)
                middle = nginx_tls(self, self.cert, self.key, passing_websockets(last.port, host))
                first = self.wrapping(f"{WS};{self.dial_tls}", middle.port)
                self.carries(first.port)

    def test_without_the_upgrade_nginx_answers_404_and_the_relay_says_so(self):
        server = self.server(echo)
        last = self.unwrapping(WS, server.port)
        middle = nginx_tls(self, self.cert, self.key,
                           f"location /x {{ proxy_pass http://127.0.0.1:{last.port}; }}")
        first = self.wrapping(f"{WS};{self.dial_tls}", middle.port)
        with dial(first.port) as sock:
            try:
                read_all(sock)
            except ConnectionResetError:
                pass
        first.wait_text("WebSocket handshake: ")
        self.assertIn("status 404 in place of 101", first.out())
        self.assertEqual(server.seen, [])

    def test_the_end_of_either_side_reaches_the_other_through_nginx(self):
        server = self.server(lambda sock: sock.sendall(read_exactly(sock, 5)))
        last = self.unwrapping(WS, server.port)
        middle = nginx_tls(self, self.cert, self.key, passing_websockets(last.port, NAME))
        first = self.wrapping(f"{WS};{self.dial_tls}", middle.port)
        with dial(first.port) as sock:
            sock.sendall(b"hello")
            self.assertEqual(read_all(sock), b"hello", "the remote ends first")
        with dial(first.port):
            until(lambda: len(server.seen) == 2, first.story)
        until(lambda: not server.sockets, "the client has ended first")


class Haproxy(TransportPrograms):
    def setUp(self):
        super().setUp()
        self.program("haproxy")
        self.both = self.file("both.pem", self.cert.read_text() + self.key.read_text())

    def test_haproxy_serves_our_tls(self):
        server = self.server(hash_after_end)
        for version in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(version):
                middle = haproxy_tls(self, server.port,
                                     bind=f"ssl crt {self.both} ssl-min-ver {version} "
                                          f"ssl-max-ver {version}")
                first = self.wrapping(self.dial_tls, middle.port)
                self.carries_half_closed(first.port)

    def test_haproxy_is_a_client_of_our_tls(self):
        server = self.server(hash_after_end)
        last = self.unwrapping(self.listen_tls, server.port)
        for more in ("", "force-tlsv12", "no-ssl-reuse"):
            with self.subTest(more):
                middle = haproxy_tls(self, last.port,
                                     server=f"ssl verify required ca-file {self.authority.file} "
                                            f"sni str({NAME}) verifyhost {NAME} {more}")
                self.carries_half_closed(middle.port)

    def test_haproxy_takes_tls_off_in_front_of_our_websocket(self):
        server = self.server(hash_after_end)
        last = self.unwrapping(WS, server.port)
        middle = haproxy_tls(self, last.port, bind=f"ssl crt {self.both}")
        first = self.wrapping(f"{WS};{self.dial_tls}", middle.port)
        self.carries_half_closed(first.port)

    def test_haproxy_speaks_http_in_front_of_our_websocket(self):
        """As a proxy of HTTP it reads heads and frames of its own accord."""
        server = self.server(echo)
        last = self.unwrapping(WS, server.port)
        middle = haproxy_tls(self, last.port,
                             bind=f"ssl crt {self.both} alpn http/1.1\n  mode http\n"
                                  "  timeout tunnel 60s")
        first = self.wrapping(f"{WS};{self.dial_tls}", middle.port)
        self.carries(first.port)


class ClientCertificates(TransportPrograms):
    """Mutual TLS with programs of others on either side."""

    def setUp(self):
        super().setUp()
        self.near = Authority(self, "near")
        self.shown = self.near.issue("near.test")
        self.listen_mutual = f"{self.listen_tls};client_ca={self.near.file}"
        self.dial_mutual = f"{self.dial_tls};client_cert={self.shown[0]};client_key={self.shown[1]}"
        self.both = self.file("both.pem", self.cert.read_text() + self.key.read_text())

    def ends(self, port):
        """Nothing is served there."""
        with dial(port) as sock:
            try:
                sock.sendall(b"hello\n")
                self.assertEqual(read_all(sock), b"")
            except ConnectionResetError:
                pass

    def test_openssl_s_client_shows_one(self):
        server = self.server(echo)
        started = self.unwrapping(self.listen_mutual, server.port)
        for flag in ("-tls1_2", "-tls1_3"):
            with self.subTest(flag):
                talk = self.talk_to("openssl", "s_client", "-quiet", flag, "-cert", self.shown[0],
                                    "-key", self.shown[1], "-connect", f"127.0.0.1:{started.port}")
                talk.tell(b"hello over TLS\n")
                talk.hear(b"hello over TLS\n")
                alone = self.talk_to("openssl", "s_client", flag, "-connect",
                                     f"127.0.0.1:{started.port}")
                alone.hear({"-tls1_2": b"alert handshake failure",
                            "-tls1_3": b"alert certificate required"}[flag])
        self.assertEqual(len(server.seen), 2)

    def test_openssl_s_server_asks_for_one(self):
        for flag in ("-tls1_2", "-tls1_3"):
            with self.subTest(flag):
                server = programs.openssl_server(self, self.cert, self.key, flag, "-rev", "-Verify",
                                                 "2", "-verify_return_error", "-CAfile",
                                                 self.near.file)
                started = self.wrapping(self.dial_mutual, server.port)
                with dial(started.port) as sock:
                    sock.sendall(b"hello\n")
                    self.assertEqual(read_exactly(sock, 6), b"olleh\n")
                self.ends(self.wrapping(self.dial_tls, server.port).port)

    def test_curl_shows_one(self):
        server = programs.nginx(self)
        (server.files / "file").write_bytes(b"content")
        started = self.unwrapping(self.listen_mutual, server.port)
        url = f"https://{NAME}:{started.port}/file"
        said = self.tool("curl", "-sS", "-f", "--noproxy", "*", "--cacert", self.authority.file,
                         "--resolve", f"{NAME}:{started.port}:127.0.0.1", "--cert", self.shown[0],
                         "--key", self.shown[1], url)
        self.assertEqual(said, b"content")

    def test_nginx_asks_for_one(self):
        server = nginx_tls(self, self.cert, self.key,
                           f"ssl_client_certificate {self.near.file}; ssl_verify_client on;\n"
                           'location / { return 200 "$ssl_client_verify $ssl_client_s_dn"; }')
        for text, said in ((self.dial_mutual, b"SUCCESS CN=near.test"),
                           (self.dial_tls, b"No required SSL certificate was sent")):
            started = self.wrapping(text, server.port)
            got = self.tool("curl", "-sS", "--noproxy", "*", f"http://127.0.0.1:{started.port}/")
            self.assertIn(said, got)

    def test_haproxy_asks_for_one(self):
        server = self.server(hash_after_end)
        middle = haproxy_tls(self, server.port,
                             bind=f"ssl crt {self.both} ca-file {self.near.file} verify required")
        self.carries_half_closed(self.wrapping(self.dial_mutual, middle.port).port)
        self.ends(self.wrapping(self.dial_tls, middle.port).port)

    def test_haproxy_shows_one(self):
        server = self.server(hash_after_end)
        last = self.unwrapping(self.listen_mutual, server.port)
        pair = self.file("pair.pem", self.shown[0].read_text() + self.shown[1].read_text())
        verified = f"ssl verify required ca-file {self.authority.file} sni str({NAME})"
        self.carries_half_closed(haproxy_tls(self, last.port, server=f"{verified} crt {pair}").port)
        self.ends(haproxy_tls(self, last.port, server=verified).port)


NODE = r"""
const WebSocket = require("ws");
const crypto = require("crypto");
const socket = new WebSocket(process.argv[2], {ca: process.argv[3] ?
    require("fs").readFileSync(process.argv[3]) : undefined, servername: "relay.test",
    headers: {Host: "relay.test"}});
const data = crypto.randomBytes(+process.argv[4]);
let got = Buffer.alloc(0);
socket.on("pong", () => { console.log("pong"); socket.send(data); });
socket.on("open", () => socket.ping("are you there"));
socket.on("message", part => {
  got = Buffer.concat([got, part]);
  if (got.length < data.length) return;
  console.log(got.equals(data) ? "equal" : "different");
  socket.close(1000);
});
socket.on("close", code => { console.log("closed " + code); process.exit(0); });
socket.on("error", error => { console.log("error " + error.message); process.exit(1); });
"""

# Subprotocols, text, and a pong that nobody asked for, as .NET sends them.
NODE_ODD = r"""
const WebSocket = require("ws");
const socket = new WebSocket(process.argv[2], process.argv.slice(3),
    {headers: {Host: "relay.test"}});
socket.on("open", () => { console.log(socket.protocol || "none"); socket.pong("beat");
                          socket.send("text"); });
socket.on("message", part => { console.log(part.toString()); socket.close(4001, "k\u00f6nnte"); });
socket.on("close", code => { console.log("closed " + code); process.exit(0); });
socket.on("error", error => { console.log("error " + error.message); process.exit(1); });
"""


class Node(TransportPrograms):
    def setUp(self):
        super().setUp()
        self.program("node")
        self.folders = "/usr/share/nodejs:/usr/lib/nodejs"
        if not pathlib.Path("/usr/share/nodejs/ws").exists():
            self.skipTest("node-ws is not installed")

    def test_a_client_of_ws_and_wss(self):
        server = self.server(echo)
        script = self.file("client.js", NODE)
        for text, scheme in ((WS, "ws"), (f"{WS};{self.listen_tls}", "wss")):
            for size in (1, 125, 126, 65535, 65536, SIZE):
                with self.subTest(scheme, size=size):
                    started = self.unwrapping(text, server.port)
                    said = self.tool("env", f"NODE_PATH={self.folders}", "node", script,
                                     f"{scheme}://127.0.0.1:{started.port}/x",
                                     self.authority.file if scheme == "wss" else "", size)
                    self.assertEqual(said.decode().split("\n"),
                                     ["pong", "equal", "closed 1000", ""])
                    started.wait_text("end=client_eof")
        self.assertEqual(server.errors, [])


    def test_subprotocols_text_and_pongs(self):
        script = self.file("odd.js", NODE_ODD)
        for text, offers, granted in ((WS, ("chat", "mqtt"), "chat"),
                                      (f"{WS};protocol=mqtt", ("chat", "mqtt"), "mqtt"),
                                      (WS, (), "none")):
            with self.subTest(text, offers=offers):
                started = self.unwrapping(text, self.server(echo).port)
                said = self.tool("env", f"NODE_PATH={self.folders}", "node", script,
                                 f"ws://127.0.0.1:{started.port}/x", *offers)
                self.assertEqual(said.decode().split("\n"), [granted, "text", "closed 4001", ""])
                started.wait_text("end=client_eof")


PAGE = """<!doctype html><script>
const data = new Uint8Array(300000).map((_, at) => at * 7 + (at >> 8));
const tell = what => fetch("/told?" + encodeURIComponent(what));
const socket = new WebSocket("SCHEME://127.0.0.1:PORT/x", ["first", "second"]);
socket.binaryType = "arraybuffer";
let got = [];
socket.onopen = () => { socket.send("text"); for (let at = 0; at < data.length; at += 50000)
  socket.send(data.slice(at, at + 50000)); };
socket.onmessage = event => {
  for (const byte of new Uint8Array(event.data)) got.push(byte);
  if (got.length < data.length + 4) return;
  const text = String.fromCharCode(...got.slice(0, 4));
  const same = got.slice(4).every((byte, at) => byte === data[at]);
  socket.onclose = event => tell([text, same ? "equal" : "different", socket.protocol,
                                  event.wasClean].join(" "));
  socket.close(1000);
};
socket.onerror = () => tell("error");
</script>"""


class Browser(TransportPrograms):
    def test_headless_chromium_is_a_client(self):
        browser = self.program("chromium")
        echoing = self.server(echo)
        for scheme, more in (("ws", ""), ("wss", f";{self.listen_tls}")):
            with self.subTest(scheme):
                started = self.unwrapping("ws;host=127.0.0.1:LISTEN;path=/x" + more, echoing.port)
                told = []

                def serve(sock, scheme=scheme, port=started.port, told=told):
                    """The page, and what it has to tell."""
                    head = b""
                    while b"\r\n\r\n" not in head:
                        part = sock.recv(65536)
                        if not part:
                            return
                        head += part
                    path = head.split()[1].decode()
                    if path.startswith("/told?"):
                        told.append(urllib.parse.unquote(path[6:]))
                    page = PAGE.replace("SCHEME", scheme).replace("PORT", str(port)).encode()
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                 b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(page)
                                 + page)
                site = self.server(serve)
                with open(self.folder / f"{scheme}.log", "wb") as log:
                    child = subprocess.Popen(
                        [browser, "--headless=new", "--no-sandbox", "--disable-gpu",
                         "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
                         "--disable-background-networking", "--ignore-certificate-errors",
                         f"--user-data-dir={self.folder}/{scheme}",
                         f"http://127.0.0.1:{site.port}/"],
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                try:
                    until(lambda told=told: told, started.story, 60)
                finally:
                    child.terminate()
                    child.wait(20)
                self.assertEqual(told, ["text equal first true"])
                started.wait_text("end=client_eof")
