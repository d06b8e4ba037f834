"""Certificates that the openssl command makes, and TLS peers of Python's."""

import ipaddress
import ssl
import subprocess

NAME = "relay.test"


def openssl(case, *args, both=False):
    """What it says on stdout; with `both`, on stderr as well."""
    done = subprocess.run([case.program("openssl"), *map(str, args)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    case.assertEqual(done.returncode, 0, (args, done.stderr))
    return done.stdout + (done.stderr if both else b"")


class Authority:
    """Signs certificates; `.file` is its own."""

    def __init__(self, case, name="authority"):
        self.case = case
        self.folder = case.folder / name
        self.folder.mkdir()
        self.file, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl(case, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", 90, "-subj", f"/CN={name}", "-addext",
                "keyUsage=critical,keyCertSign", "-keyout", self.key, "-out", self.file)

    def period(self, days):
        """Options for a certificate that ends in so many days. Newer versions of openssl take no
        negative number, older ones no dates."""
        if days < 0 and b"-not_after" in openssl(self.case, "x509", "-help", both=True):
            return ("-not_before", "20200101000000Z", "-not_after", "20200201000000Z")
        return ("-days", days)

    def issue(self, name=NAME, days=60, label=None, kind="ec"):
        """(certificate, key) for a DNS name or an address; days below 0: it has expired."""
        label = label or name
        cert, key = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        try:
            alternative = f"IP:{ipaddress.ip_address(name)}"
        except ValueError:
            alternative = f"DNS:{name}"
        extensions = self.case.file(f"{self.folder.name}/{label}.ext",
                                    f"subjectAltName={alternative}\n")
        made_of = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("rsa:2048",)}[kind]
        asks = self.folder / f"{label}.csr"
        openssl(self.case, "req", "-new", "-newkey", *made_of, "-nodes", "-subj", f"/CN={label}",
                "-keyout", key, "-out", asks)
        openssl(self.case, "x509", "-req", "-in", asks, "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", *self.period(days), "-extfile", extensions, "-out", cert)
        return cert, key


def client_context(ca=None, alpn=(), version=None):
    """Verifies what is issued by `ca`; without one, nothing."""
    made = ssl.create_default_context(cafile=ca)
    if ca is None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def server_context(cert, key, alpn=()):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


def behind(context, talk):
    """What a scripted server does after the TLS handshake; it ends with close_notify."""
    def shake(sock):
        with context.wrap_socket(sock, server_side=True) as tls:
            talk(tls)
            try:
                tls.unwrap()
            except (OSError, ValueError):
                pass  # the client does not answer it
    return shake


class HalfClosing:
    """A TLS client that can end its direction (close_notify and FIN) and read on."""

    def __init__(self, sock, context, name=NAME):
        self.sock = sock
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.engine = context.wrap_bio(self.come, self.go, server_hostname=name)
        self._until_done(self.engine.do_handshake)

    def _send(self):
        if self.go.pending:
            self.sock.sendall(self.go.read())

    def _until_done(self, step):
        while True:
            try:
                value = step()
                self._send()
                return value
            except ssl.SSLWantReadError:
                self._send()
                data = self.sock.recv(1 << 16)
                if data:
                    self.come.write(data)
                else:
                    self.come.write_eof()

    def sendall(self, data):
        self._until_done(lambda: self.engine.write(data))

    def recv(self, most):
        try:
            return self._until_done(lambda: self.engine.read(most))
        except ssl.SSLZeroReturnError:
            return b""

    def close_notify(self):
        """Says the end of what it sends; the end of TCP does not follow."""
        try:
            self.engine.unwrap()
        except ssl.SSLError:
            pass  # it would like to have the peer's as well
        self._send()


def with_certificates(case, text):
    """A text of an example whose certificates are there: those of one authority, for its name."""
    if "/etc/relay/" not in text:
        return text
    places = getattr(case, "example_files", None)
    if places is None:
        case.program("openssl")
        authority = Authority(case, "examples")
        cert, key = authority.issue("www.example.com")
        places = case.example_files = {"ca": authority.file, "cert": cert, "key": key}
    for name, file in places.items():
        text = text.replace(f"/etc/relay/{name}.pem", str(file))
    return text


def usable_example(case, path):
    """The path of an example, or of a copy with certificates where it names some."""
    if path.is_dir() or "/etc/relay/" not in path.read_text(encoding="utf-8"):
        return path
    return case.file(f"usable/{path.name}",
                     with_certificates(case, path.read_text(encoding="utf-8")))
