"""Several remotes, real nginx behind the relay: strategies, fail-over and return, limits, loops."""

import collections
import os
import random
import re
import signal
import socket
import subprocess
import time
import unittest

from support import programs
from support.case import Case
from support.dns import A, Answer, NameServer
from support.servers import BlackHole, Refusing, Server, dial, echo, named, read_all
from support.wait import Deadline, until

LABEL = "interop"
TIMEOUT = 120


def ask(port, source=None, seconds=30.0):
    """The body of nginx's answer; empty when the relay closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds,
                                  source_address=(source, 0) if source else None) as sock:
        try:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return read_all(sock).partition(b"\r\n\r\n")[2].decode()
        except (ConnectionResetError, BrokenPipeError):  # closed with the request unread
            return ""


class Balanced(Case):
    def backends(self, *words):
        return [programs.nginx_saying(self, word) for word in words]

    def between(self, remotes, lines="", network="", level="debug", **options):
        """A relay to these ports (or host:port), with further lines of the endpoint."""
        first, *rest = [remote if isinstance(remote, str) else f"127.0.0.1:{remote}"
                        for remote in remotes]
        extra = ", ".join(f'"{each}"' for each in rest)
        return self.configured(f'[log]\nlevel = "{level}"\n[network]\n{network}\n[[endpoints]]\n'
                               f'listen = "127.0.0.1:LISTEN"\nremote = "{first}"\n'
                               f'extra_remotes = [{extra}]\n{lines}\n', **options)

    def health(self, started):
        """What became of which remote: [(port, "put aside" or "back")] in order."""
        return [(int(port), what) for port, what in
                re.findall(r"\[relay::balance\]\[(?:WARN|INFO)\]remote \S+:(\d+) (?:is )?(put aside|back)",
                           started.out())]

    def ends(self, started, count):
        """How the sessions ended, once so many have."""
        found = lambda: re.findall(r"session done .* end=(\w+)", started.out())
        until(lambda: len(found()) >= count, lambda: f"{count} ends: {started.story()}", 30)
        return collections.Counter(found())


class FailOver(Balanced):
    def test_a_killed_remote_is_replaced_and_comes_back(self):
        first, second = self.backends("first", "second")
        started = self.between([first.port, second.port])
        self.assertEqual([ask(started.port) for _ in range(3)], ["first"] * 3)
        first.process.kill()
        first.process.wait()
        self.assertEqual([ask(started.port) for _ in range(20)], ["second"] * 20, started.story())
        self.assertEqual(self.health(started), [(first.port, "put aside")])
        programs.nginx_saying(self, "again", port=first.port)
        until(lambda: ask(started.port) == "again", started.story, 30)
        self.assertEqual([ask(started.port) for _ in range(10)], ["again"] * 10)
        self.assertEqual(self.health(started), [(first.port, "put aside"), (first.port, "back")])
        self.assertNotIn("connect_failed", self.ends(started, 34))

    def test_a_refusing_remote_costs_no_client_anything(self):
        with Refusing() as nobody:
            backup, = self.backends("backup")
            started = self.between([nobody.port, backup.port], level="warn")
            self.assertEqual([ask(started.port) for _ in range(50)], ["backup"] * 50)
            self.assertEqual(self.health(started), [(nobody.port, "put aside")])
            self.assertNotIn("[ERROR]", started.out())
            self.assertRegex(started.out(), rf"remote 127\.0\.0\.1:{nobody.port} put aside for 1 s "
                                            "after 2 failed connects: connection refused")

    def test_a_stopped_remote_still_accepts_and_is_no_failure(self):
        first, second = self.backends("first", "second")
        started = self.between([first.port, second.port], network="tcp_timeout = 1")
        first.process.send_signal(signal.SIGSTOP)
        self.addCleanup(first.process.send_signal, signal.SIGCONT)
        with dial(started.port) as waiting:
            waiting.sendall(b"GET / HTTP/1.0\r\n\r\n")
            until(lambda: f"=> 127.0.0.1:{first.port} as" in started.out(), started.story)
            waiting.settimeout(1.5)  # longer than a connect may take
            with self.assertRaises(TimeoutError):
                waiting.recv(1)
            self.assertEqual(self.health(started), [])
            first.process.send_signal(signal.SIGCONT)
            waiting.settimeout(20)
            self.assertTrue(read_all(waiting).endswith(b"first"), "it has only waited")

    def test_a_stopped_remote_whose_queue_is_full_times_out(self):
        first = programs.nginx_saying(self, "first", backlog=1)
        second, = self.backends("second")
        started = self.between([first.port, second.port], network='tcp_timeout = "300ms"')
        first.process.send_signal(signal.SIGSTOP)
        self.addCleanup(first.process.send_signal, signal.SIGCONT)
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", first.port))
            fillers.append(filler)
        self.assertEqual([ask(started.port) for _ in range(10)], ["second"] * 10, started.story())
        self.assertIn((first.port, "put aside"), self.health(started))
        self.assertIn("after 2 failed connects: timed out", started.out())
        for filler in fillers:
            filler.close()
        first.process.send_signal(signal.SIGCONT)
        until(lambda: ask(started.port) == "first", started.story, 60)
        self.assertEqual(self.health(started)[-1], (first.port, "back"))

    def test_one_client_at_a_time_tries_a_remote_that_is_aside(self):
        with BlackHole() as hole:
            backup, = self.backends("backup")
            started = self.between([hole.port, backup.port], network="tcp_timeout = 1")
            self.assertEqual(ask(started.port), "backup")
            self.assertEqual(ask(started.port), "backup")
            self.assertEqual(self.health(started), [(hole.port, "put aside")])
            timeouts = lambda: len(re.findall(r"\[tcp\]connect to |timed out: once more",
                                              started.out())) + sum(
                map(int, re.findall(r"timed out: (\d+) more times", started.out())))
            asked = 0
            limit = Deadline(60)
            while started.out().count("stays aside for") < 2:  # after 1 and 2 s, more or less
                self.assertFalse(limit.over(), started.story())
                self.assertEqual(ask(started.port), "backup")
                asked += 1
            self.assertGreater(asked, 50, "nearly all do not wait")
            self.assertLess(timeouts(), 10)
            self.assertEqual(len(self.health(started)), 1, "said once")

    def test_no_client_waits_longer_than_the_limits_say(self):
        with BlackHole() as first, BlackHole() as second, BlackHole() as third:
            started = self.between([first.port, second.port, third.port],
                                   network="tcp_timeout = 1\nconnect_limit = 2")
            began = time.monotonic()
            self.assertEqual(ask(started.port), "")
            self.assertLess(time.monotonic() - began, 15)
            self.assertEqual(self.ends(started, 1), {"connect_failed": 1})
            self.assertIn(f"127.0.0.1:{first.port}, error: connecting: timed out", started.out())

    def test_every_remote_is_tried_before_a_client_is_given_up(self):
        with Refusing() as one, Refusing() as two:
            last, = self.backends("last")
            for balance in ("", 'balance = "roundrobin: 9, 9, 1"', 'balance = "iphash: 9, 9, 1"'):
                started = self.between([one.port, two.port, last.port], balance)
                self.assertEqual([ask(started.port) for _ in range(12)], ["last"] * 12, balance)

    def test_when_all_are_aside_they_are_tried_all_the_same(self):
        with Refusing() as one, Refusing() as two:
            started = self.between([one.port, two.port])
            for _ in range(30):
                self.assertEqual(ask(started.port), "")
            self.assertEqual(sorted(self.health(started)),
                             sorted([(one.port, "put aside"), (two.port, "put aside")]))
            one.sock.close()
            with Server(named("HTTP/1.0 200 OK\r\n\r\nback"), port=one.port):
                # At the latest by the trial: a minute is not to be waited for.
                until(lambda: ask(started.port) == "back", started.story, 30)


@unittest.skipIf(os.getuid() != 0, "a network namespace takes root")
class BlackHoled(Balanced):
    """A remote in a network namespace whose way back can be taken away: packets vanish."""

    def setUp(self):
        super().setUp()
        self.space = f"relay-{os.getpid()}-{random.randrange(1 << 20)}"
        third = random.randrange(256)
        self.here, self.there = f"198.18.{third}.1", f"198.18.{third}.2"
        link = f"rl{random.randrange(1 << 20)}"
        made = self.ip("netns", "add", self.space)
        if made:
            self.skipTest(f"no network namespaces here: {made}")
        self.addCleanup(self.ip, "netns", "del", self.space)  # takes the links along
        for args in (("link", "add", link, "type", "veth", "peer", "name", "far", "netns", self.space),
                     ("addr", "add", f"{self.here}/24", "dev", link), ("link", "set", link, "up"),
                     ("-n", self.space, "addr", "add", f"{self.there}/24", "dev", "far"),
                     ("-n", self.space, "link", "set", "far", "up")):
            said = self.ip(*args)
            if said:
                self.skipTest(f"ip {' '.join(args)}: {said}")

    def ip(self, *args):
        """What it complained about."""
        done = subprocess.run([self.program("ip"), *args], capture_output=True, text=True, timeout=20,
                              check=False)
        return done.stderr.strip() or ("failed" if done.returncode else "")

    def test_a_remote_behind_a_black_hole_is_replaced_and_comes_back(self):
        far = programs.nginx_saying(self, "far", host=self.there,
                                    within=(self.program("ip"), "netns", "exec", self.space))

        def answers():
            try:
                dial(far.port, self.there, 1).close()
                return True
            except OSError:
                return False
        until(answers, lambda: far.said.read_text(errors="replace"), 20)
        near, = self.backends("near")
        started = self.between([f"{self.there}:{far.port}", near.port], network="tcp_timeout = 1")
        self.assertEqual(ask(started.port), "far")
        self.assertEqual(self.ip("-n", self.space, "route", "add", "blackhole", self.here), "")
        self.assertEqual([ask(started.port) for _ in range(10)], ["near"] * 10, started.story())
        self.assertEqual(self.health(started)[0], (far.port, "put aside"))
        self.assertIn("after 2 failed connects: timed out", started.out())
        self.assertEqual(self.ip("-n", self.space, "route", "del", "blackhole", self.here), "")
        until(lambda: ask(started.port) == "far", started.story, 60)
        self.assertEqual(self.health(started), [(far.port, "put aside"), (far.port, "back")])


class Strategies(Balanced):
    def test_round_robin_is_the_smooth_sequence_on_four_workers(self):
        backends = self.backends("0", "1", "2")
        started = self.between([each.port for each in backends],
                               'balance = "roundrobin: 5, 1, 1"', env={"RELAY_WORKERS": "4"})
        heard = "".join(ask(started.port) for _ in range(28))
        self.assertEqual(heard, "0010200" * 4)

    def test_round_robin_goes_on_without_the_one_that_is_gone(self):
        backends = self.backends("0", "1", "2")
        started = self.between([each.port for each in backends], 'balance = "roundrobin: 1, 1, 1"')
        self.assertEqual("".join(ask(started.port) for _ in range(6)), "012012")
        backends[1].process.kill()
        backends[1].process.wait()
        heard = collections.Counter(ask(started.port) for _ in range(60))
        self.assertEqual(sum(heard.values()), 60)
        self.assertLessEqual(abs(heard["0"] - heard["2"]), 4, heard)
        programs.nginx_saying(self, "1", port=backends[1].port)
        until(lambda: ask(started.port) == "1", started.story, 30)
        heard = collections.Counter(ask(started.port) for _ in range(30))
        self.assertEqual(heard, {"0": 10, "1": 10, "2": 10})

    def test_ip_hash_keeps_each_client_and_its_share(self):
        backends = self.backends("0", "1", "2")
        ports = [each.port for each in backends]
        clients = [f"127.7.{number % 7}.{number + 1}" for number in range(120)]
        started = self.between(ports, 'balance = "iphash: 2, 1, 1"', env={"RELAY_WORKERS": "4"})
        before = {client: ask(started.port, client) for client in clients}
        for client in clients:
            self.assertEqual(ask(started.port, client), before[client])
        shares = collections.Counter(before.values())
        print(f"shares of weights 2, 1, 1 over 120 clients: {sorted(shares.items())}")
        for word, due in (("0", 60), ("1", 30), ("2", 30)):
            self.assertLess(abs(shares[word] - due), 25, shares)  # 4.5 standard deviations
        started.stop()
        after = self.between(ports, 'balance = "iphash: 2, 1, 1"')
        self.assertEqual({client: ask(after.port, client) for client in clients}, before)
        after.stop()
        fewer = self.between([ports[0], ports[2]], 'balance = "iphash: 2, 1"')
        for client in clients:
            word = ask(fewer.port, client)
            self.assertIn(word, ("0", "2"))
            if before[client] != "1":
                self.assertEqual(word, before[client], "only the clients of what was removed move")

    def test_ip_hash_by_prefix_keeps_a_network_together(self):
        servers = [Server(named(word)) for word in "012"]
        for each in servers:
            self.addCleanup(each.close)
        started = self.between([each.port for each in servers], 'balance = "iphash: 1, 1, 1"',
                               'iphash_prefix = "/24,/64"')

        def reached(client):
            with socket.create_connection(("127.0.0.1", started.port), timeout=20,
                                          source_address=(client, 0)) as sock:
                return read_all(sock)
        networks = [{reached(f"127.9.{network}.{host}") for host in range(1, 9)}
                    for network in range(12)]
        self.assertEqual([len(each) for each in networks], [1] * 12)
        self.assertGreater(len(set.union(*networks)), 1, "networks are spread")

    def test_remotes_without_a_weight_are_never_chosen(self):
        backends = self.backends("0", "1", "2")
        ports = [each.port for each in backends]
        for balance, expected in (("roundrobin: 1, 1", {"0", "1"}), ("roundrobin: 1", {"0"}),
                                  ("roundrobin: 0, 0, 5", {"2"}), ("iphash:", {"0"})):
            started = self.between(ports, f'balance = "{balance}"')
            self.assertEqual({ask(started.port) for _ in range(6)}, expected, balance)
            started.stop()


class Limits(Balanced):
    def limited(self, endpoint="", process="", **options):
        server = Server(echo)
        self.addCleanup(server.close)
        return server, self.configured(
            f'[log]\nlevel = "info"\n[process]\n{process}\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
            f'remote = "127.0.0.1:{server.port}"\n{endpoint}\n', **options)

    def test_further_clients_wait_for_their_turn(self):
        for keys in ({"endpoint": "max_connections = 3"}, {"process": "max_connections = 3"}):
            server, started = self.limited(**keys, env={"RELAY_WORKERS": "4"})
            socks = [dial(started.port) for _ in range(20)]
            for number, sock in enumerate(socks):
                sock.sendall(b"%04d" % number)
            until(lambda: len(server.sockets) == 3, started.story)
            most = 0
            left = dict(enumerate(socks))
            while left:
                most = max(most, len(server.sockets))
                served = []
                for number, sock in left.items():
                    sock.settimeout(0.02)
                    try:
                        self.assertEqual(sock.recv(4), b"%04d" % number)
                        served.append(number)
                    except TimeoutError:
                        continue
                    until(lambda: len(server.sockets) <= 3, started.story)
                    sock.close()
                    break
                for number in served:
                    del left[number]
            self.assertLessEqual(most, 4, "one may be seen to come before another is seen to go")
            self.assertEqual(started.out().count(" connections: more clients wait"), 1, started.story())
            self.assertEqual(len(server.seen), 20)

    def test_an_idle_connection_ends_in_order(self):
        server = Server(echo)
        self.addCleanup(server.close)
        started = self.between([server.port], network='idle_timeout = "500ms"')
        with dial(started.port) as sock:
            sock.sendall(b"x")
            self.assertEqual(read_all(sock), b"x")
        self.assertEqual(self.ends(started, 1), {"idle": 1})
        self.assertEqual(server.errors, [])


class Loops(Balanced):
    def test_a_rule_that_reaches_itself_is_refused(self):
        for remote in ("127.0.0.1:5000", "localhost:5000", "0.0.0.0:5000"):
            said = self.cli("-l", "0.0.0.0:5000", "-r", remote, code=78).stderr
            self.assertIn("own listener", said)

    def test_a_loop_by_name_is_cut_at_the_first_connection(self):
        with NameServer(lambda name, kind, _: Answer(["127.0.0.1"] if kind == A else [])) as names:
            started = self.start_on_free_port(lambda port: (
                "-l", f"127.0.0.1:{port}", "-r", f"loop.test:{port}", "--dns-servers", names.address,
                "--log-level", "debug"))
            for _ in range(5):
                with dial(started.port) as sock:
                    self.assertEqual(sock.recv(1), b"")
            self.assertEqual(self.ends(started, 5), {"loop": 5})
            lines = re.findall(r"\[ERROR\].*own listener", started.out())
            self.assertEqual(len(lines), 1, "a storm is one line")

    def test_the_address_of_the_machine_itself_is_no_way_round(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing
            except OSError:
                self.skipTest("no way out of this machine")
            own = probe.getsockname()[0]
        started = self.start_on_free_port(lambda port: (
            "-l", f"0.0.0.0:{port}", "-r", f"{own}:{port}", "--log-level", "debug"))
        with dial(started.port) as sock:
            self.assertEqual(sock.recv(1), b"")
        self.assertEqual(self.ends(started, 1), {"loop": 1})
