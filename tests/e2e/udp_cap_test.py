"""Associations that make room for others: the cap, too few descriptors, too few ports."""

import collections

from support.network import SecondNetwork, connect_networks, in_own_network, ip
from support.relay import stopped
from support.servers import ask as ask_tcp, echo as tcp_echo
from support.udp import (UdpCase, address, ask, ask_patiently, finished, is_quiet, open_socket,
                         opened, queued, receive, silent)
from support.wait import Deadline, until

TIMEOUT = 60
ONE_WORKER = {"RELAY_WORKERS": "1"}


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

    def test_an_answer_leaves_although_its_association_goes_in_the_same_turn(self):
        """Both come while the relay stands still, so it finds them together."""
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, endpoint="max_associations = 1", env=ONE_WORKER)
        old = self.client()
        for number in range(10):
            old.sendto(b"question", started.at)
            until(lambda: len(remote.got) == 2 * number + 1, started.story)
            new = self.client()
            way_back = remote.got[-1][1]
            with stopped(started.process):
                remote.sock.sendto(b"answer", way_back)
                until(lambda: queued(way_back[1]), "the answer comes first")
                new.sendto(b"newcomer", started.at)
                until(lambda: queued(started.port), "and then the newcomer")
            self.assertEqual(receive(old), (b"answer", started.at))
            until(lambda: len(remote.got) == 2 * number + 2, started.story)
            remote.sock.sendto(b"welcome", remote.got[-1][1])
            self.assertEqual(receive(new), (b"welcome", started.at))
            self.assertTrue(is_quiet(old, 0))
            old = new
        self.assertEqual(len(self.ended(started, 10)), 10)

    def test_the_cap_holds_over_all_workers(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 8",
                                 env={"RELAY_WORKERS": "4"})
        for number in range(100):
            client = self.client()
            self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
            self.assertLessEqual(len(opened(started)) - len(finished(started)), 8)
        self.ended(started, 92)

    def test_late_answers_to_one_that_went_reach_nobody_else(self):
        """Its port is not given to another client at once: as many as the cap are kept a while."""
        waiting = collections.deque()

        def talk(sock, data, peer):  # answers when the asker has long been evicted
            waiting.append((data, peer))
            if len(waiting) > 100:
                sock.sendto(*waiting.popleft())
        count = 3000
        remote = self.remote(talk)
        started = self.udp_relay(remote.port, endpoint="max_associations = 64", env=ONE_WORKER,
                                 level="error")
        clients = collections.deque()
        for number in range(count):
            clients.append((b"%d" % number, open_socket()))
            clients[-1][1].sendto(clients[-1][0], started.at)
            if number % 10 == 0:  # not faster than the remote
                until(lambda number=number: len(remote.got) > number, started.story)
            if len(clients) > 300:
                self.hears_only_its_own(*clients.popleft())
        while clients:
            self.hears_only_its_own(*clients.popleft())

    def hears_only_its_own(self, word, client):
        with client:
            client.setblocking(False)
            try:
                self.assertEqual(client.recv(100), word)
            except BlockingIOError:
                pass

    def test_one_is_enough_for_clients_that_take_turns(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 1",
                                 env={"RELAY_WORKERS": "2"})
        clients = [self.client() for _ in range(3)]
        for turn in range(20):
            for client in clients:
                self.assertEqual(ask(client, b"%d" % turn, started.at), b"%d" % turn)


class Assured(UdpCase):
    """Who has spoken again after an answer goes after those who have not (conntrack's ASSURED)."""

    def crowd(self, started, count):
        """So many new clients, answered once each. Their sockets stay open: the port of a closed one
        may be given to another, which would then look like one that spoke again."""
        for number in range(count):
            self.assertEqual(ask(self.client(), b"%d" % number, started.at), b"%d" % number)

    def test_a_flood_of_newcomers_pushes_out_nobody_who_talks(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, endpoint="max_associations = 20", env=ONE_WORKER)
        clients = [self.client() for _ in range(10)]
        for word in (b"first", b"second"):
            for client in clients:
                self.assertEqual(ask(client, word, started.at), word)
        self.crowd(started, 500)
        for client in clients:
            self.assertEqual(ask(client, b"still here", started.at), b"still here")
        ways = [peer for data, peer in remote.got if data == b"first"]
        self.assertEqual(ways, [peer for data, peer in remote.got if data == b"still here"])
        gone = {each["client"] for each in self.ended(started, 490)}
        self.assertFalse(gone & {address(client) for client in clients})

    def test_one_that_was_answered_and_is_silent_is_no_better_than_others(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 20",
                                 env=ONE_WORKER)
        silent_one = self.client()
        self.assertEqual(ask(silent_one, b"once", started.at), b"once")
        self.crowd(started, 25)
        self.assertEqual(self.ended(started)[0]["client"], address(silent_one))

    def test_where_all_are_assured_the_oldest_of_them_goes(self):
        started = self.udp_relay(self.remote().port, endpoint="max_associations = 3",
                                 env=ONE_WORKER)
        clients = [self.client() for _ in range(4)]
        for client in clients:
            for word in (b"one", b"two"):
                self.assertEqual(ask(client, word, started.at), word)
        self.assertEqual([each["client"] for each in self.ended(started)], [address(clients[0])])


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

    def test_datagrams_do_not_take_the_descriptors_of_connections(self):
        remote, _ = self.remote_of_both(tcp_echo)
        started = self.udp_relay(remote.port, tcp=True, nofile=64, env=ONE_WORKER,
                                 network="udp_timeout = 0")
        for number in range(100):
            self.assertEqual(ask(self.client(), b"%d" % number, started.at), b"%d" % number)
        for number in range(20):
            self.assertEqual(ask_tcp(started.port, b"%d" % number), b"%d" % number)
        self.assertEqual(ask(self.client(), b"still here", started.at), b"still here")

    def test_a_port_does_not_change_hands_at_once(self):
        """The newcomer would hear what is on its way to the client that went."""
        def body():
            remote = self.remote(silent, port=20000)
            started = self.udp_relay(remote.port, env=ONE_WORKER)
            clients = [self.client(port=21000 + number) for number in range(8)]
            for number, client in enumerate(clients):
                client.sendto(b"%d" % number, started.at)
            until(lambda: len(remote.peers) == len(clients), started.story)
            newcomer = self.client(port=22000)
            for _ in range(10):
                newcomer.sendto(b"new", started.at)
            started.wait_text("no port is left")
            for way in remote.peers:
                remote.sock.sendto(b"late", way)
            self.assertTrue(is_quiet(newcomer), "an answer for another")
            # A quarter may have to go, the oldest first: another one if the newcomer asks again.
            gone = [each["client"] for each in finished(started)]
            self.assertEqual(gone, [address(client) for client in clients[:len(gone)]])
            self.assertIn(len(gone), (1, 2))
            for client in clients[len(gone):]:
                self.assertEqual(client.recv(100), b"late")
        in_own_network(body, {"net/ipv4/ip_local_port_range": "40000 40007"})

    def test_without_ports_a_newcomer_is_served_when_one_has_become_free(self):
        def body():
            remote = self.remote(port=20000)
            started = self.udp_relay(remote.port, env=ONE_WORKER)
            for number in range(8):
                client = self.client(port=21000 + number)
                self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
            self.assertEqual(ask_patiently(self.client(port=22000), b"new", started.at), b"new")
            # A quarter may have to go, the oldest first: another one if the newcomer asks again.
            gone = len(self.ended(started, 1))
            self.assertIn(gone, (1, 2))
            self.assertIn(remote.got[-1][1], remote.peers[:gone], "the port of one that went")
            self.assertEqual(ask(client, b"the last stays", started.at), b"the last stays")
        in_own_network(body, {"net/ipv4/ip_local_port_range": "40000 40007"})

    def test_endpoints_give_way_to_each_other(self):
        """The one that has taken everything is not the one that is asked."""
        remote = self.remote()
        second = (f'[[endpoints]]\nlisten = "127.0.0.2:LISTEN"\nremote = "127.0.0.1:{remote.port}"\n'
                  'network = { use_udp = true, no_tcp = true }\n')
        for workers in ("1", "3"):
            with self.subTest(workers=workers):
                started = self.udp_relay(remote.port, nofile=64, env={"RELAY_WORKERS": workers},
                                         network=second)
                for number in range(100):
                    self.assertEqual(ask(self.client(), b"%d" % number, started.at), b"%d" % number)
                at = ("127.0.0.2", started.port)
                for number in range(5):  # a first datagram may be lost, as on any full wire
                    word = b"%d" % number
                    self.assertEqual(ask_patiently(self.client(), word, at), word)

    def test_where_ports_have_run_out_others_do_not_wait_for_it(self):
        """The kernel looks long for a free port among thousands; nobody may notice."""
        settings = {"net/ipv4/ip_local_port_range": "30000 33999"}

        def body():
            remote = self.remote(port=20000)
            known = self.client(port=20500)
            started = self.udp_relay(remote.port, env=ONE_WORKER, level="warn")
            self.assertEqual(ask(known, b"first", started.at), b"first")
            before = started.processor_seconds()
            for number in range(5000):
                with open_socket(port=34000 + number % 6000) as client:
                    client.sendto(b"%d" % number, started.at)
                if number % 10 == 0:
                    self.assertEqual(ask(known, b"known", started.at), b"known")
            self.assertIn("no port is left", started.out())
            # A second for 5,000 clients; milliseconds for each of the last thousand would be more.
            self.assertLess(started.processor_seconds() - before, 3)
        in_own_network(body, settings)


class Device(UdpCase):
    def test_one_that_was_made_anew_is_used_again(self):
        """A socket stays bound to the device that there was: ppp0 and wg0 come and go."""
        def body():
            with SecondNetwork() as other:
                connect_networks(other)
                remote = other.run(lambda: self.remote(host="10.7.0.2", port=20000))
                started = self.udp_relay(f"10.7.0.2:{remote.port}", env=ONE_WORKER,
                                         endpoint='interface = "near"')
                client = self.client()
                self.assertEqual(ask_patiently(client, b"first", started.at), b"first")
                ip("link del near")
                client.sendto(b"lost", started.at)
                started.wait_text("sending: no such device")
                connect_networks(other)
                self.assertEqual(ask_patiently(client, b"again", started.at), b"again")
        in_own_network(body)
