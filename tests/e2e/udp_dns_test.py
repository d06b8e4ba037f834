"""Datagrams to a remote with a name: the first ones wait for it, later ones follow its address."""

import threading

from support.dns import AAAA, NXDOMAIN, SERVFAIL, A, Answer, NameServer
from support.network import in_own_network
from support.udp import UdpCase, ask, ask_patiently, named, opened, silent
from support.wait import until

TIMEOUT = 60
V4, V4_OTHER, V6 = "127.0.0.2", "127.0.0.3", "::1"


class Named(UdpCase):
    def name_server(self, script):
        made = NameServer(script)
        self.addCleanup(made.close)
        return made

    def named_relay(self, names, port, mode="ipv4_and_ipv6", **options):
        top = f'[dns]\nnameservers = ["{names.address}"]\nmode = "{mode}"\n'
        return self.udp_relay(f"name.test:{port}", top=top, **options)

    def until_reached(self, started, client, host, seconds=20):
        """Asks until the answer comes from that remote; what it got before that."""
        got = []

        def reached():
            got.append(ask(client, b"?", started.at).decode())
            return got[-1] == host
        until(reached, started.story, seconds)
        return got[:-1]

    def stays(self, started, client, host, names, questions):
        """The answers come from that remote while the name server is asked so many times more."""
        asked = names.count()

        def asked_again():
            self.assertEqual(ask(client, b"?", started.at), host.encode())
            return names.count() >= asked + questions
        until(asked_again, started.story, 40)


class First(Named):
    def test_the_first_datagrams_wait_for_the_name_and_keep_their_order(self):
        answer = threading.Event()

        def script(*_):
            answer.wait(20)
            return Answer([V4])
        names = self.name_server(script)
        remote = self.remote(silent, host=V4)
        started = self.named_relay(names, remote.port, env={"RELAY_WORKERS": "1"})
        clients = [self.client() for _ in range(5)]
        for number in range(10):
            for client in clients:
                client.sendto(b"%d" % number, started.at)
        until(names.count, started.story)
        self.assertEqual(remote.got, [])
        answer.set()
        until(lambda: len(remote.got) == 50, started.story)
        self.assertEqual(len(remote.peers), len(clients))
        for peer in remote.peers:
            mine = [int(data) for data, source in remote.got if source == peer]
            self.assertEqual(mine, list(range(10)))
        self.assertEqual(names.count(kind=A), 1)

    def test_large_and_empty_ones_wait_too(self):
        names = self.name_server(lambda *_: Answer([V4], delay=0.3))
        remote = self.remote(silent, host=V4)
        started = self.named_relay(names, remote.port)
        client = self.client()
        for size in (0, 65507, 1400, 0):
            client.sendto(b"x" * size, started.at)
        until(lambda: len(remote.got) == 4, started.story)
        self.assertEqual([len(data) for data in remote.data()], [0, 65507, 1400, 0])

    def test_a_flood_that_waits_is_bounded(self):
        answer = threading.Event()

        def script(*_):
            answer.wait(20)
            return Answer([V4])
        names = self.name_server(script)
        remote = self.remote(silent, host=V4)
        started = self.named_relay(names, remote.port, env={"RELAY_WORKERS": "1"})
        client = self.client()
        for number in range(2000):
            client.sendto(b"%04d" % number, started.at)
        until(names.count, started.story)
        answer.set()
        until(lambda: len(remote.got) >= 2, started.story)
        self.assertEqual(remote.data()[:2], [b"0000", b"0001"])
        client.sendto(b"last", started.at)
        until(lambda: remote.data()[-1:] == [b"last"], started.story)
        self.assertLess(len(remote.got), 2000)

    def test_a_name_without_address_is_logged_and_asked_for_again(self):
        known = threading.Event()

        def script(*_):
            return Answer([V4], ttl=1) if known.is_set() else Answer(code=SERVFAIL)
        names = self.name_server(script)
        port = self.remotes(V4)
        started = self.named_relay(names, port, mode="ipv4_only")
        client = self.client(seconds=0.5)
        client.sendto(b"lost", started.at)
        until(lambda: "resolving: " in started.out(), started.story)
        known.set()

        def answered():
            try:
                return ask(client, b"?", started.at) == V4.encode()
            except TimeoutError:
                return False
        until(answered, started.story, 30)

    def test_the_hosts_file_serves(self):
        port = self.remotes("127.0.0.1")
        started = self.udp_relay(f"localhost:{port}", top='[dns]\nmode = "ipv4_only"')
        self.assertEqual(ask(self.client(), b"?", started.at), b"127.0.0.1")


class Changes(Named):
    def test_a_running_association_follows_the_name(self):
        now = [V4]
        names = self.name_server(lambda *_: Answer(list(now), ttl=1))
        started = self.named_relay(names, self.remotes(V4, V4_OTHER), mode="ipv4_only")
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        now[:] = [V4_OTHER]
        before = self.until_reached(started, client, V4_OTHER)
        self.assertEqual(set(before) - {V4}, set(), "nothing was lost or went elsewhere")

    def test_it_follows_from_ipv4_to_ipv6_and_back(self):
        now = [V4]
        names = self.name_server(lambda *_: Answer(list(now), ttl=1))
        started = self.named_relay(names, self.remotes(V4, V6))
        client = self.client()
        for host in (V4, V6, V4):
            now[:] = [host]
            self.until_reached(started, client, host)

    def test_it_stays_where_it_is_while_the_address_is_among_the_answers(self):
        now = [V4, V4_OTHER]
        names = self.name_server(lambda *_: Answer(list(now), ttl=1))
        started = self.named_relay(names, self.remotes(V4, V4_OTHER), mode="ipv4_only")
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        now[:] = [V4_OTHER, V4]
        self.stays(started, client, V4, names, 4)

    def test_the_old_address_serves_while_name_servers_are_dead(self):
        dead = threading.Event()

        def script(*_):
            return Answer(drop=True) if dead.is_set() else Answer([V4], ttl=1)
        names = self.name_server(script)
        started = self.named_relay(names, self.remotes(V4, V4_OTHER), mode="ipv4_only")
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        dead.set()
        self.stays(started, client, V4, names, 3)
        self.assertEqual(ask(self.client(), b"?", started.at), V4.encode(), "new clients too")

    def test_the_old_address_serves_while_the_name_has_none(self):
        gone = threading.Event()
        names = self.name_server(lambda *_: Answer(code=NXDOMAIN, ttl=1) if gone.is_set()
                                 else Answer([V4], ttl=1))
        started = self.named_relay(names, self.remotes(V4), mode="ipv4_only")
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        gone.set()
        self.stays(started, client, V4, names, 3)

    def test_names_are_not_asked_for_with_every_datagram(self):
        names = self.name_server(lambda *_: Answer([V4], ttl=300))
        started = self.named_relay(names, self.remotes(V4), mode="ipv4_only")
        for _ in range(20):
            client = self.client()
            for _ in range(20):
                self.assertEqual(ask(client, b"?", started.at), V4.encode())
        self.assertEqual(names.count(), 1)

    def test_through_leaves_only_the_addresses_of_its_family(self):
        names = self.name_server(lambda name, kind, _: Answer([V6, V4]))
        port = self.remotes(V4, V6)
        started = self.named_relay(names, port, endpoint='through = "::1"')
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V6.encode())
        self.assertEqual(len(opened(started)), 1)


class NextAddress(Named):
    """A name with several addresses of which not all can be used: TCP goes on, UDP does as well."""

    def both_families(self):
        return self.name_server(lambda _, kind, *__: Answer(["::1" if kind == AAAA else V4]))

    def test_one_that_refuses_is_left_for_the_next(self):
        """`localhost`, where the service is at ::1 only."""
        names = self.both_families()
        remote = self.remote(host="::1")
        started = self.named_relay(names, remote.port, level="warn")
        clients = [self.client() for _ in range(3)]
        for client in clients:
            self.assertEqual(ask_patiently(client, b"?", started.at), b"?")
        for client in clients:
            self.assertEqual(ask(client, b"again", started.at), b"again")
        self.assertIn(f"[udp]name.test:{remote.port} as {V4}:{remote.port}: sending: "
                      "connection refused", started.out())

    def test_one_without_a_way_costs_no_datagram(self):
        """A machine with IPv6 only: the kernel says so at once."""
        def body():
            names = self.name_server(
                lambda _, kind, *__: Answer(["::1" if kind == AAAA else "203.0.113.1"]))
            remote = self.remote(host="::1")
            started = self.named_relay(names, remote.port)
            for _ in range(3):
                client = self.client()
                self.assertEqual(ask(client, b"?", started.at), b"?")
        in_own_network(body)

    def test_a_family_that_is_switched_off_costs_none_either(self):
        def body():
            names = self.both_families()
            remote = self.remote(host=V4)
            started = self.named_relay(names, remote.port)
            for _ in range(3):
                self.assertEqual(ask(self.client(), b"?", started.at), b"?")
        in_own_network(body, {"net/ipv6/conf/all/disable_ipv6": "1"})

    def test_the_old_place_is_heard_for_a_moment_after_a_move(self):
        """With `udp_strangers = "drop"`: what was on its way arrives."""
        where = [V4]
        names = self.name_server(lambda *_: Answer(where, ttl=1))
        old = self.remote(named(V4), V4)
        new = self.remote(named(V4_OTHER), V4_OTHER, old.port)
        started = self.named_relay(names, old.port, network='udp_strangers = "drop"')
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        where[0] = V4_OTHER
        self.until_reached(started, client, V4_OTHER)
        self.assertEqual(old.peers, new.peers, "the port stays")
        old.sock.sendto(b"late", old.peers[0])
        self.assertEqual(client.recv(100), b"late")

    def test_a_service_that_came_back_elsewhere_is_found_before_the_ttl_is_over(self):
        where = [V4]
        names = self.name_server(lambda *_: Answer(where, ttl=600))
        old = self.remote(named(V4), V4)
        started = self.named_relay(names, old.port)
        client = self.client()
        self.assertEqual(ask(client, b"?", started.at), V4.encode())
        where[0] = V4_OTHER
        old.close()
        self.remote(named(V4_OTHER), V4_OTHER, old.port)
        self.assertEqual(ask_patiently(client, b"?", started.at), V4_OTHER.encode())
