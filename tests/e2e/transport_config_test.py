"""What a configuration of transports must not let happen: bytes that cross in clear although somebody
meant to wrap them, endpoints that serve nothing, senders that are believed by mistake."""

from support import relay
from support.servers import echo, dial, read_exactly
from support.tls import NAME
from support.transport import TransportCase, endpoint


class Said(TransportCase):
    def setUp(self):
        super().setUp()
        self.link = self.folder / "bin" / "realm"
        self.link.parent.mkdir()
        self.link.symlink_to(relay.BINARY)

    def said(self, text, code=0, program=relay.BINARY):
        path = self.file("relay.toml", text)
        return self.cli("check", "-c", path, code=code, program=program).stderr


class InClear(Said):
    TEXTS = (f"mask=skip;host=a", f"sni={NAME}", "TLS;sni=a", "wws;host=a;path=/",
             "ws;host=a;path=/;sni=a", "ws;host=a;path=/;tls=yes;sni=a", "tls;sni=a;clinet_cert=c")

    def test_a_text_that_would_be_half_understood_is_refused(self):
        for text in self.TEXTS:
            with self.subTest(text):
                config = endpoint(0, 1, outside=text)
                self.assertIn("relay.toml:4:", self.said(config, code=78))
                # The start refuses it as well, and the command line.
                path = self.file("relay.toml", config)
                self.assertIn(": error: `remote_transport`", self.cli("-c", path, code=78).stderr)
                self.assertIn("error: `remote_transport`",
                              self.cli("-l", "127.0.0.1:0", "-r", "127.0.0.1:1", "-b", text,
                                       code=78).stderr)

    def test_under_realms_name_it_is_a_warning(self):
        for text in (*self.TEXTS, f"wss;sni={NAME};host=a;path=/"):
            with self.subTest(text):
                said = self.said(endpoint(0, 1, outside=text), program=self.link)
                self.assertIn(": warning: `remote_transport`", said)
                self.assertNotIn(": error:", said)

    def test_under_realms_name_wss_is_plain_as_there(self):
        server = self.server(echo)
        path = self.file("relay.toml", endpoint(0, server.port, outside="wss;sni=a;host=a;path=/"))
        said = self.cli("check", "-c", path, program=self.link).stderr
        self.assertIn("all bytes cross in clear", said)
        self.assertIn("hint: write `ws;tls`", said)

    def test_the_place_is_that_of_the_item(self):
        said = self.said(endpoint(0, 1, outside="tls;sni=a;hots=b"), code=78)
        column = len('remote_transport = "tls;sni=a;') + 1
        self.assertIn(f"relay.toml:4:{column}: error: `remote_transport`: unknown item `hots`", said)

    def test_wss_is_ws_in_tls(self):
        server = self.server(echo)
        words = f"host={NAME};path=/x"
        far = self.unwrapping(f"wss;{words};servername={NAME}", server.port)
        near = self.wrapping(f"{words};wss;sni={NAME};insecure", far.port)
        with dial(near.port) as sock:
            sock.sendall(b"through both")
            self.assertEqual(read_exactly(sock, 12), b"through both")
        self.assertIn("transport=[plain]||[ws][tls][plain];", near.out())
        old = self.wrapping(f"ws;tls;{words};sni={NAME};insecure", far.port)
        with dial(old.port) as sock:
            sock.sendall(b"the same on the wire")
            self.assertEqual(read_exactly(sock, 20), b"the same on the wire")

    def test_datagrams_beside_a_transport_are_told(self):
        for side in ({"inside": f"tls;servername={NAME}"}, {"outside": f"tls;sni={NAME}"}):
            with self.subTest(side):
                text = endpoint(0, 1, network="use_udp = true", **side)
                self.assertIn("relay.toml:4:20: warning: `use_udp` with", self.said(text))
        started = self.start_on_free_port(lambda port: ("-l", f"127.0.0.1:{port}", "-r",
                                                        "127.0.0.1:1", "-u", "-b",
                                                        f"tls;sni={NAME}"))
        self.assertIn("cross in clear", started.err())

    def test_insecure_is_told(self):
        text = endpoint(0, 1, outside=f"tls;sni={NAME};insecure")
        said = self.said(text)
        column = len(f'remote_transport = "tls;sni={NAME};') + 1
        self.assertIn(f"relay.toml:4:{column}: warning: `remote_transport`: `insecure`", said)
        self.cli("check", "--strict", "-c", self.file("relay.toml", text), code=78)
        started = self.wrapping(f"tls;sni={NAME};insecure", 1)
        self.assertIn("any certificate is believed", started.err())


class Serving(Said):
    def test_an_endpoint_that_serves_nothing_is_refused(self):
        text = endpoint(0, 1, network="no_tcp = true")
        self.assertIn("error: `no_tcp` without `use_udp`: 127.0.0.1:0 would serve nothing",
                      self.said(text, code=78))
        self.cli("-c", self.file("relay.toml", text), code=78)
        self.cli("-l", "127.0.0.1:0", "-r", "127.0.0.1:1", "-t", code=78)
        self.assertIn(": warning: `no_tcp`", self.said(text, program=self.link))

    def test_a_start_with_nothing_to_serve_says_so(self):
        path = self.file("relay.toml", "endpoints = []\n")
        self.assertIn("nothing to serve", self.cli("-c", path).stderr)
        path = self.file("relay.toml", endpoint(0, 1, network="no_tcp = true"))
        self.assertIn("nothing to serve", self.cli("-c", path, program=self.link).stderr)

    def test_headers_that_strangers_may_send_are_told(self):
        for listen, is_told in (("0.0.0.0", True), ("[::]", True), ("127.0.0.1", False)):
            with self.subTest(listen):
                text = endpoint(1, 2, network="accept_proxy = true")
                said = self.said(text.replace("127.0.0.1:1", f"{listen}:1"))
                self.assertEqual("`accept_proxy` without `trusted_proxies`" in said, is_told, said)
