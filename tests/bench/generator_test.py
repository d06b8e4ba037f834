"""The load generator against itself, and one short run of the whole benchmark."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

import support

GENERATOR = os.environ.get("RELAY_GENERATOR", "")
RELAY = os.environ.get("RELAY_BINARY", "")
SHORT = ("--seconds", "0.1", "--warm-up", "0.05")


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def generate(*words, kind=socket.SOCK_STREAM, stdin=""):
    """The last line that it says, about itself as client and server."""
    where = f"127.0.0.1:{free_port(kind)}"
    told = subprocess.run([GENERATOR, *words[:1], "--to", where, "--listen", where, *words[1:]],
                          input=stdin, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    return json.loads(told.stdout.splitlines()[-1])


class Generator(unittest.TestCase):
    def test_moves_bytes_in_every_direction(self):
        for direction in ("up", "down", "both"):
            told = generate("stream", "--direction", direction, "--connections", "4", *SHORT)
            self.assertGreater(told["bytes"], 1 << 20, direction)
            self.assertEqual((told["errors"], told["starved"]), (0, 0), direction)

    def test_counts_exchanges_and_their_latency(self):
        told = generate("exchange", "--connections", "8", "--request", "64", "--response", "300000",
                        *SHORT)
        self.assertGreater(told["units"], 0)
        self.assertEqual(told["bytes"], told["units"] * 300064)
        self.assertLessEqual(told["p50_us"], told["p99_us"])
        self.assertLessEqual(told["p999_us"], told["max_us"])
        self.assertEqual(told["errors"], 0)

    def test_connects_anew_for_each_exchange(self):
        told = generate("connect", "--connections", "4", *SHORT)
        self.assertGreater(told["units"], 4)
        self.assertEqual(told["errors"], 0)

    def test_keeps_the_rate_of_a_paced_sender(self):
        told = generate("paced", "--rate", "8000000", *SHORT)
        self.assertLessEqual(told["bytes"], 8e6 / 8 * told["seconds"] * 1.5)
        self.assertGreater(told["units"], 0)

    def test_holds_idle_connections(self):
        self.assertEqual(generate("idle", "--connections", "300")["units"], 300)

    def test_finds_bytes_and_half_close_in_order(self):
        told = generate("verify", "--bytes", "3000000")
        self.assertEqual((told["both_ways"], told["half_close"]), (1, 1))

    def test_counts_datagrams(self):
        for more in ((), ("--gso", "1")):
            told = generate("datagrams", "--size", "512", "--rate", "5000", *more, *SHORT,
                            kind=socket.SOCK_DGRAM)
            self.assertGreater(told["units"], 0, more)
            self.assertLessEqual(told["units"], told["sent"], more)
        told = generate("datagram-exchange", "--flows", "4", *SHORT, kind=socket.SOCK_DGRAM)
        self.assertGreater(told["units"], 0)
        told = generate("datagram-idle", "--flows", "20", kind=socket.SOCK_DGRAM)
        self.assertEqual(told["units"], 20)

    def test_watches_the_cpu_of_others(self):
        with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
            try:
                told = generate("stream", "--watch", str(busy.pid), *SHORT)
            finally:
                busy.kill()
        self.assertGreater(told["cpu"], 0)

    def test_notices_a_program_that_changes_bytes(self):
        with socket.create_server(("127.0.0.1", 0)) as liar:
            where = f"127.0.0.1:{liar.getsockname()[1]}"
            listen = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
            with subprocess.Popen([GENERATOR, "verify", "--to", where, "--listen", listen, "--limit", "1"],
                                  stdout=subprocess.PIPE, text=True) as asked:
                for _ in range(2):
                    client, _ = liar.accept()
                    client.sendall(b"not what was asked for")
                    client.close()
                told = json.loads(asked.communicate(timeout=30)[0])
        self.assertEqual((told["both_ways"], told["half_close"]), (0, 0))

    def test_tells_when_a_program_never_answers(self):
        with subprocess.Popen([GENERATOR, "start", "--to", "127.0.0.1:1", "--listen",
                               f"127.0.0.1:{free_port(socket.SOCK_STREAM)}", "--", "false"],
                              stdout=subprocess.PIPE, text=True) as asked:
            self.assertEqual(json.loads(asked.communicate(timeout=30)[0])["errors"], 1)

    def test_starts_a_program_on_the_cores_it_is_told(self):
        core = max(os.sched_getaffinity(0))
        with tempfile.TemporaryDirectory() as name:
            said = pathlib.Path(name, "said")
            script = f"import os; open({str(said)!r}, 'w').write(str(os.sched_getaffinity(0)))"
            subprocess.run([GENERATOR, "start", "--to", "127.0.0.1:1", "--cores", str(core), "--listen",
                            f"127.0.0.1:{free_port(socket.SOCK_STREAM)}", "--", sys.executable, "-c", script],
                           stdout=subprocess.DEVNULL, timeout=30, check=True)
            self.assertEqual(said.read_text(), f"{{{core}}}")

    def test_says_what_is_wrong_with_its_command_line(self):
        for words, complaint in (((), "say what to do"), (("fly",), "no work of the name fly"),
                                 (("stream",), "--to HOST:PORT is missing"),
                                 (("start", "--to", "127.0.0.1:1", "--listen", "127.0.0.1:0",
                                   "--cores", "0,x", "--", "false"),
                                  "--cores takes numbers of cores, as 0,1: 0,x"),
                                 (("stream", "--to", "x"), "not an IPv4 address and a port: x"),
                                 (("stream", "--to", "127.0.0.1:1", "--sped", "1"), "--sped means nothing"),
                                 (("stream", "--to", "127.0.0.1:1", "--connections", "-1"),
                                  "--connections: not a number")):
            told = subprocess.run([GENERATOR, *words], stderr=subprocess.PIPE, text=True, timeout=20,
                                  check=False)
            self.assertEqual(told.returncode, 2, words)
            self.assertIn(complaint, told.stderr)


class Smoke(unittest.TestCase):
    def test_measures_relay_and_writes_what_it_found(self):
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name, "figures.json")
            told = subprocess.run(
                [sys.executable, "-B", support.TREE / "bench" / "main.py", "--relay", RELAY, "--generator",
                 GENERATOR, "--only", "rr64,udp64,veth-up16,far-tcp", "--peers", "relay,direct", "--rounds", "1",
                 "--seconds", "0.3", "--shared", "--json", file], capture_output=True, text=True, timeout=100,
                check=False)
            if told.returncode == 77:
                self.skipTest(told.stderr.strip())
            self.assertIn(told.returncode, (0, 3), told.stderr)  # 3: the machine had other work, too
            written = json.loads(file.read_text())
        self.assertIn("this will take about", told.stderr)
        self.assertIn("**On a shared machine.** The hypervisor took", told.stdout)
        self.assertRegex(told.stdout, r"\| rr64 \| CPU µs each \| - \| [0-9.]+ \|")
        self.assertEqual(written["result"], told.returncode == 0)
        self.assertEqual(bool(re.search("NOT A RESULT", told.stdout)), told.returncode == 3)
        # Not every machine has veth and tun.
        missing = {name for name in ("veth", "far") if f"{name}: " in told.stderr}
        wanted = {"rr64", "udp64"} | {f"{name}-{what}" for name, what in (("veth", "up16"), ("far", "tcp"))
                                      if name not in missing}
        measured = {one["work"]: one["rounds"][0] for one in written["runs"] if one["program"] == "relay"}
        self.assertEqual(set(measured), wanted)
        for work, figures in measured.items():
            self.assertGreater(figures.get("rate", figures.get("gbits", 0)), 0, work)
        if "far-tcp" in measured:  # a connect and an exchange: two round trips
            self.assertGreater(measured["far-tcp"]["p50_us"], 190_000)


if __name__ == "__main__":
    unittest.main()
