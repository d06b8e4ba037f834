"""Rough weather for datagrams: remotes that are gone, floods, clients that vanish, loops."""

import pathlib
import socket
import sys

from support.dns import Answer, NameServer
from support.ports import free_port
from support.relay import SANITIZED, stopped
from support.servers import pattern
from support.udp import (UdpCase, address, ask, ask_patiently, echo, finished, is_quiet, named,
                         open_socket, opened, receive, silent)
from support.wait import until

LABEL = "rough"
TIMEOUT = 60

ONE_WORKER = {"RELAY_WORKERS": "1"}
SECCOMP = pathlib.Path(__file__).parent / "support" / "seccomp.py"
FLOOD = 3000 if SANITIZED else 20_000


class Remotes(UdpCase):
    def test_a_client_goes_on_when_the_remote_is_back(self):
        remote = self.remote()
        started = self.udp_relay(remote.port)
        client = self.client()
        self.assertEqual(ask(client, b"one", started.at), b"one")
        for turn in range(3):
            remote.close()
            for _ in range(20):  # each is answered by an ICMP error
                client.sendto(b"lost", started.at)
            self.assertTrue(is_quiet(client))
            remote = self.remote(port=remote.port)
            self.assertEqual(ask_patiently(client, b"back", started.at), b"back", turn)
            while not is_quiet(client):  # what was asked more than once
                client.recv(100)
        mine = [line for line in opened(started) if line[0] == address(client)]
        self.assertEqual(len(mine), 1, started.story())

    def test_others_are_served_while_a_remote_is_down(self):
        alive, second, gone = self.remote(), free_port(), free_port()
        started = self.udp_relay(
            alive.port, network=f'[[endpoints]]\nlisten = "127.0.0.1:{second}"\n'
            f'remote = "127.0.0.1:{gone}"\nnetwork = {{ use_udp = true, no_tcp = true }}',
            env=ONE_WORKER)
        client, unlucky = self.client(), self.client()
        for number in range(200):
            unlucky.sendto(b"lost", ("127.0.0.1", second))
            self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)

    def test_a_remote_that_does_not_read_stops_nobody(self):
        """Its queue is full for long; then the same client is answered."""
        lazy = open_socket()
        self.addCleanup(lazy.close)
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        started = self.udp_relay(lazy.getsockname()[1], level="info")
        client = self.client()
        for _ in range(FLOOD):
            client.sendto(b"x" * 1200, started.at)
        lazy.settimeout(0)
        try:
            while True:
                lazy.recv(65536)
        except BlockingIOError:
            pass
        port = lazy.getsockname()[1]
        lazy.close()

        def talk(sock, data, peer):  # what is left of the flood gets no answer
            if data[:1] != b"x":
                echo(sock, data, peer)
        self.remote(talk, port=port)
        self.assertEqual(ask_patiently(self.client(), b"another", started.at), b"another")
        self.assertEqual(ask_patiently(client, b"the same", started.at), b"the same")
        self.assertLess(len(started.out().splitlines()), 30, started.story())

    def test_a_flood_of_answers_stops_nobody(self):
        """At a client that does not read."""
        def talk(sock, data, peer):
            if data != b"flood":
                return echo(sock, data, peer)
            for _ in range(FLOOD):
                sock.sendto(b"x" * 1200, peer)
            return None
        started = self.udp_relay(self.remote(talk).port, env=ONE_WORKER)
        lazy, client = self.client(), self.client()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendto(b"flood", started.at)
        for number in range(20):
            self.assertEqual(ask_patiently(client, b"%d" % number, started.at), b"%d" % number)
            while not is_quiet(client, 0.01):
                client.recv(100)


class Refusals(UdpCase):
    """Remotes where nobody is, as ICMP errors tell."""

    def test_a_remote_that_refuses_is_named(self):
        gone = free_port()
        started = self.udp_relay(gone, level="warn")
        client = self.client()
        for _ in range(50):
            client.sendto(b"lost", started.at)
        line = f"[udp]127.0.0.1:{gone} as 127.0.0.1:{gone}: sending: connection refused"
        started.wait_text(line)
        self.assertTrue(is_quiet(client))
        self.assertEqual(started.out().count(line), 1, "a storm")

    def test_one_that_never_answers_is_named_when_its_client_has_gone(self):
        remote = self.remote(lambda sock, data, peer: data == b"?" and sock.sendto(data, peer))
        started = self.udp_relay(remote.port, network='udp_timeout = "100ms"', level="info")
        quiet, client = self.client(), self.client()
        for _ in range(3):
            quiet.sendto(b"tell nobody", started.at)
        self.assertEqual(ask(client, b"?", started.at), b"?")
        started.wait_text(f"{address(quiet)} => 127.0.0.1:{remote.port}: never answered, "
                          "3 datagrams")
        self.assertNotIn(f"{address(client)} => 127.0.0.1:{remote.port}: never", started.out())

    def test_where_there_is_another_remote_the_client_goes_there(self):
        gone, backup = free_port(), self.remote(named("backup"))
        for balance in ("", 'balance = "roundrobin: 1, 1"'):
            started = self.udp_relay(
                gone, endpoint=f'extra_remotes = ["127.0.0.1:{backup.port}"]\n{balance}')
            for _ in range(4):
                self.assertEqual(ask_patiently(self.client(), b"?", started.at), b"backup")
            ends = {each["end"] for each in finished(started)}
            self.assertEqual(ends, {"connect_failed"})
            self.assertLessEqual(len(finished(started)), 2, "others do not try it at once")

    def test_a_client_stays_where_all_refuse(self):
        ports = [free_port(), free_port()]
        started = self.udp_relay(ports[0], endpoint=f'extra_remotes = ["127.0.0.1:{ports[1]}"]')
        client = self.client()
        for _ in range(20):
            client.sendto(b"lost", started.at)
            is_quiet(client, 0.01)
        self.assertLessEqual(len(opened(started)), 2, started.story())


class Sandboxes(UdpCase):
    """System calls that only save work may be refused; what they do is done one by one."""

    def refused(self, call, error):
        return (sys.executable, str(SECCOMP), "--refuse", f"{call}={error}")

    def works(self, started, remote):
        """In batches both ways, for several clients at once."""
        clients = [self.client() for _ in range(4)]
        for turn in range(4):
            with stopped(started.process):
                for number in range(50):
                    for client in clients:
                        client.sendto(b"%d" % number, started.at)
            for client in clients:
                self.assertEqual([client.recv(100) for _ in range(50)],
                                 [b"%d" % number for number in range(50)], turn)
        before = started.processor_seconds()
        self.assertTrue(is_quiet(clients[0]))
        self.assertLess(started.processor_seconds() - before, 0.15, "it spins")
        self.assertEqual(len(remote.peers), len(clients))

    def test_receiving_or_sending_many_at_once_is_refused(self):
        for call in ("recvmmsg", "sendmmsg"):
            for error in ("ENOSYS", "EPERM", "EOPNOTSUPP"):
                with self.subTest(call=call, error=error):
                    remote = self.remote()
                    started = self.udp_relay(remote.port, env=ONE_WORKER,
                                             launcher=self.refused(call, error))
                    self.works(started, remote)
                    self.assertEqual(started.out().count(f"{call} is refused here"), 1)
                    started.stop()

    def test_options_of_sockets_are_refused(self):
        options = {"UDP_GRO": 104, "UDP_SEGMENT": 103, "IP_PKTINFO": 8, "IP_RECVERR": 11}
        for option, number in options.items():
            with self.subTest(option=option):
                remote = self.remote()
                started = self.udp_relay(remote.port, env=ONE_WORKER, listen="0.0.0.0",
                                         launcher=self.refused(f"setsockopt:2:{number}", "EPERM"))
                self.works(started, remote)
                started.stop()


class Clients(UdpCase):
    def test_a_client_that_has_gone_does_not_hurt_the_listener(self):
        remote = self.remote()
        for env in (None, ONE_WORKER):
            started = self.udp_relay(remote.port, env=env)
            gone = self.client()
            self.assertEqual(ask(gone, b"hello", started.at), b"hello")
            home = remote.got[-1][1]
            gone.close()
            client = self.client()
            for number in range(100):
                remote.sock.sendto(b"nobody there", home)  # an ICMP error for the listener
                self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)

    def test_a_flood_at_one_endpoint_leaves_others_alive(self):
        second, remote = free_port(), self.remote()
        started = self.udp_relay(
            self.remote(silent).port, network=f'[[endpoints]]\nlisten = "127.0.0.1:{second}"\n'
            f'remote = "127.0.0.1:{remote.port}"\nnetwork = {{ use_udp = true, no_tcp = true }}',
            env=ONE_WORKER)
        flooder, client, data = self.client(), self.client(), pattern(1400)
        for number in range(50):
            for _ in range(FLOOD // 50):
                flooder.sendto(data, started.at)
            self.assertEqual(ask(client, b"%d" % number, ("127.0.0.1", second)), b"%d" % number)

    def test_garbage_from_anywhere_reaches_only_its_association(self):
        """Third parties may answer, but only at the port that belongs to the client."""
        remote = self.remote()
        started = self.udp_relay(remote.port)
        clients = [self.client() for _ in range(10)]
        for number, client in enumerate(clients):
            self.assertEqual(ask(client, b"%d" % number, started.at), b"%d" % number)
        stranger = self.client("127.0.0.8")
        for data, peer in remote.got:
            stranger.sendto(b"for " + data, peer)
        for number, client in enumerate(clients):
            self.assertEqual(receive(client), (b"for %d" % number, started.at))
            self.assertTrue(is_quiet(client, 0))

    def test_the_relay_answers_nobody_by_itself(self):
        started = self.udp_relay(self.remote(silent).port)
        client = self.client()
        for size in (0, 1, 1400, 65507):
            client.sendto(b"x" * size, started.at)
        self.assertTrue(is_quiet(client))


class Loops(UdpCase):
    def test_a_name_that_leads_back_is_cut(self):
        names = NameServer(lambda *_: Answer(["127.0.0.1"], ttl=1))
        self.addCleanup(names.close)
        for listen in ("127.0.0.1", "0.0.0.0", "::"):
            started = self.udp_relay("self.test:LISTEN", listen=listen, env=ONE_WORKER,
                                     top=f'[dns]\nnameservers = ["{names.address}"]\n'
                                         'mode = "ipv4_only"')
            client = self.client()
            client.sendto(b"round and round", ("127.0.0.1", started.port))
            until(lambda: "[realm_core::udp][ERROR]" in started.out(), started.story)
            before = started.processor_seconds()
            for number in range(20):
                client.sendto(b"%d" % number, ("127.0.0.1", started.port))
            self.assertTrue(is_quiet(client, 1.0))
            self.assertLess(started.processor_seconds() - before, 0.5, "a storm")
            self.assertEqual(opened(started), [])
            self.assertTrue(started.running())

    def test_a_literal_that_leads_back_is_refused(self):
        port = free_port()
        for listen, remote in ((f"0.0.0.0:{port}", f"127.0.0.1:{port}"),
                               (f"127.0.0.1:{port}", f"127.0.0.1:{port}")):
            done = self.cli("-u", "-t", "-l", listen, "-r", remote, code=78)
            self.assertIn("own listener", done.stderr)
