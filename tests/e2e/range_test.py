"""Ranges of ports: one endpoint that listens on many."""

import re
import socket
import unittest

from support.limits import room_for
from support.ports import free_ports, listening, own_address
from support.relay import SANITIZED
from support.servers import Server, echo as tcp_echo, hear, named as tcp_named
from support.udp import UdpCase, ask, finished, named, opened

TIMEOUT = 90

ONE_WORKER = {"RELAY_WORKERS": "1"}


class RangeCase(UdpCase):
    def range_relay(self, count, remote, network="", endpoint="", udp=True, tcp=True, listen=None,
                    level="debug", more="", **options):
        """A relay that listens on `count` free ports from .first on; `remote` may be a function of
        the first port. `more` is the rest of the configuration, with FIRST in it."""
        for attempt in range(5):
            host = listen or own_address()  # there many ports are free
            first = free_ports(count, None if listen else host)
            text = (f'[log]\nlevel = "{level}"\n[[endpoints]]\nlisten = "{host}:{first}-'
                    f'{first + count - 1}"\nremote = "{remote}"\n{endpoint}\n[endpoints.network]\n'
                    f"use_udp = {str(udp).lower()}\nno_tcp = {str(not tcp).lower()}\n{network}\n"
                    f'{more.replace("FIRST", str(first))}')
            started = self.launch("-c", self.file("relay.toml", text), **options)
            started.first, started.ports = first, range(first, first + count)
            started.host, started.at = host, (host, first)
            if started.wait_listening(set(started.ports), tcp=tcp, udp=udp):
                return started
            if attempt == 4 or "in use" not in started.err():
                break
        return self.fail(f"did not start: {started.story()}")

    def remote_range(self, count):
        """The first of `count` ports where TCP and UDP say which one they are."""
        for _ in range(10):
            first, made = free_ports(count), []
            try:
                for nth in range(count):
                    made.append(Server(tcp_named(f"tcp {nth}"), port=first + nth))
                    self.addCleanup(made[-1].close)
                    self.remote(named(f"udp {nth}"), port=first + nth)
                return first
            except OSError:
                continue
        return self.fail("no run of ports for the remotes")

    def each_says(self, started, expected_tcp, expected_udp):
        client = self.client()
        for nth, port in enumerate(started.ports):
            self.assertEqual(hear(port, started.host), expected_tcp(nth))
            client.sendto(b"?", (started.host, port))
            data, peer = client.recvfrom(100)
            self.assertEqual((data, peer), (expected_udp(nth), (started.host, port)))


class Mapping(RangeCase):
    COUNT = 16

    def test_a_range_to_a_range_is_port_by_port(self):
        remote = self.remote_range(self.COUNT)
        where = f"127.0.0.1:{remote}-{remote + self.COUNT - 1}"
        for workers in ("1", "4"):
            started = self.range_relay(self.COUNT, where, env={"RELAY_WORKERS": workers})
            self.each_says(started, lambda nth: b"tcp %d" % nth, lambda nth: b"udp %d" % nth)
            # One client at many ports is one association at each.
            self.assertEqual(len(opened(started)), self.COUNT)
            started.stop()

    def test_a_range_to_one_port(self):
        remote = self.remote_range(1)
        for workers in ("1", "4"):
            started = self.range_relay(self.COUNT, f"127.0.0.1:{remote}",
                                       env={"RELAY_WORKERS": workers})
            self.each_says(started, lambda nth: b"tcp 0", lambda nth: b"udp 0")
            started.stop()

    def test_a_name_as_the_remote_of_a_range(self):
        remote = self.remote_range(4)
        started = self.range_relay(4, f"localhost:{remote}-{remote + 3}",
                                   more='[dns]\nmode = "ipv4_only"\n')
        self.each_says(started, lambda nth: b"tcp %d" % nth, lambda nth: b"udp %d" % nth)

    def test_all_addresses_of_a_range(self):
        remote = self.remote_range(4)
        started = self.range_relay(4, f"127.0.0.1:{remote}-{remote + 3}", listen="[::]")
        for host in ("127.0.0.9", "::1"):
            client = self.client("127.0.0.1" if "." in host else "::1")
            for nth, port in enumerate(started.ports):
                client.sendto(b"?", (host, port))
                data, peer = client.recvfrom(100)
                self.assertEqual((data, peer[:2]), (b"udp %d" % nth, (host, port)))
                self.assertEqual(hear(port, host), b"tcp %d" % nth)

    def test_the_command_line_takes_ranges(self):
        remote = self.remote_range(3)
        first = free_ports(3)
        started = self.start("-u", "-l", f"127.0.0.1:{first}-{first + 2}", "-r",
                             f"127.0.0.1:{remote}-{remote + 2}", ports=range(first, first + 3),
                             udp=True)
        started.host, started.ports = "127.0.0.1", range(first, first + 3)
        self.each_says(started, lambda nth: b"tcp %d" % nth, lambda nth: b"udp %d" % nth)


class OneEndpoint(RangeCase):
    def test_it_is_one_row_and_its_clients_are_told_by_its_name(self):
        remote = self.remote_range(4)
        where = f"127.0.0.1:{remote}-{remote + 3}"
        started = self.range_relay(4, where, network='udp_timeout = "300ms"')
        rows = re.findall(r"inited: (\S+) -> \[(\S+)\]", started.out() + started.err())
        self.assertEqual(rows, [(f"{started.host}:{started.first}-{started.ports[-1]}", where)])
        self.each_says(started, lambda nth: b"tcp %d" % nth, lambda nth: b"udp %d" % nth)
        self.assertEqual([to for _, _, to in opened(started)],
                         [f"127.0.0.1:{remote + nth}" for nth in range(4)])
        self.assertEqual(len(self.ended(started, 4)), 4)
        self.assertEqual({each["end"] for each in finished(started)}, {"idle"})

    def test_its_ports_share_one_cap(self):
        started = self.range_relay(8, f"127.0.0.1:{self.remote().port}", tcp=False,
                                   endpoint="max_associations = 4", env=ONE_WORKER)
        for turn in range(3):
            for port in started.ports:
                self.assertEqual(ask(self.client(), b"%d" % turn, (started.host, port)),
                                 b"%d" % turn)
        self.assertGreaterEqual(len(self.ended(started, 20)), 20)
        self.assertEqual(len(opened(started)) - len(finished(started)), 4)

    def test_each_port_is_opened_once(self):
        started = self.range_relay(50, f"127.0.0.1:{self.remote().port}", tcp=False,
                                   env={"RELAY_WORKERS": "4"})
        few = self.range_relay(2, f"127.0.0.1:{self.remote().port}", tcp=False,
                               env={"RELAY_WORKERS": "4"})
        both = [self.descriptors_without_clients(each) for each in (started, few)]
        self.assertEqual(both[0] - both[1], 48)

    def test_all_ports_end_with_the_relay(self):
        started = self.range_relay(20, f"127.0.0.1:{self.remote().port}")
        started.stop()
        self.assertEqual(started.process.returncode, 0)
        for port in started.ports:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((started.host, port))


class Refused(RangeCase):
    def test_a_busy_port_is_named_and_other_endpoints_run(self):
        remote = self.remote_range(1)
        for make in (lambda port: Server(tcp_echo, port=port), lambda port: self.remote(port=port)):
            first = free_ports(8)
            busy = make(first + 5)
            self.addCleanup(busy.close)
            started = self.udp_relay(
                remote, network=f'[[endpoints]]\nlisten = "127.0.0.1:{first}-{first + 7}"\n'
                'remote = "127.0.0.1:9"\nnetwork = { use_udp = true }')
            self.assertEqual(ask(self.client(), b"?", started.at), b"udp 0")
            self.assertRegex(started.err(), rf"127\.0\.0\.1:{first + 5}( for UDP)?: .*in use")
            self.assertEqual(started.err().count("in use"), 1, started.err())
            # Nothing of it is left behind.
            self.assertEqual(listening(started.pid) & set(range(first, first + 8)), set())
            self.assertEqual(listening(started.pid, "udp") & set(range(first, first + 8)), set())
            busy.close()

    def test_of_several_busy_ports_of_a_large_range_the_lowest_is_named(self):
        count, host = 1200, own_address()
        room_for(2 * count + 200)
        first = free_ports(count, host)
        for nth, kind in ((700, socket.SOCK_DGRAM), (701, socket.SOCK_STREAM),
                          (1199, socket.SOCK_STREAM), (40, socket.SOCK_DGRAM)):
            busy = socket.socket(socket.AF_INET, kind)
            self.addCleanup(busy.close)
            busy.bind((host, first + nth))
            if kind == socket.SOCK_STREAM:
                busy.listen()
            done = self.cli("-u", "-l", f"{host}:{first}-{first + count - 1}", "-r", "127.0.0.1:9",
                            env={"RELAY_WORKERS": "4"}, code=69)
            lowest = min(nth, 700)
            self.assertIn(f"{host}:{first + lowest} for UDP: binding: ", done.stderr)
            self.assertEqual(done.stderr.count("in use"), 1, done.stderr)

    def test_one_beyond_the_descriptor_limit_says_what_it_takes(self):
        text = ('[[endpoints]]\nlisten = "127.0.0.1:20000-21999"\nremote = "127.0.0.1:9"\n'
                "network = { use_udp = true }\n")
        done = self.cli("-n", "1000", "-c", self.file("relay.toml", text), code=69)
        said = done.stderr
        self.assertIn("relay.toml:2", said)
        for word in ("127.0.0.1:20000-21999", "2000 ports", "4000", "descriptors", "is 1000"):
            self.assertIn(word, said)
        self.assertEqual(said.count("need"), 1, said)

    def test_one_beyond_the_limit_leaves_the_others_running(self):
        remote = self.remote()
        started = self.udp_relay(
            remote.port, network='[[endpoints]]\nlisten = "127.0.0.1:1024-65535"\n'
            'remote = "127.0.0.1:9"\n', nofile=1000)
        self.assertEqual(ask(self.client(), b"fine", started.at), b"fine")
        self.assertIn("64512", started.err())

    def refused(self, listen, remote, *words):
        text = f'[[endpoints]]\nlisten = "{listen}"\nremote = "{remote}"\n'
        said = self.cli("-c", self.file("relay.toml", text), code=78).stderr
        for word in ("relay.toml:", *words):
            self.assertIn(word, said)

    def test_ranges_that_make_no_sense(self):
        self.refused("127.0.0.1:20000-20009", "10.0.0.1:30000-30008", "range")
        self.refused("127.0.0.1:20000", "10.0.0.1:30000-30008", "range")
        self.refused("127.0.0.1:20009-20000", "10.0.0.1:1", "20009-20000")
        self.refused("127.0.0.1:65000-65536", "10.0.0.1:1", "65000-65536")
        self.refused("127.0.0.1:0-9", "10.0.0.1:1", "0-9")

    def test_ranges_that_overlap_are_reported_by_check(self):
        rule = '[[endpoints]]\nlisten = "{}"\nremote = "10.0.0.1:1"\n'
        for second in ("127.0.0.1:20009-20020", "127.0.0.1:20004", "127.0.0.1:19000-30000"):
            text = rule.format("127.0.0.1:20000-20009") + rule.format(second)
            done = self.cli("check", "-c", self.file("relay.toml", text), code=78)
            said = done.stdout + done.stderr
            self.assertIn("relay.toml:2", said, second)
            self.assertIn("relay.toml:5", said, second)
        text = rule.format("127.0.0.1:20000-20009") + rule.format("127.0.0.1:20010-20020")
        self.cli("check", "-c", self.file("relay.toml", text))

    def test_a_range_that_reaches_its_own_ports_is_refused(self):
        self.refused("127.0.0.1:20000-20009", "127.0.0.1:20009", "own listener")
        self.refused("0.0.0.0:20000-20009", "127.0.0.1:20000-20009", "own listener")


class Big(RangeCase):
    COUNT = 2000

    def remotes_of(self):
        return self.remote_of_both(tcp_echo)[0]

    def test_two_thousand_ports_relay(self):
        room_for(2 * self.COUNT + 200)
        started = self.range_relay(self.COUNT, f"127.0.0.1:{self.remotes_of().port}")
        client = self.client()
        for port in started.ports[::100]:
            self.assertEqual(ask(client, b"%d" % port, (started.host, port)), b"%d" % port)
            with socket.create_connection((started.host, port), timeout=20) as sock:
                sock.sendall(b"%d" % port)
                self.assertEqual(sock.recv(10), b"%d" % port)

    @unittest.skipIf(SANITIZED, "memory means nothing under sanitizers")
    def test_a_port_costs_little(self):
        room_for(2 * self.COUNT + 200)
        remote = self.remotes_of()
        small = self.range_relay(10, f"127.0.0.1:{remote.port}", env=ONE_WORKER)
        large = self.range_relay(self.COUNT, f"127.0.0.1:{remote.port}", env=ONE_WORKER)
        for started in (small, large):
            self.assertEqual(ask(self.client(), b"up", started.at), b"up")
        each = (large.rss() - small.rss()) / (self.COUNT - 10)
        print(f"{each:.0f} resident bytes per port (TCP and UDP)")
        self.assertLessEqual(each, 1024)
