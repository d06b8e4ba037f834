"""Real programs through the relay: curl and nginx, iperf3, dnsmasq, openssl, ssh."""

import hashlib
import json
import os

from support import programs
from support.relay import SANITIZED
from support.servers import (Server, ask, dial, digest, hash_after_end, hear, named, pattern,
                             read_all)
from support.tools import Programs
from support.wait import until

LABEL = "interop"
TIMEOUT = 120

SIZES = (1, 2, 1023, 65536, 65537, 1 << 20, 7_654_321)
BIGGEST = (32 if SANITIZED else 256) << 20


def write(path, count):
    """A file of `count` bytes that repeat nowhere nearby; its hash."""
    sha = hashlib.sha256()
    with open(path, "wb") as out:
        at = 0
        while at < count:
            part = pattern(min(1 << 22, count - at), seed=at)
            out.write(part)
            sha.update(part)
            at += len(part)
    return sha.hexdigest()


def hash_of(path):
    sha = hashlib.sha256()
    with open(path, "rb") as data:
        for part in iter(lambda: data.read(1 << 20), b""):
            sha.update(part)
    return sha.hexdigest()


class Http(Programs):
    def setUp(self):
        super().setUp()
        self.program("curl")
        self.nginx = programs.nginx(self)
        self.relay = self.relay_to(self.nginx.port)
        self.url = f"http://127.0.0.1:{self.relay.port}"

    def down(self, name, expected):
        target = self.folder / f"down-{name}"
        self.tool("curl", "-sSf", "-o", target, f"{self.url}/{name}")
        self.assertEqual(hash_of(target), expected, name)
        target.unlink()

    def up(self, count):
        origin = self.folder / "origin"
        expected = write(origin, count)
        self.tool("curl", "-sSf", "-T", origin, f"{self.url}/up-{count}")
        self.assertEqual(hash_of(self.nginx.files / f"up-{count}"), expected, count)

    def test_downloads_of_many_sizes(self):
        for count in SIZES:
            self.down(str(count), write(self.nginx.files / str(count), count))

    def test_a_download_of_256_mib(self):
        self.down("big", write(self.nginx.files / "big", BIGGEST))

    def test_uploads_of_many_sizes(self):
        for count in SIZES:
            self.up(count)

    def test_an_upload_of_256_mib(self):
        self.up(BIGGEST)

    def test_many_requests_on_few_connections_in_parallel(self):
        expected = {}
        for number in range(100):
            name = f"part-{number}"
            expected[name] = write(self.nginx.files / name, 1 + number * 7919)
        got = self.folder / "got"
        got.mkdir()
        self.tool("curl", "-sSf", "--parallel", "--parallel-max", "20", "-o", f"{got}/#1-#2",
                  f"{self.url}/part-[0-99]?[1-5]")
        self.assertEqual(len(os.listdir(got)), 500)
        for name in os.listdir(got):
            self.assertEqual(hash_of(got / name), expected["part-" + name.split("-")[0]], name)

    def test_a_slow_client_gets_all_of_it(self):
        expected = write(self.nginx.files / "slow", 3_000_000)
        target = self.folder / "slow"
        self.tool("curl", "-sSf", "--limit-rate", "1M", "-o", target, f"{self.url}/slow")
        self.assertEqual(hash_of(target), expected)


class Iperf(Programs):
    def measure(self, *more):
        server = programs.iperf3_server(self)
        # iperf3 tells its streams apart by the order in which they arrive, and several workers may
        # change that between connections.
        started = self.relay_to(server.port, env={"RELAY_WORKERS": "1"})
        text = self.tool("iperf3", "-c", "127.0.0.1", "-p", started.port, "-t", "2", "-J", *more)
        answer = json.loads(text)
        self.assertNotIn("error", answer)
        self.assertGreater(answer["end"]["sum_received"]["bytes"], 1_000_000)

    def test_one_stream(self):
        self.measure()

    def test_one_stream_in_reverse(self):
        self.measure("-R")

    def test_sixteen_streams(self):
        self.measure("-P", "16")

    def test_both_directions_at_once(self):
        self.measure("--bidir")


class Names(Programs):
    def service(self, *hosts):
        first = Server(named(hosts[0]), host=hosts[0])
        self.addCleanup(first.close)
        for host in hosts[1:]:
            self.addCleanup(Server(named(host), host=host, port=first.port).close)
        return first.port

    def test_each_mode_reaches_the_address_it_should(self):
        port = self.service("127.0.0.2", "::1")
        names = programs.dnsmasq(self, "127.0.0.2 both.test\n::1 both.test\n::1 six.test\n"
                                       "127.0.0.2 four.test\n")
        expected = {("ipv4_only", "both"): "127.0.0.2", ("ipv6_only", "both"): "::1",
                    ("ipv4_then_ipv6", "both"): "127.0.0.2", ("ipv4_then_ipv6", "six"): "::1",
                    ("ipv6_then_ipv4", "both"): "::1", ("ipv6_then_ipv4", "four"): "127.0.0.2",
                    ("ipv4_and_ipv6", "both"): "127.0.0.2", ("ipv4_and_ipv6", "six"): "::1",
                    ("ipv4_only", "six"): "", ("ipv6_only", "four"): ""}
        for (mode, name), address in expected.items():
            started = self.relay_to(f"{name}.test:{port}", "--dns-servers", names.address,
                                    "--dns-mode", mode)
            self.assertEqual(hear(started.port).decode(), address, (mode, name, started.story()))

    def test_a_switched_answer_is_followed(self):
        port = self.service("127.0.0.2", "127.0.0.3")
        names = programs.dnsmasq(self, "127.0.0.2 moving.test\n")
        started = self.relay_to(f"moving.test:{port}", "--dns-servers", names.address,
                                "--dns-mode", "ipv4_only")
        self.assertEqual(hear(started.port), b"127.0.0.2")
        names.reload("127.0.0.3 moving.test\n")
        until(lambda: hear(started.port) == b"127.0.0.3", started.story, seconds=15)


class Tls(Programs):
    def test_a_tls_session_passes_untouched(self):
        cert, key = programs.certificate(self)
        self.file("page.txt", "through the relay\n")
        server = programs.openssl_server(self, cert, key, "-WWW")
        started = self.relay_to(server.port)
        request = self.file("request", "GET /page.txt HTTP/1.0\r\n\r\n")
        with open(request, "rb") as stdin:
            said = self.tool("openssl", "s_client", "-connect", f"127.0.0.1:{started.port}",
                             "-servername", "relay.test", "-CAfile", cert, "-verify_hostname",
                             "relay.test", "-verify_return_error", "-ign_eof", stdin=stdin).decode()
        self.assertIn("Verify return code: 0 (ok)", said)
        self.assertIn("through the relay", said)

    def test_curl_verifies_the_name_through_the_relay(self):
        cert, key = programs.certificate(self)
        expected = write(self.folder / "data.bin", 2_000_000)
        server = programs.openssl_server(self, cert, key, "-WWW")
        started = self.relay_to(server.port)
        self.tool("curl", "-sSf", "--http0.9", "--cacert", cert, "--connect-to",
                  f"relay.test:443:127.0.0.1:{started.port}", "-o", self.folder / "got.bin",
                  "https://relay.test/data.bin")
        self.assertEqual(hash_of(self.folder / "got.bin"), expected)


class Ssh(Programs):
    def setUp(self):
        super().setUp()
        self.sshd = programs.sshd(self)
        self.relay = self.relay_to(self.sshd.port)
        self.user = self.tool("id", "-un").decode().strip()

    def test_a_command(self):
        said = self.tool("ssh", *self.sshd.options, "-p", self.relay.port, f"{self.user}@127.0.0.1",
                         "echo over the relay")
        self.assertEqual(said, b"over the relay\n")

    def test_copies_in_both_directions(self):
        origin, there, back = (self.folder / name for name in ("origin", "there", "back"))
        expected = write(origin, 20_000_000)
        where = f"{self.user}@127.0.0.1:{there}"
        self.tool("scp", "-q", *self.sshd.options, "-P", self.relay.port, origin, where)
        self.assertEqual(hash_of(there), expected)
        self.tool("scp", "-q", *self.sshd.options, "-P", self.relay.port, where, back)
        self.assertEqual(hash_of(back), expected)


class Chain(Programs):
    def test_three_relays_in_a_row(self):
        with Server(hash_after_end) as server:
            last = self.relay_to(server.port)
            middle = self.relay_to(last.port)
            first = self.relay_to(middle.port)
            data = pattern(30_000_000)
            self.assertEqual(ask(first.port, data), digest(data))

    def test_haproxy_with_a_proxy_header_in_the_stream(self):
        """The relay passes PROXY headers of others on like any bytes."""
        port = programs.free_port()
        with Server(named("behind haproxy")) as server:
            config = self.file("haproxy.cfg", f"""
global
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen one
  bind 127.0.0.1:{port} accept-proxy
  server s 127.0.0.1:{server.port}
""")
            programs.Program(self, "haproxy", ["-db", "-f", config], port)
            started = self.relay_to(port)
            with dial(started.port) as sock:  # no half-close: haproxy would not dial for that
                sock.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n")
                self.assertEqual(read_all(sock), b"behind haproxy")
