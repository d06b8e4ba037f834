"""Every file of examples/ is run as it is, but for its addresses, and carries bytes."""

import json
import pathlib
import re
import shutil
import tomllib

from support.case import Case
from support.ports import free_port, free_ports
from support.relay import ROOT
from support.servers import Server, dial, echo, pattern, read_exactly

TIMEOUT = 120
EXAMPLES = ROOT / "examples"
# No configurations, but what surrounds a relay.
TESTED_ELSEWHERE = {"relay.service": "service_test", "relay.socket": "service_test",
                    "Dockerfile": "container_test"}
LITERAL = re.compile(r"^(\[.*\]|[\d.]+|\*|):?\d*$")


def endpoints_of(text):
    """The endpoints of a configuration, or the lists of a legacy one."""
    parsed = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    return parsed, parsed.get("endpoints", [])


def moved_legacy(parsed, remote_port):
    """A legacy file on free ports: (text, the ports to listen on)."""
    count = 0
    for item in parsed["listening_ports"]:
        low, _, high = item.partition("-")
        count += int(high or low) - int(low) + 1
    first = free_ports(count)
    parsed.update(listening_addresses=["127.0.0.1"], remote_addresses=["127.0.0.1"],
                  listening_ports=[f"{first}-{first + count - 1}"], remote_ports=[str(remote_port)])
    return json.dumps(parsed), list(range(first, first + count))


def moved(text, remote_port):
    """A file with its addresses on this machine: (text, the ports to listen on)."""
    parsed, endpoints = endpoints_of(text)
    if "listening_ports" in parsed:
        return moved_legacy(parsed, remote_port)
    changes, listens = {}, []
    for endpoint in endpoints:
        port = free_port()
        listen = endpoint.get("listen") or endpoint["local"]
        changes[listen] = f"127.0.0.1:{port}"
        listens.append(port)
        for remote in [endpoint["remote"], *endpoint.get("extra_remotes", [])]:
            host = "127.0.0.1" if LITERAL.match(remote) else "localhost"
            changes[remote] = f"{host}:{remote_port}"
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
        self.server = Server(echo)
        self.addCleanup(self.server.close)
        self.addCleanup(Server(echo, host="::1", port=self.server.port).close)

    def carries(self, port):
        data = pattern(100_000, seed=port)
        with dial(port) as sock:
            sock.sendall(data)
            self.assertEqual(read_exactly(sock, len(data)), data)

    def prepared(self, example):
        """A copy of a file or folder on free ports: (path, ports)."""
        target = self.folder / example.name
        if example.is_file():
            text, listens = moved(example.read_text(encoding="utf-8"), self.server.port)
            target.write_text(text, encoding="utf-8")
            return target, listens
        shutil.copytree(example, target)
        listens = []
        for path in sorted(target.rglob("*")):
            if path.suffix in (".toml", ".json"):
                text, more = moved(path.read_text(encoding="utf-8"), self.server.port)
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
                path, listens = self.prepared(example)
                self.assertTrue(listens, "nothing to listen on")
                started = self.start("-c", path, ports=listens)
                for port in listens:
                    self.carries(port)
                started.stop()

    def test_every_example_stands_the_strict_check_as_it_is(self):
        for example in sorted(pathlib.Path(EXAMPLES).glob("*")):
            if example.is_dir() or example.suffix in (".toml", ".json"):
                with self.subTest(example.name):
                    self.cli("check", "--strict", "-c", example)
