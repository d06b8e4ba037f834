"""Datagrams through the relay: unchanged, in order, from and to the right addresses."""

import random
import socket
import struct

from support.network import in_own_network
from support.servers import pattern
from support.udp import MOST_BYTES, UdpCase, ask, named, silent
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


class Mtu(UdpCase):
    """Where packets are small: what is larger leaves in fragments."""
    MTU = 1500

    def in_small_packets(self, body):
        in_own_network(body, mtu=self.MTU)

    def test_every_size_passes_in_fragments(self):
        def body():
            with_remote = self.udp_relay(self.remote().port)
            client = self.client()
            for size in SIZES:
                data = pattern(size, seed=size)
                self.assertEqual(ask(client, data, with_remote.at), data, size)
        self.in_small_packets(body)

    def runs(self, sizes, env=None):
        remote = self.remote()
        started = self.udp_relay(remote.port, env=env)
        client, expected = self.client(), []
        for number, size in enumerate(sizes):
            burst = numbered([size] * 30, seed=number)
            expected += burst
            for data in burst:
                client.sendto(data, started.at)
            for data in burst:
                self.assertEqual(client.recv(65536), data, size)
        self.assertEqual(remote.data(), expected)

    def test_runs_that_the_kernel_may_not_cut_are_not_lost(self):
        """UDP_SEGMENT is refused for datagrams beyond the MTU."""
        def body():
            self.runs([1400, 1472, 1473, 4000, 1472, 9000, 1473, 100] * 3)
            self.runs([1473, 4000, 1400] * 5, ONE_WORKER)
        self.in_small_packets(body)

    def test_over_ipv6_too(self):
        def body():
            remote = self.remote(host="::1")
            started = self.udp_relay(f"[::1]:{remote.port}", listen="::1")
            client = self.client("::1")
            for size in (4, 1452, 1453, 1472, 4000, 65507):
                # As fragments the largest take three times their size in the relay's queue (4 MiB).
                burst = numbered([size] * (20 if size < 65507 else 8))
                for data in burst:
                    client.sendto(data, started.at)
                for data in burst:
                    self.assertEqual(client.recv(65536), data, size)
        self.in_small_packets(body)
