"""When associations end for want of traffic, or with the relay; and the lines about that."""

import select
import signal
import time

from support.dns import Answer, NameServer
from support.ports import listening
from support.relay import SANITIZED
from support.servers import dial, echo as tcp_echo
from support.udp import UdpCase, address, ask, finished, opened, silent
from support.wait import Deadline, until

TIMEOUT = 60
SHORT = 'udp_timeout = "500ms"'
LONGER = 2.0  # seconds: several times SHORT


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

    def test_while_connections_finish_another_process_has_the_port(self):
        """For UDP as for TCP: the one that drains takes nothing away from its successor."""
        remote, server = self.remote_of_both(tcp_echo)
        for workers in ("1", "3"):
            old = self.udp_relay(remote.port, tcp=True, env={"RELAY_WORKERS": workers})
            clients = [self.client() for _ in range(10)]
            for client in clients:
                self.assertEqual(ask(client, b"before", old.at), b"before")
            with dial(old.port) as sock:
                until(lambda: server.seen, old.story)
                old.signal(signal.SIGTERM)
                until(lambda: old.port not in listening(old.pid) | listening(old.pid, "udp"),
                      old.story)
                self.assertEqual({each["end"] for each in self.ended(old, 10)}, {"shutdown"})
                new = self.start("-u", "-l", f"127.0.0.1:{old.port}", "-r",
                                 f"127.0.0.1:{remote.port}", ports={old.port}, udp=True,
                                 env={"RELAY_WORKERS": workers})
                for client in [*clients, *(self.client() for _ in range(20))]:
                    self.assertEqual(ask(client, b"during", old.at), b"during")
                sock.sendall(b"bye")
                self.assertEqual(sock.recv(10), b"bye", "the old one goes on with TCP")
            self.assertEqual(old.wait_exit(), 0)
            self.assertEqual(ask(clients[0], b"after", old.at), b"after")
            new.stop()
            server.seen.clear()


class Lines(UdpCase):  # spec 4.7
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
            "client": address(client), "listen": f"127.0.0.1:{started.port}", "remote": target, "up": "15", "down": "30",
            "up_datagrams": "3", "down_datagrams": "3", "end": "idle"})
        self.assertIn("[realm_core::udp::middle][DEBUG][udp]remove association for " +
                      address(client), started.out())

    def test_at_level_info_only_the_line_of_the_end(self):
        started = self.udp_relay(self.remote().port, network='udp_timeout = "300ms"', level="info")
        before = self.descriptors_without_clients(started)
        until(lambda: started.descriptors() <= before, started.story)
        until(lambda: len(finished(started)) == 1, started.story)
        self.assertEqual(opened(started), [])
        self.assertNotIn("realm_core", started.out())

    def test_under_realm_s_name_at_level_info_only_the_beginning(self):
        started = self.udp_relay(self.remote().port, network='udp_timeout = "300ms"', level="info",
                                 **self.as_realm())
        before = self.descriptors_without_clients(started)
        until(lambda: started.descriptors() <= before, started.story)
        self.assertRegex(started.out(), r"\[realm_core::udp::middle\]\[INFO\]\[udp\]new association ")
        self.assertNotIn("association done", started.out())
