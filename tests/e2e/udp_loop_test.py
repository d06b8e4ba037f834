"""Datagrams that would go round for ever: forged sources, and relays that lead to one another."""

import socket
import struct

from support.dns import Answer, NameServer
from support.network import in_own_network
from support.ports import free_port
from support.udp import UdpCase, ask, is_quiet, opened
from support.wait import Deadline, until

TIMEOUT = 60
ONE_WORKER = {"RELAY_WORKERS": "1"}
LOOP = "dropping datagrams: the same comes back more than 50 times a second"


def forge(data, source, to):
    """Sends one datagram with a source of ours that is not this socket's."""
    host, port = source
    udp = struct.pack("!HHHH", port, to[1], 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(host), socket.inet_aton(to[0]))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(head + udp, (to[0], 0))


def endpoint(port, remote):
    return (f'[[endpoints]]\nlisten = "127.0.0.1:{port}"\nremote = "{remote}"\n'
            'network = { use_udp = true, no_tcp = true }\n')


class OwnListeners(UdpCase):
    """The answer to what comes from a listener would come to it, and be answered."""

    def test_what_comes_from_its_own_listener_is_dropped(self):
        def body():
            remote = self.remote()
            for listen in ("127.0.0.1", "0.0.0.0", "::"):
                started = self.udp_relay(remote.port, listen=listen, level="warn")
                at = ("127.0.0.1", started.port)
                for _ in range(20):
                    forge(b"round", at, at)
                    forge(b"round", ("127.0.0.1", started.port + 1), at)  # somebody's
                until(lambda: remote.data().count(b"round") >= 20, started.story)
                self.assertEqual(ask(self.client(), b"after", at), b"after")
                self.assertEqual(remote.data().count(b"round"), 20)
                self.assertEqual(started.out().count("the source is a listener of this relay"), 1)
                remote.got.clear()
        in_own_network(body)

    def test_what_comes_from_a_listener_of_another_endpoint_is_dropped(self):
        def body():
            remote, second = self.remote(), free_port()
            started = self.udp_relay(remote.port, level="warn",
                                     network=endpoint(second, f"127.0.0.1:{remote.port}"))
            forge(b"round", ("127.0.0.1", second), started.at)
            forge(b"round", started.at, ("127.0.0.1", second))
            started.wait_text("the source is a listener of this relay")
            for to in (started.at, ("127.0.0.1", second)):
                self.assertEqual(ask(self.client(), b"after", to), b"after")
            self.assertEqual(remote.data(), [b"after"] * 2)
        in_own_network(body)

    def test_a_chain_of_endpoints_in_one_process_goes_on_working(self):
        remote, second, third = self.remote(), free_port(), free_port()
        for workers in ("1", "2"):
            started = self.udp_relay(
                second, network=endpoint(second, f"127.0.0.1:{third}") +
                endpoint(third, f"127.0.0.1:{remote.port}"), env={"RELAY_WORKERS": workers})
            for number in range(10):
                client = self.client()
                for _ in range(3):
                    self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
            started.stop()

    def test_a_ring_of_endpoints_by_names_is_cut(self):
        names = NameServer(lambda *_: Answer(["127.0.0.1"], ttl=60))
        self.addCleanup(names.close)
        second = free_port()
        started = self.udp_relay(f"a.test:{second}", network=endpoint(second, "b.test:LISTEN"),
                                 top=f'[dns]\nnameservers = ["{names.address}"]\n'
                                     'mode = "ipv4_only"', env=ONE_WORKER)
        client = self.client()
        client.sendto(b"round and round", started.at)
        until(lambda: "own listener" in started.out(), started.story)
        for number in range(20):
            client.sendto(b"%d" % number, started.at)
        self.assertTrue(is_quiet(client))
        self.assertLessEqual(len(opened(started)), 2, started.story())


class Relays(UdpCase):
    """Other relays cannot be known: what goes round is recognised by itself."""

    def comes_to_rest(self, count, what):
        """For a while nothing is added any more."""
        nobody, limit = self.client(), Deadline(10)
        while not limit.over():
            before = count()
            is_quiet(nobody)
            if count() == before:
                return
        self.fail(what)

    def test_one_forged_datagram_does_not_circle_for_ever(self):
        def body():
            first, second = self.remote(), self.remote()
            one = self.udp_relay(first.port, level="warn", env=ONE_WORKER)
            other = self.udp_relay(second.port, level="warn", env=ONE_WORKER)
            for _ in range(3):
                forge(b"round", other.at, one.at)
            until(lambda: LOOP in one.out() + other.out(), one.story)
            self.comes_to_rest(lambda: len(first.got) + len(second.got), "it circles")
            self.assertLessEqual(one.out().count(LOOP), 1, "said once")
            for started in (one, other):
                self.assertEqual(ask(self.client(), b"after", started.at), b"after")
        in_own_network(body)

    def test_two_relays_that_are_each_others_remote(self):
        ports = [free_port(), free_port()]
        pair = [self.start("-c", self.file(f"{number}.toml", '[log]\nlevel = "debug"\n' +
                                           endpoint(ports[number], f"127.0.0.1:{ports[1 - number]}")),
                           ports={ports[number]}, tcp=False, udp=True, env=ONE_WORKER)
                for number in range(2)]
        self.client().sendto(b"round and round", ("127.0.0.1", ports[0]))
        until(lambda: any(LOOP in each.out() for each in pair), pair[0].story)
        self.comes_to_rest(lambda: sum(len(opened(each)) for each in pair), "it goes round")
        self.assertTrue(all(each.running() for each in pair))

    def test_a_client_that_repeats_itself_is_served(self):
        """It looks like a loop, but goes on after the pause."""
        started = self.udp_relay(self.remote().port, level="warn", env=ONE_WORKER)
        client, answered = self.client(port=free_port(), seconds=0.02), 0

        def is_suspected():
            nonlocal answered
            for _ in range(20):
                client.sendto(b"the same", started.at)
                try:
                    answered += client.recv(100) == b"the same"
                except TimeoutError:
                    pass
            return LOOP in started.out()
        until(is_suspected, started.story)
        before = answered

        def is_served_again():
            is_suspected()
            return answered > before + 100
        until(is_served_again, started.story)
        self.assertEqual(started.out().count(LOOP), 1)

    def test_whoever_measures_round_trips_is_no_relay(self):
        """By its port, which is one that systems give to clients."""
        started = self.udp_relay(self.remote().port, env=ONE_WORKER)
        client, limit, count = self.client(), Deadline(1.4), 0
        while not limit.over() or count < 100:
            self.assertEqual(ask(client, b"the same", started.at), b"the same")
            count += 1
        self.assertNotIn("dropping", started.out())
