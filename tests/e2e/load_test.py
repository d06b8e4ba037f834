"""Many clients at once: a storm of careless ones, slow readers, and thousands that are idle."""

import random
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from support.case import Case
from support.limits import room_for
from support.relay import SANITIZED
from support.servers import Server, ask, dial, echo, pattern, read_exactly, reset
from support.wait import until

LABEL = "rough"
TIMEOUT = 120
SERIAL = True

MIB = 1 << 20


class Storm(Case):
    STRAYS, TRANSFERS, SIZE = 5000, 50, 2 * MIB

    @staticmethod
    def stray(port, seed):
        """A client that leaves somehow, at some point."""
        rng = random.Random(seed)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            try:
                for _ in range(rng.randrange(4)):
                    sock.sendall(b"x" * rng.randrange(1, 20_000))
                    if rng.random() < 0.3:
                        sock.recv(rng.randrange(1, 5000))
                if rng.random() < 0.3:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            if rng.random() < 0.5:
                reset(sock)

    def test_transfers_are_whole_while_others_come_and_go(self):
        room_for(4000)
        with Server(echo) as server:
            started = self.relay_to(server.port, "--log-level", "error")
            before = started.descriptors()

            def transfer(number):
                data = pattern(self.SIZE, seed=number)
                return self.echoed(started.port, data)
            with ThreadPoolExecutor(self.TRANSFERS + 8) as pool:
                transfers = [pool.submit(transfer, number) for number in range(self.TRANSFERS)]
                strays = [pool.submit(self.stray, started.port, seed)
                          for seed in range(self.STRAYS)]
                for work in transfers + strays:
                    work.result(timeout=100)
            self.assertTrue(all(work.result() for work in transfers))
            self.assertTrue(started.running())
            # Whatever came is gone again; pooled pipes may stay.
            until(lambda: not server.sockets, lambda: f"{len(server.sockets)} left", 30)
            until(lambda: started.descriptors() <= before + 64,
                  lambda: f"{before} descriptors became {started.descriptors()}", 30)

    @staticmethod
    def echoed(port, data):
        """Sends and receives at the same time; True when all came back unchanged."""
        with dial(port, seconds=60) as sock:
            sender = threading.Thread(target=sock.sendall, args=(data,), daemon=True)
            sender.start()
            got = read_exactly(sock, len(data))
            sender.join()
            sock.shutdown(socket.SHUT_WR)
            return got == data and sock.recv(1) == b""


@unittest.skipIf(SANITIZED, "memory means nothing under sanitizers")
class Memory(Case):
    def test_slow_readers_do_not_fill_the_relay(self):
        readers, size = 200, 4 * MIB
        data = pattern(size)
        sent = []

        def talk(sock):
            view = memoryview(data)
            while view:
                view = view[sock.send(view[:MIB]):]
                sent.append(1)
        with Server(talk) as server:
            started = self.relay_to(server.port)
            socks = []
            for _ in range(readers):
                sock = socket.socket()
                self.addCleanup(sock.close)
                sock.settimeout(60)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect(("127.0.0.1", started.port))
                socks.append(sock)
            until(lambda: len(server.seen) == readers, "all connected")
            self.until_quiet(sent)
            self.assertLess(started.status("VmHWM"), 64 * MIB)
            with ThreadPoolExecutor(4) as pool:
                whole = pool.map(lambda sock: read_exactly(sock, size) == data, socks)
                self.assertTrue(all(whole))
            self.assertLess(started.status("VmHWM"), 64 * MIB)

    @staticmethod
    def until_quiet(events):
        """Until nothing has been added for a while: everybody is blocked."""
        last, calm = len(events), 0

        def quiet():
            nonlocal last, calm
            calm = calm + 1 if len(events) == last and last else 0
            last = len(events)
            return calm > 50
        until(quiet, "everybody blocked", 60)

    def test_an_idle_connection_costs_little(self):
        count = 5000
        room_for(2 * count + 500)
        kept = []

        def talk(sock):  # answers one byte, then leaves the connection alone, without a thread
            sock.sendall(read_exactly(sock, 1))
            kept.append(sock.dup())
        with Server(talk) as server:
            started = self.relay_to(server.port)
            self.idle(started, 200, [])  # pools and tables of the first connections
            until(lambda: len(kept) == 200, "the first connections")
            for sock in kept:
                sock.close()
            kept.clear()
            base = started.rss()
            socks = []
            self.idle(started, count, socks)
            per_connection = (started.rss() - base) / count
            for sock in socks + kept:
                sock.close()
        print(f"{per_connection:.0f} resident bytes per idle connection, {base >> 10} KiB at rest")
        self.assertLessEqual(per_connection, 400)

    @staticmethod
    def idle(started, count, socks):
        """Opens `count` connections, each of which has carried a byte both ways."""
        for _ in range(count):
            sock = dial(started.port)
            socks.append(sock)
            sock.sendall(b"?")
            read_exactly(sock, 1)

    def test_the_answer_of_a_busy_relay_comes_soon(self):
        """Bulk transfers on one worker do not starve a small one."""
        stop = threading.Event()

        def flood(sock):
            block = pattern(MIB)
            while not stop.is_set():
                sock.sendall(block)
        with Server(flood) as source, Server(echo) as small:
            bulk = self.relay_to(source.port, env={"RELAY_WORKERS": "1"})
            text = (f'[[endpoints]]\nlisten = "127.0.0.1:{bulk.port}"\n'
                    f'remote = "127.0.0.1:{source.port}"\n')
            bulk.stop()
            started = self.configured(text + '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                                      f'remote = "127.0.0.1:{small.port}"\n',
                                      env={"RELAY_WORKERS": "1"})
            started.wait_listening({bulk.port})
            drains = [threading.Thread(target=self.drain, args=(bulk.port, stop), daemon=True)
                      for _ in range(4)]
            for thread in drains:
                thread.start()
            for number in range(20):
                word = b"%d" % number
                self.assertEqual(ask(started.port, word, seconds=5), word)
            stop.set()
            for thread in drains:
                thread.join(30)

    @staticmethod
    def drain(port, stop):
        with dial(port) as sock:
            while not stop.is_set() and sock.recv(MIB):
                pass
