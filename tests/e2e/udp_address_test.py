"""Datagrams: which addresses and ports the relay listens on, sends from and answers from."""

import socket

from support.network import SecondNetwork, connect_networks, in_own_network
from support.ports import free_port
from support.relay import stopped
from support.servers import hear, named as tcp_named
from support.udp import UdpCase, ask, is_quiet, named, opened, receive, silent
from support.wait import until

TIMEOUT = 60
ONE_WORKER = {"RELAY_WORKERS": "1"}


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

    def test_answers_that_come_together_take_their_own_ways(self):
        """Many, for clients of several endpoints, addresses and sockets in turn."""
        remote = self.remote(silent)
        started = self.udp_relay(
            remote.port, listen="0.0.0.0", env=ONE_WORKER,
            network=f'[[endpoints]]\nlisten = "127.0.0.1:{(second := free_port())}"\n'
            f'remote = "127.0.0.1:{remote.port}"\nnetwork = {{ use_udp = true, no_tcp = true }}')
        ways = [("127.0.0.9", started.port), ("127.0.0.1", second), ("127.0.0.1", started.port)]
        clients = [(self.client("0.0.0.0"), ways[number % 3]) for number in range(150)]
        for number, (client, way) in enumerate(clients):
            client.sendto(b"%d" % number, way)
        until(lambda: len(remote.got) == len(clients), started.story)
        for turn in range(2):
            with stopped(started.process):
                for data, peer in remote.got:
                    for part in range(1 + turn):  # the second comes in the next turn
                        remote.sock.sendto(data + b" part %d" % part, peer)
            for number, (client, way) in enumerate(clients):
                for part in range(1 + turn):
                    self.assertEqual(receive(client), (b"%d part %d" % (number, part), way))
        self.assertTrue(all(is_quiet(client, 0) for client, _ in clients))

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


class Strangers(UdpCase):
    DROP = 'udp_strangers = "drop"'

    def test_only_the_remote_is_heard(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, network=self.DROP)
        client = self.client()
        self.assertEqual(ask(client, b"one", started.at), b"one")
        way = remote.peers[0]
        for stranger in (self.client(), self.client("127.0.0.3", remote.port)):
            stranger.sendto(b"from elsewhere", way)
        started.wait_text("not from the remote (`udp_strangers`)")
        self.assertEqual(ask(client, b"two", started.at), b"two")
        self.assertTrue(is_quiet(client, 0))

    def test_among_many_that_come_together_too(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, network=self.DROP, env=ONE_WORKER)
        client, stranger = self.client(), self.client()
        client.sendto(b"begin", started.at)
        until(lambda: remote.got, started.story)
        for turn in range(3):
            with stopped(started.process):
                for number in range(40):
                    remote.sock.sendto(b"%d" % number, remote.peers[0])
                    stranger.sendto(b"for nobody", remote.peers[0])
            self.assertEqual([client.recv(100) for _ in range(40)],
                             [b"%d" % number for number in range(40)], turn)
        self.assertTrue(is_quiet(client, 0))

    def test_of_both_families(self):
        remote = self.remote(host="::1")
        started = self.udp_relay(f"[::1]:{remote.port}", network=self.DROP, listen="::1")
        client = self.client("::1")
        self.assertEqual(ask(client, b"one", started.at), b"one")
        self.client("::1").sendto(b"from elsewhere", remote.peers[0])
        started.wait_text("not from the remote")
        self.assertEqual(ask(client, b"two", started.at), b"two")


class ToMany(UdpCase):
    """What a client sends to all: each worker's socket gets a copy, the remote wants one."""

    def one_copy(self, to, prepare=lambda: None, listeners=("0.0.0.0", "::")):
        def body():
            with SecondNetwork() as other:
                connect_networks(other)
                prepare()
                for listen in listeners:
                    remote = self.remote()
                    started = self.udp_relay(remote.port, listen=listen,
                                             env={"RELAY_WORKERS": "3"})
                    client = other.run(lambda: self.client("10.7.0.2"))
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                    for word in (b"one", b"two"):
                        client.sendto(word, (to, started.port))
                        self.assertEqual(receive(client), (word, ("10.7.0.1", started.port)))
                    self.assertTrue(is_quiet(client))
                    self.assertEqual(remote.data(), [b"one", b"two"])
                    self.assertEqual(len(remote.peers), 1)
                    started.stop()
        in_own_network(body)

    def test_a_broadcast_is_one_datagram_and_answered_by_the_device(self):
        self.one_copy("10.7.0.255")

    def test_a_limited_one_too(self):
        self.one_copy("255.255.255.255")

    def test_multicast_too(self):
        def join():  # somebody on this machine has, which is what makes it arrive
            member = self.client("0.0.0.0")
            member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton("239.1.2.3") + socket.inet_aton("10.7.0.1"))
        self.one_copy("239.1.2.3", join)


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

    def reached(self, started, count):
        """Which remote each of so many clients got, and stayed at."""
        found = []
        for _ in range(count):
            client = self.client()
            first = ask(client, b"?", started.at)
            for _ in range(5):
                self.assertEqual(ask(client, b"?", started.at), first)
            found.append(first.decode())
        return found

    def several(self, endpoint):
        """A relay with three remotes that say their names."""
        ports = [self.remote(named(name)).port for name in ("a", "b", "c")]
        extra = ", ".join(f'"127.0.0.1:{port}"' for port in ports[1:])
        return self.udp_relay(ports[0], endpoint=f"extra_remotes = [{extra}]\n{endpoint}")

    def test_clients_take_turns_at_several_remotes_and_stay(self):
        found = self.reached(self.several('balance = "roundrobin: 2, 1, 1"'), 16)
        self.assertEqual({name: found.count(name) for name in "abc"}, {"a": 8, "b": 4, "c": 4})

    def test_the_clients_of_one_address_share_a_remote_with_iphash(self):
        found = self.reached(self.several('balance = "iphash: 1, 1, 1"'), 8)
        self.assertEqual(len(set(found)), 1)

    def test_without_balance_it_is_the_first(self):
        self.assertEqual(set(self.reached(self.several(""), 4)), {"a"})

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
        remote, _ = self.remote_of_both(tcp_named("over tcp"))
        started = self.udp_relay(remote.port, tcp=True)
        self.assertEqual(ask(self.client(), b"over udp", started.at), b"over udp")
        self.assertEqual(hear(started.port), b"over tcp")

    def test_without_tcp_nobody_listens_there(self):
        started = self.udp_relay(self.remote().port)
        self.assertEqual(ask(self.client(), b"!", started.at), b"!")
        with self.assertRaises(ConnectionRefusedError):
            hear(started.port)

    def test_listen_interface_is_the_device(self):
        started = self.udp_relay(self.remote().port, endpoint='listen_interface = "lo"')
        self.assertEqual(ask(self.client(), b"over lo", started.at), b"over lo")

    def test_the_flags_of_the_command_line(self):
        remote = self.remote()
        started = self.start_on_free_port(
            lambda port: ("-u", "-t", "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{remote.port}"),
            tcp=False, udp=True)
        self.assertEqual(ask(self.client(), b"!", ("127.0.0.1", started.port)), b"!")

    def test_the_second_of_two_equal_addresses_is_reported_and_the_first_serves(self):
        first, second = self.remote(named("first")), self.remote(named("second"))
        started = self.udp_relay(
            first.port, top='process.bind = "partial"',
            network='[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
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

    def test_a_second_relay_does_not_take_its_datagrams(self):
        remote = self.remote()
        for workers in ({"RELAY_WORKERS": "1"}, {"RELAY_WORKERS": "3"}):
            started = self.udp_relay(remote.port, env=workers)
            for others in ("1", "3"):
                done = self.cli("-u", "-t", "-l", f"127.0.0.1:{started.port}", "-r", "127.0.0.1:9",
                                code=69, env={"RELAY_WORKERS": others})
                self.assertIn("in use", done.stderr)
            self.assertEqual(ask(self.client(), b"mine", started.at), b"mine")

    def test_no_port_at_all_ends_with_69(self):
        busy = self.remote()
        done = self.cli("-u", "-t", "-l", f"127.0.0.1:{busy.port}", "-r", "127.0.0.1:9", code=69)
        self.assertIn("for UDP", done.stderr)

    def test_the_remote_may_come_later(self):
        port = free_port()
        started = self.udp_relay(port)
        client = self.client()
        client.sendto(b"early", started.at)
        until(lambda: opened(started), started.story)
        self.remote(port=port)
        heard = ask(client, b"now", started.at)
        if heard == b"early":  # told of before it was sent: the remote may have come in between
            heard = client.recv(100)
        self.assertEqual(heard, b"now")
