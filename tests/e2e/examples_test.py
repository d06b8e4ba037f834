"""Every file of examples/ is run as it is, but for its addresses, and carries bytes."""

import contextlib
import json
import pathlib
import re
import shutil
import tomllib

from support.case import Case
from support.ports import free_port, free_ports
from support.relay import ROOT, SANITIZED
from support.servers import Server, dial, echo, pattern, read_exactly
from support.tls import usable_example, with_certificates
from support.udp import Remote, ask, open_socket

TIMEOUT = 120
EXAMPLES = ROOT / "examples"
# No configurations, but what surrounds a relay.
TESTED_ELSEWHERE = {"relay.service": "service_test", "relay.socket": "service_test",
                    "Dockerfile": "container_test", "hook.c": "hook_test"}
LITERAL = re.compile(r"^(\[.*\]|[\d.]+|\*|):?\d*(-\d+)?$")
MOST_PORTS = 20  # of a remote's range in any example


def endpoints_of(text):
    """The endpoints of a configuration, or the lists of a legacy one."""
    parsed = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    return parsed, parsed.get("endpoints", [])


def moved_legacy(parsed, remote_port):
    """A legacy file on free ports: (text, what it serves)."""
    count = 0
    for item in parsed["listening_ports"]:
        low, _, high = item.partition("-")
        count += int(high or low) - int(low) + 1
    first = free_ports(count)
    parsed.update(listening_addresses=["127.0.0.1"], remote_addresses=["127.0.0.1"],
                  listening_ports=[f"{first}-{first + count - 1}"], remote_ports=[str(remote_port)])
    return json.dumps(parsed), [("tcp", port) for port in range(first, first + count)]


def size_of(address):
    """How many ports an address has."""
    low, _, high = address.rpartition(":")[2].partition("-")
    return int(high or low) - int(low) + 1


def spelled(first, count):
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def kinds_of(parsed, endpoint):
    """What an endpoint relays."""
    network = {**parsed.get("network", {}), **endpoint.get("network", {})}
    kinds = [] if network.get("no_tcp") else ["tcp"]
    return kinds + (["udp"] if network.get("use_udp") else [])


def remotes_of(endpoint):
    return [endpoint["remote"], *endpoint.get("extra_remotes", [])]


def moved(text, remote_port):
    """A file with its addresses on this machine: (text, [(kind, port) that it serves])."""
    parsed, endpoints = endpoints_of(text)
    if "listening_ports" in parsed:
        return moved_legacy(parsed, remote_port)
    changes, listens = {}, []
    # An endpoint that another one leads to is reached through that.
    inner = {remote for endpoint in endpoints for remote in remotes_of(endpoint)}
    for endpoint in endpoints:
        listen = endpoint.get("listen") or endpoint["local"]
        count = size_of(listen)
        port = free_port() if count == 1 else free_ports(count)
        host = "[::]" if listen.startswith("[::]") else "127.0.0.1"
        changes[listen] = f"{host}:{spelled(port, count)}"
        listens += [(kind, port + nth) for kind in kinds_of(parsed, endpoint)
                    for nth in range(count) if listen not in inner]
        for sender in endpoint.get("network", {}).get("trusted_proxies", []):
            changes[sender] = "127.0.0.1"
        for remote in remotes_of(endpoint):
            if remote in {each.get("listen") for each in endpoints}:
                continue
            host = "127.0.0.1" if LITERAL.match(remote) else "localhost"
            changes[remote] = f"{host}:{spelled(remote_port, size_of(remote))}"
        if not endpoint.get("through", "127.").startswith("127."):
            changes[endpoint["through"]] = "127.0.0.1"
        for key in ("interface", "listen_interface"):
            if key in endpoint:
                changes[endpoint[key]] = "lo"
    output = parsed.get("log", {}).get("output", "stdout")
    if output not in ("stdout", "stderr"):
        changes[output] = "example.log"
    for old, new in changes.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    return text, listens


class Examples(Case):
    def setUp(self):
        super().setUp()
        for _ in range(5):
            self.port = free_ports(MOST_PORTS)
            with contextlib.ExitStack() as remotes:
                try:
                    for port in range(self.port, self.port + MOST_PORTS):
                        for host in ("127.0.0.1", "::1"):
                            remotes.enter_context(Server(echo, host=host, port=port))
                            remotes.enter_context(Remote(host=host, port=port))
                except OSError:  # somebody else has been faster
                    continue
                self.addCleanup(remotes.pop_all().close)
                return
        self.fail("no ports for the remotes")

    def carries(self, kind, port):
        data = pattern(100_000, seed=port)
        if kind == "udp":
            with open_socket() as sock:
                for size in (0, 1200, 65507):
                    self.assertEqual(ask(sock, data[:size], ("127.0.0.1", port)), data[:size])
            return
        with dial(port) as sock:
            sock.sendall(data)
            self.assertEqual(read_exactly(sock, len(data)), data)

    def prepared(self, example):
        """A copy of a file or folder on free ports: (path, what it serves)."""
        target = self.folder / example.name
        if example.is_file():
            text, listens = moved(example.read_text(encoding="utf-8"), self.port)
            target.write_text(with_certificates(self, text), encoding="utf-8")
            return target, listens
        shutil.copytree(example, target)
        listens = []
        for path in sorted(target.rglob("*")):
            if path.suffix in (".toml", ".json"):
                text, more = moved(path.read_text(encoding="utf-8"), self.port)
                path.write_text(text, encoding="utf-8")
                listens += more
        return target, listens

    def test_every_example_carries_bytes(self):
        examples = sorted(path for path in EXAMPLES.glob("*")
                          if path.is_dir() or path.suffix in (".toml", ".json"))
        self.assertTrue(examples, "no examples")
        others = {path.name for path in EXAMPLES.glob("*")} - {path.name for path in examples}
        self.assertEqual(others, set(TESTED_ELSEWHERE), "each file of examples/ has a test")
        for example in examples:
            with self.subTest(example.name):
                if SANITIZED and "sandbox" in example.name:
                    self.skipTest("the search for leaks makes calls that a sandbox refuses")
                path, listens = self.prepared(example)
                self.assertTrue(listens, "nothing to listen on")
                started = self.launch("-c", path)
                for kind in ("tcp", "udp"):
                    ports = {port for each, port in listens if each == kind}
                    self.assertTrue(started.wait_listening(ports, tcp=kind == "tcp",
                                                           udp=kind == "udp"), started.story())
                for kind, port in listens:
                    self.carries(kind, port)
                started.stop()

    def test_every_example_stands_the_strict_check_as_it_is(self):
        for example in sorted(pathlib.Path(EXAMPLES).glob("*")):
            if example.is_dir() or example.suffix in (".toml", ".json"):
                with self.subTest(example.name):
                    self.cli("check", "--strict", "-c", usable_example(self, example))
