"""Very many clients: who gets whose answer, and what an association costs."""

import contextlib
import ipaddress
import select
import socket
import time
import unittest

from support.limits import room_for
from support.relay import SANITIZED
from support.udp import UdpCase, with_big_buffers
from support.wait import Deadline

LABEL = "rough"
TIMEOUT = 120
SERIAL = True

FIRST_HOST = int(ipaddress.ip_address("127.1.0.0"))
PORTS_PER_HOST = 16


class Crowd:
    """Clients in batches: each has a source, address and port, that no other ever had."""

    def __init__(self, case, batch):
        self.case = case
        self.batch = batch
        self.served = 0
        self.sources = set()
        self._next_host = FIRST_HOST

    def open(self, stack):
        """The sockets of one batch by their descriptors, some of them with one address."""
        socks = {}
        for number in range(self.batch):
            if number % PORTS_PER_HOST == 0:
                host = str(ipaddress.ip_address(self._next_host))
                self._next_host += 1
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            stack.callback(sock.close)
            sock.bind((host, 0))
            self.sources.add(sock.getsockname())
            socks[sock.fileno()] = sock
        return socks

    def exchange(self, to):
        """Each of a batch sends a token of its own and gets exactly that."""
        with contextlib.ExitStack() as stack:
            socks = self.open(stack)
            poller, tokens = select.poll(), {}
            for fd, sock in socks.items():
                tokens[fd] = b"token %d" % self.served
                self.served += 1
                sock.sendto(tokens[fd], to)
                poller.register(fd, select.POLLIN)
            limit, waiting = Deadline(30), set(socks)
            while waiting:
                self.case.assertFalse(limit.over(), f"{len(waiting)} without an answer")
                for fd, _ in poller.poll(200):
                    data, peer = socks[fd].recvfrom(100)
                    self.case.assertEqual((data, peer), (tokens[fd], to))
                    self.case.assertIn(fd, waiting, "a second answer")
                    waiting.discard(fd)
            self.case.assertEqual(poller.poll(0), [], "more than was asked for")


class Crowds(UdpCase):
    def relay_and_crowd(self, batch, **options):
        room_for(batch + 200)
        remote = self.remote()
        started = self.udp_relay(remote.port, level="error", **options)
        return remote, started, Crowd(self, batch)


class Sources(Crowds):
    COUNT, BATCH = 65536, 512

    def test_65536_sources_get_their_own_answers(self):
        remote, started, crowd = self.relay_and_crowd(self.BATCH, network="udp_timeout = 0",
                                                      env={"RELAY_WORKERS": "2"})
        before, began = self.descriptors_without_clients(started), time.monotonic()
        while crowd.served < self.COUNT:
            crowd.exchange(started.at)
        took = time.monotonic() - began
        self.assertEqual(len(crowd.sources), self.COUNT)
        self.assertEqual(len(remote.got), self.COUNT + 1)
        most = 16384 + 2 * 1024  # max_associations, and ports that each worker keeps unused
        self.assertLessEqual(started.descriptors() - before, most)
        print(f"{self.COUNT} sources in {took:.1f} s, {started.rss() >> 20} MiB resident")

    def test_few_ports_are_shared_out_without_a_mistake(self):
        """A small cap: every port is used again and again, for another client each time."""
        _, started, crowd = self.relay_and_crowd(64, endpoint="max_associations = 256")
        while crowd.served < 16384:
            crowd.exchange(started.at)
        self.assertEqual(len(crowd.sources), 16384)


@unittest.skipIf(SANITIZED, "memory means nothing under sanitizers")
class Memory(Crowds):
    COUNT, BATCH = 10_000, 400
    MOST = 1024

    def test_an_association_costs_little(self):
        room_for(self.COUNT * 3 // 2)  # of the relay, which inherits the limit
        _, started, crowd = self.relay_and_crowd(self.BATCH, network="udp_timeout = 0")
        crowd.exchange(started.at)  # pools and tables of the first ones
        base, descriptors, served = started.rss(), started.descriptors(), crowd.served
        while crowd.served < served + self.COUNT:
            crowd.exchange(started.at)
        self.assertEqual(started.descriptors() - descriptors, self.COUNT)
        each = (started.rss() - base) / self.COUNT
        print(f"{each:.0f} resident bytes per association, {base >> 10} KiB at rest")
        self.assertLessEqual(each, self.MOST)

    def test_large_datagrams_leave_nothing_behind(self):
        """No buffer belongs to an association, whatever has gone through it."""
        _, started, crowd = self.relay_and_crowd(self.BATCH, network="udp_timeout = 0")
        crowd.exchange(started.at)
        socks = [with_big_buffers(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                 for _ in range(500)]
        for sock in socks:
            self.addCleanup(sock.close)
            sock.settimeout(20)
        data = b"x" * 65507
        for sock in socks[:100]:
            sock.sendto(data, started.at)
            self.assertEqual(len(sock.recv(65536)), len(data))
        base = started.rss()
        for sock in socks[100:]:
            sock.sendto(data, started.at)
            self.assertEqual(len(sock.recv(65536)), len(data))
        each = (started.rss() - base) / 400
        print(f"{each:.0f} resident bytes per association of large datagrams")
        self.assertLessEqual(each, self.MOST * 2)  # of pages, and of few
