"""Certificates: which are refused, what is said of them, how they change and what is resumed."""

import os
import socket
import ssl

from support.servers import (Server, dial, echo, ended_by_reset, hear, pattern, read_all,
                             source)
from support.tls import (NAME, HalfClosing, Authority, behind, client_context, openssl,
                         server_context)
from support.transport import TransportCase, endpoint
from support.wait import until

LABEL = "e2e"
TIMEOUT = 120


class Refused(TransportCase):
    """What an operator gets wrong ends the start with 78 and says where."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self)
        self.cert, self.key = self.authority.issue()

    def refused(self, said, inside="", outside=""):
        path = self.file("wrong.toml", endpoint(0, 1, inside=inside, outside=outside))
        key = "listen_transport" if inside else "remote_transport"
        for command in (("-c", path), ("check", "-c", path)):
            error = self.cli(*command, code=78).stderr
            self.assertIn("wrong.toml:4:", error)
            self.assertIn(key, error)
            for part in said:
                self.assertIn(str(part), error)

    def test_files_that_are_not_there(self):
        nowhere = self.folder / "nowhere.pem"
        no_file = ("cannot read", f"`{nowhere}`", "o such file")
        self.refused(("the certificate", *no_file), f"tls;cert={nowhere};key={self.key}")
        self.refused(("the key", *no_file), f"tls;cert={self.cert};key={nowhere}")
        self.refused(no_file, f"tls;cert={self.cert};key={self.key};ocsp={nowhere}")
        self.refused(no_file, outside=f"tls;sni=a.example;ca={nowhere}")

    def test_files_that_cannot_be_read(self):
        if os.getuid() == 0:
            self.skipTest("root reads everything")
        self.key.chmod(0)
        self.refused(("the key", self.key, "ermission denied"),
                     f"tls;cert={self.cert};key={self.key}")

    def test_files_that_are_something_else(self):
        self.refused(("not a regular file", self.folder), f"tls;cert={self.folder};key={self.key}")
        text = self.file("text", "hello\n")
        self.refused((f"`{text}` holds no certificate",), f"tls;cert={text};key={self.key}")
        self.refused((f"`{text}` holds no key",), f"tls;cert={self.cert};key={text}")
        self.refused((f"`{text}` holds no certificate",), outside=f"tls;sni=a.example;ca={text}")

    def test_a_key_that_does_not_belong_to_the_certificate(self):
        _, other = self.authority.issue("other.test")
        self.refused((f"the key `{other}` does not belong to the certificate `{self.cert}`",),
                     f"tls;cert={self.cert};key={other}")

    def test_a_key_that_is_encrypted(self):
        secret = self.folder / "secret.key"
        openssl(self, "pkey", "-in", self.key, "-aes256", "-passout", "pass:word", "-out", secret)
        self.refused((f"the key `{secret}` is encrypted",), f"tls;cert={self.cert};key={secret}")

    def test_texts_that_lack_something(self):
        """Spec 9.1."""
        self.refused(("ws needs host and path",), "ws;host=a.example")
        self.refused(("tls needs cert and key, or servername",), "tls")
        self.refused(("tls needs sni",), outside="tls")
        self.refused(("neither a DNS name nor an address",), outside="tls;sni=a..b")

    def test_every_problem_is_told_at_once(self):
        nowhere = self.folder / "nowhere.pem"
        path = self.file("wrong.toml", endpoint(0, 1, inside=f"tls;cert={nowhere};key={self.key}")
                         + endpoint(0, 1, outside=f"tls;sni=a.example;ca={nowhere}"))
        error = self.cli("check", "-c", path, code=78).stderr
        self.assertIn("wrong.toml:4:", error)
        self.assertIn("listen_transport", error)
        self.assertIn("remote_transport", error)

    def test_a_good_one_stands_the_check(self):
        path = self.file("good.toml", endpoint(0, 1, f"tls;cert={self.cert};key={self.key}",
                                               f"tls;sni=a.example;ca={self.authority.file}"))
        self.cli("check", "--strict", "-c", path)

    def test_no_key_is_in_what_is_said(self):
        secret = "".join(self.key.read_text().split("\n")[1:-2])[:40]
        started = self.unwrapping(f"tls;cert={self.cert};key={self.key}", 1, top="", network="")
        self.assertNotIn(secret, started.out() + started.err())


class Verified(TransportCase):
    """The relay as a client of TLS: whom it believes."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self)

    def serving(self, *issued):
        context = server_context(*issued)
        return self.server(behind(context, lambda sock: sock.sendall(b"ok")))

    def ca(self):
        return f"ca={self.authority.file}"

    def accepted(self, issued, text):
        server = self.serving(*issued)
        started = self.wrapping(f"tls;{text}", server.port)
        self.assertEqual(hear(started.port), b"ok", started.story())

    def refused(self, issued, text, why):
        server = self.serving(*issued)
        started = self.wrapping(f"tls;{text}", server.port)
        with dial(started.port) as sock:
            ended_by_reset(sock)
        started.wait_text("end=remote_handshake_failed")
        self.assertIn(f"=> 127.0.0.1:{server.port}, error: TLS handshake: {why}", started.out())

    def test_names(self):
        self.accepted(self.authority.issue(), f"sni={NAME};{self.ca()}")
        self.refused(self.authority.issue(), f"sni=other.test;{self.ca()}",
                     f"the certificate is for another name: wanted other.test, it has {NAME}")

    def test_addresses(self):
        issued = self.authority.issue("127.0.0.1")
        self.accepted(issued, f"sni=127.0.0.1;{self.ca()}")
        self.refused(issued, f"sni=127.0.0.2;{self.ca()}", "the certificate is for another address: "
                     "wanted 127.0.0.2, it has 127.0.0.1")
        self.accepted(self.authority.issue("::1", label="six"), f"sni=::1;{self.ca()}")

    def test_one_that_has_expired(self):
        self.refused(self.authority.issue(days=-1), f"sni={NAME};{self.ca()}",
                     "the certificate has expired")

    def test_an_authority_that_nobody_knows(self):
        issued = self.authority.issue()
        self.refused(issued, f"sni={NAME}", "the certificate comes from an unknown authority")
        other = Authority(self, "other")
        self.refused(issued, f"sni={NAME};ca={other.file}",
                     "the certificate comes from an unknown authority")

    def test_one_that_signed_itself(self):
        last = self.unwrapping(f"tls;servername={NAME}", 1)
        started = self.wrapping(f"tls;sni={NAME}", last.port)
        with dial(started.port) as sock:
            ended_by_reset(sock)
        started.wait_text("TLS handshake: the certificate is self-signed")
        last.wait_text("end=client_handshake_failed")
        self.assertIn("TLS handshake: the peer refused: ", last.out())

    def test_insecure_believes_everybody(self):
        self.accepted(self.authority.issue(days=-1), "sni=other.test;insecure")

    def test_keys_of_rsa(self):
        self.accepted(self.authority.issue(kind="rsa"), f"sni={NAME};{self.ca()}")

    def test_a_chain_of_relays_with_files(self):
        server = self.server(source(5))
        for kind in ("ec", "rsa"):
            cert, key = self.authority.issue(kind=kind, label=kind)
            last = self.unwrapping(f"tls;cert={cert};key={key}", server.port)
            first = self.wrapping(f"tls;sni={NAME};{self.ca()}", last.port)
            self.assertEqual(len(hear(first.port)), 5, first.story())


class Listening(TransportCase):
    """The relay as a server of TLS."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self)
        self.cert, self.key = self.authority.issue()
        self.echo = self.server(echo)

    def relay(self, network="", more=""):
        text = f"tls;cert={self.cert};key={self.key}{more}"
        return self.unwrapping(text, self.echo.port, network)

    def connect(self, started, context=None, name=NAME, session=None):
        context = context or client_context(self.authority.file)
        sock = context.wrap_socket(dial(started.port), server_hostname=name, session=session)
        self.addCleanup(sock.close)
        return sock

    def answers(self, sock):
        sock.sendall(b"hello")
        return sock.recv(5) == b"hello"

    def test_versions(self):
        """Spec 9.3: 1.2 and 1.3 only."""
        started = self.relay()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_context(self.authority.file, version=version)
            sock = self.connect(started, context)
            self.assertTrue(self.answers(sock))
            self.assertEqual(sock.version(), version.name.replace("_", "."))

    def test_alpn_is_not_answered_and_any_sni_is_taken(self):
        """Spec 9.3."""
        started = self.relay()
        sock = self.connect(started, client_context(alpn=("h2", "http/1.1")), name="what.ever")
        self.assertIsNone(sock.selected_alpn_protocol())
        self.assertTrue(self.answers(sock))
        self.assertTrue(self.answers(self.connect(started, client_context(), name=None)))

    def test_alpn_selects_the_first_of_its_list_that_is_offered(self):
        started = self.relay(more=";alpn=h2, http/1.1")
        for offered, chosen in ((("http/1.1", "h2"), "h2"), (("h3", "http/1.1"), "http/1.1"),
                                ((), None)):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = client_context(self.authority.file, alpn=offered, version=version)
                sock = self.connect(started, context)
                self.assertEqual(sock.selected_alpn_protocol(), chosen)
                self.assertTrue(self.answers(sock), "also without an offer")

    def test_a_client_with_nothing_in_common_hears_of_it(self):
        """RFC 7301, 3.2."""
        started = self.relay(more=";alpn=h2")
        with self.assertRaises(ssl.SSLError) as refused:
            self.connect(started, client_context(alpn=("http/1.1", "H2")))
        self.assertIn("NO_APPLICATION_PROTOCOL", str(refused.exception).upper().replace(" ", "_"))
        started.wait_text("TLS handshake: the client offers none of the protocols in `alpn`")
        self.assertNotIn("remote=", started.out().partition("end=client_handshake_failed")[2])

    def test_a_relay_says_that_its_protocols_are_refused(self):
        last = self.relay(more=";alpn=h2")
        for alpn, said in (("alpn=http/1.1", "the peer refused: none of the protocols in `alpn`"),
                           ("alpn=h3,h2", None), ("", None)):
            first = self.wrapping(f"tls;sni={NAME};ca={self.authority.file};{alpn}", last.port)
            with dial(first.port) as sock:
                if said:
                    ended_by_reset(sock)
                    first.wait_text(f"TLS handshake: {said}")
                else:
                    self.assertTrue(self.answers(sock))

    def test_a_self_signed_one_has_the_name(self):
        """Spec 9.1: SAN = the name, an IP SAN if it is an address."""
        for name, said in ((NAME, f"DNS:{NAME}"), ("127.0.0.1", "IP Address:127.0.0.1")):
            started = self.unwrapping(f"tls;servername={name}", self.echo.port)
            sock = self.connect(started, client_context())
            found = self.folder / "found.der"
            found.write_bytes(sock.getpeercert(True))
            text = openssl(self, "x509", "-inform", "der", "-in", found, "-noout", "-text").decode()
            self.assertIn(said, text)
            self.assertIn("ASN1 OID: prime256v1", text)

    def test_sessions_are_resumed(self):
        started = self.relay()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                context = client_context(self.authority.file, version=version)
                first = self.connect(started, context)
                self.assertTrue(self.answers(first))
                self.assertFalse(first.session_reused)
                again = self.connect(started, context, session=first.session)
                self.assertTrue(self.answers(again))
                self.assertTrue(again.session_reused)

    def test_clients_that_only_write_lose_nothing(self):
        """Closing with a ticket unread would be a reset, which drops what they have not sent."""
        got = []
        recorder = self.server(lambda sock: got.append(len(read_all(sock))))
        started = self.unwrapping(f"tls;cert={self.cert};key={self.key}", recorder.port)
        data = pattern(3_000_000)
        context = client_context(version=ssl.TLSVersion.TLSv1_3)
        for count in range(1, 5):
            with dial(started.port) as tcp:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
                sock = HalfClosing(tcp, context)
                sock.sendall(data)
                sock.close_notify()
            until(lambda count=count: len(got) == count or recorder.errors, started.story)
        self.assertEqual((got, recorder.errors), ([len(data)] * 4, []))

    def test_our_client_resumes_too(self):
        reused = []
        context = server_context(self.cert, self.key)

        def talk(sock):
            reused.append(sock.session_reused)
            sock.sendall(b"ok")
        server = self.server(behind(context, talk))
        started = self.wrapping(f"tls;sni={NAME};ca={self.authority.file}", server.port)
        for _ in range(4):
            self.assertEqual(hear(started.port), b"ok")
        self.assertEqual(reused, [False, True, True, True])

    def test_a_certificate_that_changes_is_taken_for_new_connections(self):
        started = self.relay()
        old = self.connect(started)
        first = old.getpeercert(True)
        self.assertTrue(self.answers(old))
        cert, key = self.authority.issue(label="next")
        os.replace(cert, self.cert)
        os.replace(key, self.key)
        wanted = ssl.PEM_cert_to_DER_cert(self.cert.read_text())
        self.assertNotEqual(wanted, first)

        def has_changed():
            with client_context(self.authority.file).wrap_socket(
                    dial(started.port), server_hostname=NAME) as sock:
                return sock.getpeercert(True) == wanted
        until(has_changed, started.story)
        self.assertTrue(self.answers(old), "the old one lives")
        started.wait_text("new connections get the changed certificate")

    def test_files_that_become_useless_leave_the_old_ones_in_use(self):
        started = self.relay()
        self.key.write_text("something else\n")

        def is_told():
            self.assertTrue(self.answers(self.connect(started)))
            return "the certificate in use stays: " in started.out()
        until(is_told, started.story)
        self.assertIn(f"`{self.key}` holds no key", started.out())
        self.assertTrue(self.answers(self.connect(started)))

    def test_authorities_that_change_are_taken_too(self):
        other = Authority(self, "other")
        ours = self.file("ours.pem", self.authority.file.read_text())
        issued = other.issue()
        context = server_context(*issued)
        with Server(behind(context, lambda sock: sock.sendall(b"ok"))) as server:
            started = self.wrapping(f"tls;sni={NAME};ca={ours}", server.port)

            def heard():
                try:
                    return hear(started.port)
                except ConnectionResetError:
                    return b""
            self.assertEqual(heard(), b"")
            ours.write_text(other.file.read_text())
            until(lambda: heard() == b"ok", started.story)

    def test_an_ocsp_response_is_stapled_as_it_is(self):
        """Spec 9.1; the client looks at it, the relay does not."""
        index = self.file("index.txt", "V\t350101000000Z\t\t01\tunknown\t/CN=relay.test\n")
        response, asks = self.folder / "ocsp.der", self.folder / "ocsp.req"
        openssl(self, "ocsp", "-issuer", self.authority.file, "-cert", self.cert, "-reqout", asks,
                "-no_nonce")
        openssl(self, "ocsp", "-index", index, "-CA", self.authority.file, "-rsigner",
                self.authority.file, "-rkey", self.authority.key, "-reqin", asks, "-respout",
                response, "-ndays", 1)
        started = self.relay(more=f";ocsp={response}")
        said = openssl(self, "s_client", "-connect", f"127.0.0.1:{started.port}", "-status")
        self.assertIn(b"OCSP Response Status: successful", said)

    def test_a_client_half_way_through_its_hello_holds_up_nobody(self):
        started = self.relay()
        with dial(started.port) as slow:
            slow.sendall(b"\x16\x03\x01\x02\x00\x01")
            self.assertTrue(self.answers(self.connect(started)))
            slow.shutdown(socket.SHUT_WR)
            try:
                read_all(slow)
            except ConnectionResetError:
                pass
        started.wait_text("end=client_handshake_failed")
        self.assertEqual(len(self.echo.seen), 1)
