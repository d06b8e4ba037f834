"""Datagrams through the relay: unchanged, in order, from and to the right addresses."""

import random
import socket
import struct

from support.ports import free_port
from support.servers import Server, hear, named as tcp_named, pattern
from support.udp import (MOST_BYTES, UdpCase, ask, is_quiet, named, opened, receive, silent)
from support.wait import until

TIMEOUT = 60

SIZES = (0, 1, 2, 511, 1472, 1473, 1500, 1501, 4096, 9000, 32768, 65000, 65001, 65506, MOST_BYTES)
ONE_WORKER = {"RELAY_WORKERS": "1"}
UDP_SEGMENT = 103


class Sizes(UdpCase):
    def unchanged(self, listen, remote_host):
        remote = self.remote(host=remote_host)
        where = f"[{remote_host}]" if ":" in remote_host else remote_host
        started = self.udp_relay(f"{where}:{remote.port}", listen=listen)
        client = self.client(started.at[0])
        for size in SIZES + SIZES[::-1]:
            data = pattern(size, seed=size)
            self.assertEqual(ask(client, data, started.at), data, size)
        self.assertEqual([len(data) for data in remote.data()], list(SIZES + SIZES[::-1]))
        self.assertEqual(len(remote.peers), 1)

    def test_every_size_passes_unchanged(self):
        self.unchanged("127.0.0.1", "127.0.0.1")

    def test_every_size_passes_unchanged_over_ipv6(self):
        self.unchanged("::1", "::1")

    def test_from_ipv4_to_ipv6_and_back(self):
        self.unchanged("127.0.0.1", "::1")
        self.unchanged("::1", "127.0.0.1")

    def test_an_empty_datagram_may_be_the_first_and_the_answer(self):
        remote = self.remote(named(""))
        started = self.udp_relay(remote.port)
        client = self.client()
        self.assertEqual(ask(client, b"", started.at), b"")
        self.assertEqual(remote.data(), [b""])


def numbered(sizes, seed=0):
    """A datagram of each size (4 at least) that says which it is."""
    content = pattern(max(sizes), seed=seed)
    return [struct.pack("!I", number) + content[:size - 4] for number, size in enumerate(sizes)]


def mixed_sizes(count, seed):
    """Runs of one size, their shorter last, single ones: what GSO and GRO are made of, or not."""
    rng, sizes = random.Random(seed), []
    while len(sizes) < count:
        size = rng.choice((4, 5, 100, 1200, 1400, rng.randrange(4, 3000)))
        sizes += [size] * rng.choice((1, 1, 2, 3, 12)) + [rng.randrange(4, size + 1)]
    return sizes[:count]


class Order(UdpCase):
    BURST = 100

    def bursts(self, sizes_of, rounds, env=None):
        """Client to remote and back, all datagrams of a round at once."""
        expected = []

        def talk(sock, _, peer):  # the whole burst comes back when all of it is there
            if len(remote.got) == len(expected):
                for data in remote.data()[-self.BURST:]:
                    sock.sendto(data, peer)
        remote = self.remote(talk)
        started = self.udp_relay(remote.port, env=env)
        client = self.client()
        for number in range(rounds):
            burst = numbered(sizes_of(number), seed=number)
            expected += burst
            for data in burst:
                client.sendto(data, started.at)
            for index, data in enumerate(burst):
                self.assertEqual(client.recv(65536), data, (number, index))
        self.assertEqual(remote.data(), expected)
        self.assertEqual(len(remote.peers), 1)

    def test_bursts_of_one_size_keep_their_order(self):
        self.bursts(lambda number: [1000] * self.BURST, 20)

    def test_bursts_of_mixed_sizes_keep_their_order(self):
        self.bursts(lambda number: mixed_sizes(self.BURST, number), 20)
        self.bursts(lambda number: mixed_sizes(self.BURST, number), 10, ONE_WORKER)

    def test_each_of_many_clients_keeps_its_order(self):
        remote = self.remote()
        started = self.udp_relay(remote.port)
        clients = [self.client() for _ in range(20)]
        for turn in range(5):
            for number in range(10):
                for client in clients:
                    client.sendto(struct.pack("!II", turn, number), started.at)
            for client in clients:
                for number in range(10):
                    self.assertEqual(client.recv(100), struct.pack("!II", turn, number))
        self.assertEqual(len(remote.peers), len(clients))

    def test_what_the_sender_lets_the_kernel_cut_arrives_cut(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port)
        client, expected = self.client(), []
        for segment, count, tail in ((1000, 10, 500), (1400, 40, 0), (1, 20, 0), (1200, 50, 1),
                                     (30000, 2, 4999), (1000, 10, 999)) * 3:
            client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, segment)
            whole = pattern(segment * count + tail, seed=len(expected))
            client.sendto(whole, started.at)
            expected += [whole[at:at + segment] for at in range(0, len(whole), segment)]
            until(lambda: len(remote.got) >= len(expected), started.story)
        self.assertEqual([len(data) for data in remote.data()], [len(data) for data in expected])
        self.assertEqual(remote.data(), expected)

    def test_what_the_remote_lets_the_kernel_cut_arrives_cut(self):
        whole = pattern(20_300)

        def talk(sock, data, peer):
            sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(data))
            sock.sendto(whole, peer)
        started = self.udp_relay(self.remote(talk).port)
        client = self.client()
        for segment in (1000, 1400, 20_300, 700, 20_299) * 4:
            client.sendto(str(segment).encode(), started.at)
            for at in range(0, len(whole), segment):
                self.assertEqual(client.recv(65536), whole[at:at + segment], (segment, at))


class Addresses(UdpCase):
    def answers_from(self, started, client, host):
        client.sendto(b"to " + host.encode(), (host, started.port))
        data, peer = receive(client)
        self.assertEqual((data.decode(), peer), ("to " + host, (host, started.port)))

    def test_the_answer_leaves_from_the_address_the_client_used(self):
        for env in (None, ONE_WORKER):
            started = self.udp_relay(self.remote().port, listen="0.0.0.0", env=env)
            for host in ("127.0.0.1", "127.0.0.9", "127.255.3.4"):
                self.answers_from(started, self.client(), host)
                self.answers_from(started, self.client("127.0.0.77"), host)

    def test_one_client_may_use_several_addresses_at_once(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, listen="0.0.0.0")
        client = self.client("0.0.0.0")
        for _ in range(3):
            for host in ("127.0.0.1", "127.0.0.9"):
                self.answers_from(started, client, host)
        self.assertEqual(len(remote.peers), 2, "an association for each address")

    def test_a_late_answer_leaves_from_there_too(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, listen="0.0.0.0")
        client = self.client("0.0.0.0")
        for host in ("127.0.0.9", "127.0.0.1"):
            client.sendto(host.encode(), (host, started.port))
        until(lambda: len(remote.got) == 2, started.story)
        for data, peer in remote.got[::-1]:
            remote.sock.sendto(data, peer)
            said, source = receive(client)
            self.assertEqual((said, source[0]), (data, data.decode()))

    def test_a_dual_stack_listener_serves_both_families(self):
        started = self.udp_relay(self.remote().port, listen="::")
        for host in ("127.0.0.1", "127.0.0.9"):
            self.answers_from(started, self.client("127.0.0.1"), host)
        self.answers_from(started, self.client("::1"), "::1")
        clients = {line[0].rsplit(":", 1)[0] for line in opened(started)}
        self.assertIn("[::1]", clients)

    def test_ipv6_only_leaves_ipv4_alone(self):
        started = self.udp_relay(self.remote().port, listen="::", network="ipv6_only = true")
        self.answers_from(started, self.client("::1"), "::1")
        client = self.client()
        client.connect(("127.0.0.1", started.port))
        client.send(b"?")
        with self.assertRaises(ConnectionRefusedError):
            client.recv(10)

    def test_answers_from_third_parties_arrive(self):
        remote = self.remote()
        started = self.udp_relay(remote.port)
        client = self.client()
        self.assertEqual(ask(client, b"hello", started.at), b"hello")
        for third in (self.client("127.0.0.3"), self.client("127.0.0.1")):
            third.sendto(b"from elsewhere", remote.peers[0])
            data, peer = receive(client)
            self.assertEqual((data, peer), (b"from elsewhere", started.at))

    def test_no_two_clients_share_a_port(self):
        count = 400
        remote = self.remote()
        started = self.udp_relay(remote.port)
        clients = [self.client() for _ in range(count)]
        for number, client in enumerate(clients):
            client.sendto(b"%d" % number, started.at)
        for number, client in enumerate(clients):
            self.assertEqual(client.recv(100), b"%d" % number)
            self.assertTrue(is_quiet(client, 0))
        self.assertEqual(len(remote.peers), count)
        self.assertEqual(len({port for _, port in remote.peers}), count)


class Outgoing(UdpCase):
    def test_through_is_the_source_that_the_remote_sees(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, endpoint='through = "127.0.0.5"')
        for word in (b"one", b"two"):
            self.assertEqual(ask(self.client(), word, started.at), word)
        self.assertEqual([host for host, _ in remote.peers], ["127.0.0.5"] * 2)

    def test_through_with_a_port_is_that_port(self):
        remote, port = self.remote(), free_port()
        started = self.udp_relay(remote.port, endpoint=f'through = "127.0.0.5:{port}"')
        self.assertEqual(ask(self.client(), b"one", started.at), b"one")
        self.assertEqual(remote.peers, [("127.0.0.5", port)])

    def test_through_of_the_other_family_is_refused(self):
        text = ('[[endpoints]]\nlisten = "127.0.0.1:1"\nremote = "[::1]:1"\nthrough = "127.0.0.5"\n'
                "network = { use_udp = true, no_tcp = true }\n")
        self.assertIn("through", self.cli("-c", self.file("bad.toml", text), code=78).stderr)

    def test_interface_is_the_device(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, endpoint='interface = "lo"')
        self.assertEqual(ask(self.client(), b"over lo", started.at), b"over lo")

    def test_an_interface_that_is_not_there_is_an_error_and_no_end(self):
        started = self.udp_relay(self.remote().port, endpoint='interface = "no-such-dev"')
        self.client().sendto(b"lost", started.at)
        until(lambda: "[realm_core::udp][ERROR]" in started.out(), started.story)
        self.assertTrue(started.running())


class Listeners(UdpCase):
    def test_tcp_and_udp_share_a_port(self):
        remote = self.remote()
        with Server(tcp_named("over tcp"), port=remote.port):
            started = self.udp_relay(remote.port, tcp=True)
            self.assertEqual(ask(self.client(), b"over udp", started.at), b"over udp")
            self.assertEqual(hear(started.port), b"over tcp")

    def test_without_tcp_nobody_listens_there(self):
        started = self.udp_relay(self.remote().port)
        self.assertEqual(ask(self.client(), b"!", started.at), b"!")
        with self.assertRaises(ConnectionRefusedError):
            hear(started.port)

    def test_the_flags_of_the_command_line(self):
        remote = self.remote()
        started = self.start_on_free_port(
            lambda port: ("-u", "-t", "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{remote.port}"),
            tcp=False, udp=True)
        self.assertEqual(ask(self.client(), b"!", ("127.0.0.1", started.port)), b"!")

    def test_the_second_of_two_equal_addresses_is_reported_and_the_first_serves(self):
        first, second = self.remote(named("first")), self.remote(named("second"))
        started = self.udp_relay(
            first.port, network='[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
            f'remote = "127.0.0.1:{second.port}"\nnetwork = {{ use_udp = true, no_tcp = true }}')
        self.assertEqual({ask(self.client(), b"?", started.at) for _ in range(8)}, {b"first"})
        self.assertIn("(UDP)", started.err())
        self.assertRegex(started.err(), r"relay\.toml:\d+[\s\S]*relay\.toml:\d+")

    def test_a_port_that_is_busy_for_udp_alone_is_reported(self):
        for env in (None, ONE_WORKER):
            busy = self.remote()
            started = self.udp_relay(
                self.remote().port, network=f'[[endpoints]]\nlisten = "127.0.0.1:{busy.port}"\n'
                'remote = "127.0.0.1:9"\nnetwork = { use_udp = true, no_tcp = true }', env=env)
            self.assertEqual(ask(self.client(), b"good", started.at), b"good")
            self.assertRegex(started.err(), rf"127\.0\.0\.1:{busy.port} for UDP: .*in use")

    def test_no_port_at_all_ends_with_69(self):
        busy = self.remote()
        done = self.cli("-u", "-t", "-l", f"127.0.0.1:{busy.port}", "-r", "127.0.0.1:9", code=69)
        self.assertIn("for UDP", done.stderr)

    def test_the_remote_may_come_later(self):
        port = free_port()
        started = self.udp_relay(port)
        client = self.client()
        client.sendto(b"lost", started.at)
        until(lambda: opened(started), started.story)
        self.remote(port=port)
        self.assertEqual(ask(client, b"now", started.at), b"now")
