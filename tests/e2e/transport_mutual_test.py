"""Mutual TLS, files of a service manager's credentials, what is warned of, and what is left of a key
in memory."""

import base64
import os
import ssl

from support.relay import SANITIZED
from support.servers import dial, echo, hear, read_all, read_exactly
from support.tls import NAME, Authority, client_context
from support.transport import TransportCase, endpoint
from support.wait import until

TIMEOUT = 120


class Mutual(TransportCase):
    """A pair of relays that know each other by certificates."""

    def setUp(self):
        super().setUp()
        self.far_side = Authority(self, "far")
        self.near_side = Authority(self, "near")
        self.cert, self.key = self.far_side.issue()
        self.shown = self.near_side.issue("near.test")
        self.server_ = self.server(echo)

    def far(self, ca=None, more="", **options):
        return self.unwrapping(f"tls;cert={self.cert};key={self.key};"
                               f"client_ca={ca or self.near_side.file}{more}", self.server_.port,
                               **options)

    def near(self, far, shown=None, more=""):
        pair = f";client_cert={shown[0]};client_key={shown[1]}" if shown else ""
        return self.wrapping(f"tls;sni={NAME};ca={self.far_side.file}{pair}{more}", far.port)

    def carries(self, port, data=b"hello"):
        with dial(port) as sock:
            sock.sendall(data)
            self.assertEqual(read_exactly(sock, len(data)), data)

    def refused(self, near, far, client, server):
        """Nothing passes; the near side says `client`, the far side `server`, nobody is dialled."""
        try:
            with dial(near.port) as sock:
                sock.sendall(b"spoken first")
                self.assertEqual(read_all(sock), b"")
        except ConnectionResetError:  # it may come before the connect has returned
            pass
        far.wait_text(f"error: TLS handshake: {server}")
        near.wait_text(client)
        self.assertEqual(self.server_.seen, [])

    def test_relays_that_know_each_other_are_served(self):
        far = self.far()
        near = self.near(far, self.shown)
        for _ in range(3):  # in full, then resumed
            self.carries(near.port, os.urandom(300_000))
        far.wait_text('certificate="CN=near.test"')

    def test_websocket_lies_inside_as_ever(self):
        far = self.far(more=f";wss;host={NAME};path=/x")
        near = self.near(far, self.shown, more=f";ws;host={NAME};path=/x")
        self.carries(near.port)

    def test_who_shows_none_is_refused(self):
        far = self.far()
        self.refused(self.near(far), far, "the peer refused: certificate required",
                     "the client sent no certificate")

    def test_who_shows_another_authoritys_is_refused(self):
        far = self.far()
        self.refused(self.near(far, self.far_side.issue("stranger.test")), far,
                     "the peer refused: unknown CA",
                     "the certificate comes from an unknown authority")

    def test_who_shows_one_that_has_expired_is_refused(self):
        far = self.far()
        old = self.near_side.issue("old.test", days=-1)
        self.refused(self.near(far, old), far, "the peer refused: certificate expired",
                     "the certificate has expired")

    def test_in_version_1_2_both_sides_say_it_in_the_handshake(self):
        far = self.far()
        context = client_context(self.far_side.file, version=ssl.TLSVersion.TLSv1_2)
        with self.assertRaises(ssl.SSLError), dial(far.port) as sock:
            context.wrap_socket(sock, server_hostname=NAME)
        far.wait_text("error: TLS handshake: the client sent no certificate")
        context.load_cert_chain(*self.shown)
        with dial(far.port) as sock, context.wrap_socket(sock, server_hostname=NAME) as tls:
            tls.sendall(b"x")
            self.assertEqual(tls.recv(1), b"x")

    def test_other_authorities_count_from_the_next_connection_on(self):
        ca = self.file("ca.pem", self.near_side.file.read_text())
        far = self.far(ca)
        near = self.near(far, self.shown)
        self.carries(near.port)
        fresh = self.file("fresh.pem", self.far_side.file.read_text())
        fresh.rename(ca)

        def is_refused():
            with dial(near.port) as sock:
                try:
                    sock.sendall(b"x")
                    return sock.recv(1) == b""
                except ConnectionError:
                    return True
        until(is_refused, far.story)  # files are looked at once a second
        far.wait_text("the certificate comes from an unknown authority")

    def test_another_certificate_is_shown_from_the_next_connection_on(self):
        far = self.far()
        cert, key = self.far_side.issue("stranger.test")
        near = self.near(far, (cert, key))
        try:
            with dial(near.port) as sock:
                sock.sendall(b"x")
                read_all(sock)
        except ConnectionError:
            pass
        for new, old in zip(self.shown, (cert, key)):
            new.rename(old)

        def is_served():
            with dial(near.port) as sock:
                try:
                    sock.sendall(b"x")
                    return sock.recv(1) == b"x"
                except ConnectionError:
                    return False
        until(is_served, near.story)

    def test_what_is_wrong_is_told_before_the_start(self):
        nowhere = self.folder / "nowhere.pem"
        for inside, outside, said in (
                (f"tls;cert={self.cert};key={self.key};client_ca={nowhere}", "",
                 f"cannot read the authorities of clients `{nowhere}`"),
                (f"tls;cert={self.cert};key={self.key};client_ca=", "", "`client_ca` names no file"),
                (f"tls;cert={self.cert};key={self.key};ca={self.near_side.file}", "",
                 "to verify clients, write `client_ca`"),
                ("", f"tls;sni={NAME};client_cert={self.cert}", "only work together"),
                ("", f"tls;sni={NAME};client_cert={self.cert};client_key={self.shown[1]}",
                 "does not belong to the certificate"),
                ("", f"ws;host=a;path=/;client_cert={self.cert};client_key={self.key}",
                 "`client_cert` has no effect without `tls`")):
            with self.subTest(said):
                path = self.file("wrong.toml", endpoint(0, 1, inside=inside, outside=outside))
                error = self.cli("check", "-c", path, code=78).stderr
                self.assertIn("wrong.toml:4:", error)
                self.assertIn(said, error)


class Credentials(TransportCase):
    """`$CREDENTIALS_DIRECTORY`, as systemd sets it for LoadCredential=."""

    def setUp(self):
        super().setUp()
        authority = Authority(self)
        self.cert, key = authority.issue()
        given = self.folder / "given"
        given.mkdir(mode=0o700)
        key.rename(given / "key.pem")
        self.env = {"CREDENTIALS_DIRECTORY": str(given)}
        self.inside = f"tls;cert={self.cert};key=$CREDENTIALS_DIRECTORY/key.pem"
        self.outside = f"tls;sni={NAME};ca={authority.file}"

    def test_a_key_is_found_there(self):
        server = self.server(lambda sock: sock.sendall(b"ok"))
        text = endpoint("LISTEN", server.port, inside=self.inside)
        far = self.configured(text, env=self.env)
        near = self.wrapping(self.outside, far.port)
        self.assertEqual(hear(near.port), b"ok")

    def test_what_is_printed_is_the_text_as_written(self):
        path = self.file("relay.toml", endpoint(0, 1, inside=self.inside))
        printed = self.cli("check", "--print", "-c", path, env=self.env).stdout
        self.assertIn("key=$CREDENTIALS_DIRECTORY/key.pem", printed)
        self.assertNotIn("given", printed)

    def test_without_the_variable_the_place_is_told(self):
        path = self.file("relay.toml", endpoint(0, 1, inside=self.inside))
        column = len(f'listen_transport = "tls;cert={self.cert};') + 1
        for words in (("check", "-c", path), ("-c", path)):
            said = self.cli(*words, code=78).stderr
            self.assertIn(f"relay.toml:4:{column}: error: `listen_transport`: "
                          "`$CREDENTIALS_DIRECTORY` is not set", said)


class Warned(TransportCase):
    """Files that can be used, and of which somebody should know."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self)

    def said(self, issued, more="", **options):
        self.text = endpoint(0, 1, inside=f"tls;cert={issued[0]};key={issued[1]}{more}")
        path = self.file("relay.toml", self.text)
        done = self.cli("check", "-c", path, **options)
        self.cli("check", "--strict", "-c", path, code=78 if "warning" in done.stderr else 0,
                 **options)
        return done.stderr

    def known(self):
        """So that its authority is no stranger."""
        return f";client_ca={self.authority.file}"

    def test_nothing_of_what_is_in_order(self):
        self.assertEqual(self.said(self.authority.issue(), self.known()), "")

    def test_dates(self):
        for days, said in ((-1, " expired on "), (5, " expires in 4 days, on ")):
            with self.subTest(days):
                issued = self.authority.issue(days=days)
                error = self.said(issued, self.known())
                self.assertIn(f"relay.toml:4:25: warning: `listen_transport`: the certificate "
                              f"`{issued[0]}`{said}", error)

    def test_a_certificate_without_its_issuer(self):
        issued = self.authority.issue()
        self.assertIn("without its issuer", self.said(issued))
        with open(issued[0], "a", encoding="ascii") as chain:
            chain.write(self.authority.file.read_text())
        self.assertEqual(self.said(issued), "")

    def test_a_key_that_everybody_can_read(self):
        issued = self.authority.issue()
        issued[1].chmod(0o644)
        self.assertIn("can be read by every user of this machine", self.said(issued, self.known()))

    def test_the_start_says_it_too_and_the_log(self):
        issued = self.authority.issue(days=3)
        started = self.unwrapping(f"tls;cert={issued[0]};key={issued[1]}{self.known()}", 1)
        self.assertIn(" expires in 2 days, on ", started.err())
        started.wait_text(" expires in 2 days, on ")

    def test_a_new_file_that_is_about_to_expire_is_told_while_it_runs(self):
        cert, key = self.authority.issue()
        server = self.server(echo)
        started = self.unwrapping(f"tls;cert={cert};key={key}{self.known()}", server.port)
        for new, old in zip(self.authority.issue(days=2, label="soon"), (key, cert)[::-1]):
            new.rename(old)

        def told():
            with dial(started.port) as sock:
                sock.sendall(b"\x16")
            return "the certificate in use expires in 1 day" in started.out()
        until(told, started.story)

    def test_a_system_without_authorities(self):
        empty = self.folder / "empty"
        empty.mkdir()
        env = {"SSL_CERT_DIR": str(empty), "SSL_CERT_FILE": str(empty / "none")}
        path = self.file("relay.toml", endpoint(0, 1, outside=f"tls;sni={NAME}"))
        self.assertIn("install the package ca-certificates",
                      self.cli("check", "-c", path, env=env).stderr)


class Memory(TransportCase):
    """OpenSSL keeps the numbers of a key, nobody keeps its text."""

    def remains(self, pid, parts):
        """Which of these bytes are in the memory of a process."""
        found = set()
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
                open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                span, rights = line.split()[:2]
                if not rights.startswith("rw"):
                    continue
                low, high = (int(each, 16) for each in span.split("-"))
                try:
                    memory.seek(low)
                    held = memory.read(high - low)
                except (OSError, ValueError, OverflowError):
                    continue
                found |= {part for part in parts if part in held}
        return found

    def test_no_part_of_the_text_of_a_key_stays(self):
        if SANITIZED:
            self.skipTest("freed memory is kept as it was there")
        authority = Authority(self)
        for kind in ("ec", "rsa"):
            for together in (False, True):
                with self.subTest(kind=kind, together=together):
                    self.forgotten(authority, kind, together)

    def forgotten(self, authority, kind, together):
        cert, key = authority.issue(kind=kind, label=f"{kind}{together}")
        lines = key.read_text().split("\n")[1:-2]
        der = base64.b64decode("".join(lines))
        parts = {line[at:at + 24].encode() for line in lines for at in range(0, len(line) - 23, 20)}
        # Nor what it encodes: of RSA the primes, of an elliptic curve the number itself.
        secret = der[len(der) // 2:] if kind == "rsa" else der[36:68]
        parts |= {secret[at:at + 24] for at in range(0, len(secret) - 23, 24)}
        self.assertTrue(parts)
        if together:
            with open(cert, "a", encoding="ascii") as both:
                both.write(key.read_text())
            key = cert
        server = self.server(echo)
        started = self.unwrapping(f"tls;cert={cert};key={key}", server.port)
        context = client_context(authority.file)
        with dial(started.port) as sock, context.wrap_socket(sock, server_hostname=NAME) as tls:
            tls.sendall(b"x")
            self.assertEqual(tls.recv(1), b"x")
            try:
                left = self.remains(started.pid, parts)
            except PermissionError:
                self.skipTest("the process shows its memory to nobody")
        self.assertEqual(left, set())
        started.stop()
