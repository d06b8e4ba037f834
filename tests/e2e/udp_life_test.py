"""When associations end: idleness, the cap, too few descriptors or ports, the end of the relay."""

import select
import signal
import time

from support.dns import Answer, NameServer
from support.network import in_own_network
from support.ports import listening
from support.relay import SANITIZED
from support.servers import Server, ask as ask_tcp, dial, echo as tcp_echo
from support.udp import UdpCase, ask, finished, opened, silent
from support.wait import Deadline, until

TIMEOUT = 60
ONE_WORKER = {"RELAY_WORKERS": "1"}
SHORT = 'udp_timeout = "500ms"'
LONGER = 2.0  # seconds: several times SHORT


def address(sock):
    return "{}:{}".format(*sock.getsockname()[:2])


class Idle(UdpCase):
    def test_an_idle_association_ends_and_the_next_datagram_begins_a_new_one(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, network='udp_timeout = "300ms"')
        client = self.client()
        self.assertEqual(ask(client, b"one", started.at), b"one")
        done = self.ended(started)[0]
        self.assertEqual(done["end"], "idle")
        self.assertGreaterEqual(int(done["ms"]), 250)
        self.assertLess(int(done["ms"]), 5000)
        self.assertEqual(ask(client, b"two", started.at), b"two")
        self.assertEqual(len(opened(started)), 2)

    def test_what_the_client_sends_keeps_it(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, network=SHORT)
        client, limit, sent = self.client(), Deadline(LONGER), 0
        while not limit.over():
            client.sendto(b"%d" % sent, started.at)
            sent += 1
            until(lambda: len(remote.got) == sent, started.story)
        self.assertEqual(len(remote.peers), 1)
        self.assertEqual(finished(started), [])
        self.assertEqual(self.ended(started)[0]["end"], "idle")

    def test_what_the_remote_sends_keeps_it(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, network=SHORT)
        client, limit, sent = self.client(), Deadline(LONGER), 0
        client.sendto(b"begin", started.at)
        until(lambda: remote.got, started.story)
        while not limit.over():
            remote.sock.sendto(b"%d" % sent, remote.peers[0])
            self.assertEqual(client.recv(100), b"%d" % sent)
            sent += 1
            select.select([client], [], [], 0.02)  # the remote's pace
        self.assertEqual(finished(started), [])
        client.sendto(b"still there", started.at)
        until(lambda: len(remote.got) == 2, started.story)
        self.assertEqual(len(remote.peers), 1)

    def test_zero_is_never(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, network="udp_timeout = 0")
        brief = self.udp_relay(remote.port, network='udp_timeout = "300ms"')
        client, other = self.client(), self.client()
        self.assertEqual(ask(client, b"one", started.at), b"one")
        for count in range(1, 5):  # its clock
            self.assertEqual(ask(other, b"tick", brief.at), b"tick")
            self.ended(brief, count)
        self.assertEqual(finished(started), [])
        self.assertEqual(ask(client, b"two", started.at), b"two")
        self.assertEqual(len(opened(started)), 1)

    def test_the_shortest_and_the_longest_time_are_as_good_as_others(self):
        remote = self.remote()
        brief = self.udp_relay(remote.port, network='udp_timeout = "1ms"')
        long = self.udp_relay(remote.port, network="udp_timeout = 4294967295")
        client, other = self.client(), self.client()
        self.assertEqual(ask(other, b"one", long.at), b"one")
        for count in range(1, 4):
            self.assertEqual(ask(client, b"!", brief.at), b"!")
            self.assertEqual(self.ended(brief, count)[-1]["end"], "idle")
        self.assertEqual(ask(other, b"two", long.at), b"two")
        self.assertEqual(finished(long), [])
        self.assertLess(long.processor_seconds(), 1)

    def test_each_of_many_ends_in_its_time(self):
        count = 200
        started = self.udp_relay(self.remote().port, network='udp_timeout = "1s"')
        before = self.descriptors_without_clients(started)
        clients = [self.client() for _ in range(count)]
        for client in clients:
            self.assertEqual(ask(client, b"!", started.at), b"!")
        done = self.ended(started, count + 1)
        self.assertEqual({each["end"] for each in done}, {"idle"})
        self.assertLess({address(client) for client in clients}, {each["client"] for each in done})
        until(lambda: started.descriptors() <= before, started.story)


class Cap(UdpCase):
    def test_the_one_that_has_been_idle_for_longest_goes(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, endpoint="max_associations = 3", env=ONE_WORKER)
        first, second, third, fourth = clients = [self.client() for _ in range(4)]
        for client in (first, second, third):
            self.assertEqual(ask(client, b"in", started.at), b"in")
        moment = Deadline(0.1)  # use is seen in steps of some milliseconds
        while not moment.over():
            self.assertEqual(ask(first, b"again", started.at), b"again")
            self.assertEqual(ask(third, b"again", started.at), b"again")
        self.assertEqual(ask(fourth, b"in", started.at), b"in")
        done = self.ended(started)
        self.assertEqual([(each["client"], each["end"]) for each in done],
                         [(address(second), "evicted")])
        self.assertIn("max_associations is reached", started.out())
        # It may come back, and then another goes.
        self.assertEqual(ask(second, b"back", started.at), b"back")
        self.assertEqual(len(self.ended(started, 2)), 2)
        self.assertEqual(len(opened(started)), len(clients) + 1)

    def test_the_cap_holds_over_all_workers(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 8",
                                 env={"RELAY_WORKERS": "4"})
        before = self.descriptors_without_clients(started)
        for number in range(100):
            client = self.client()
            self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
            # Those that went keep their ports for a while, as many as there may be.
            self.assertLessEqual(started.descriptors() - before, 16)
        self.ended(started, 92)

    def test_one_is_enough_for_clients_that_take_turns(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 1",
                                 env={"RELAY_WORKERS": "2"})
        clients = [self.client() for _ in range(3)]
        for turn in range(20):
            for client in clients:
                self.assertEqual(ask(client, b"%d" % turn, started.at), b"%d" % turn)


class Shortage(UdpCase):
    def test_without_descriptors_the_oldest_goes_and_nobody_is_refused(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, nofile=64, env=ONE_WORKER)
        for number in range(300):
            self.assertEqual(ask(self.client(), b"%d" % number, started.at), b"%d" % number)
        done = self.ended(started, 200)
        self.assertEqual({each["end"] for each in done}, {"evicted"})
        order = [client for client, *_ in opened(started)]
        self.assertEqual([each["client"] for each in done], order[:len(done)])
        self.assertIn("no descriptor is left", started.out())
        warnings = [line for line in started.out().splitlines() if "[WARN]" in line]
        self.assertLess(len(warnings), 10, started.story())

    def test_tcp_is_served_again_when_associations_end(self):
        remote = self.remote()
        with Server(tcp_echo, port=remote.port):
            started = self.udp_relay(remote.port, tcp=True, nofile=64, env=ONE_WORKER,
                                     network='udp_timeout = "1s"')
            for number in range(100):
                self.assertEqual(ask(self.client(), b"%d" % number, started.at), b"%d" % number)
            for number in range(20):
                self.assertEqual(ask_tcp(started.port, b"%d" % number), b"%d" % number)
            self.assertEqual(ask(self.client(), b"still here", started.at), b"still here")

    def test_without_ports_the_oldest_goes(self):
        ports = range(40000, 40020)

        def body():
            remote = self.remote(port=20000)
            started = self.udp_relay(remote.port, env=ONE_WORKER)
            for number in range(60):
                client = self.client(port=21000 + number)
                self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
            self.assertTrue({port for _, port in remote.peers} <= set(ports))
            done = self.ended(started, 60 - len(ports))
            self.assertEqual({each["end"] for each in done}, {"evicted"})
            self.assertIn("no port or descriptor is left", started.out())
            self.assertEqual(ask(client, b"the last stays", started.at), b"the last stays")
        in_own_network(body, {"net/ipv4/ip_local_port_range": f"{ports[0]} {ports[-1]}"})


class End(UdpCase):
    def test_sigterm_does_not_wait_for_datagrams(self):
        started = self.udp_relay(self.remote().port, network="udp_timeout = 0")
        clients = [self.client() for _ in range(5)]
        for client in clients:
            self.assertEqual(ask(client, b"!", started.at), b"!")
        began = time.monotonic()
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertLess(time.monotonic() - began, 8 if SANITIZED else 3)
        self.assertEqual([each["end"] for each in finished(started)], ["shutdown"] * 5)

    def test_sigterm_does_not_wait_for_a_name(self):
        names = NameServer(lambda *_: Answer(drop=True))
        self.addCleanup(names.close)
        started = self.udp_relay("name.test:9", top=f'[dns]\nnameservers = ["{names.address}"]')
        client = self.client()
        for _ in range(100):
            client.sendto(b"waits", started.at)
        until(names.count, started.story)
        began = time.monotonic()
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertLess(time.monotonic() - began, 8 if SANITIZED else 3)

    def test_known_clients_go_on_while_connections_finish(self):
        remote = self.remote()
        with Server(tcp_echo, port=remote.port) as server:
            started = self.udp_relay(remote.port, tcp=True)
            client, late = self.client(), self.client()
            self.assertEqual(ask(client, b"before", started.at), b"before")
            with dial(started.port) as sock:
                until(lambda: server.seen, started.story)
                started.signal(signal.SIGTERM)
                until(lambda: started.port not in listening(started.pid), started.story)
                self.assertEqual(ask(client, b"during", started.at), b"during")
                late.sendto(b"too late", started.at)
                self.assertEqual(ask(client, b"after", started.at), b"after")
                self.assertNotIn(b"too late", remote.data())
                sock.sendall(b"bye")
                self.assertEqual(sock.recv(10), b"bye")
            self.assertEqual(started.wait_exit(), 0)


class Lines(UdpCase):
    def test_an_association_is_told_when_it_begins_and_ends(self):
        remote = self.remote(lambda sock, data, peer: sock.sendto(data * 2, peer))
        started = self.udp_relay(remote.port, network='udp_timeout = "300ms"')
        client = self.client()
        for _ in range(3):
            self.assertEqual(ask(client, b"12345", started.at), b"12345" * 2)
        done = self.ended(started)[0]
        target = f"127.0.0.1:{remote.port}"
        self.assertEqual(opened(started), [(address(client), target, target)])
        self.assertEqual({key: done[key] for key in done if key not in ("id", "ms")}, {
            "client": address(client), "remote": target, "up": "15", "down": "30",
            "up_datagrams": "3", "down_datagrams": "3", "end": "idle"})
        self.assertIn("[realm_core::udp::middle][DEBUG][udp]remove association for " +
                      address(client), started.out())

    def test_at_level_info_only_the_beginning(self):
        started = self.udp_relay(self.remote().port, network='udp_timeout = "300ms"', level="info")
        before = self.descriptors_without_clients(started)
        until(lambda: started.descriptors() <= before, started.story)
        self.assertEqual(len(opened(started)), 1)
        self.assertEqual(finished(started), [])
