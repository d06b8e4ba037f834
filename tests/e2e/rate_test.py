"""Byte rates (issue "fastest"): never more than allowed, and nothing is lost by it."""

import hashlib
import select
import socket
import threading
import time

from support.case import Case
from support.servers import (Server, ask, dial, ended_by_reset, hash_after_end, pattern, read_all,
                             read_exactly, reset, source)
from support.transport import TEXTS
from support.udp import UdpCase, ask as ask_datagram, silent
from support.wait import Deadline, until

TIMEOUT = 90
RATE = 1_000_000
# What may be ahead of the rate: a turn, and what is saved up over a pause.
AHEAD = RATE * 15 // 1000


def config(remote, *network, more="", log=""):
    lines = "\n".join(network)
    return (f'{log}[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{remote}"\n{more}'
            f"[endpoints.network]\n{lines}\n")


class Meter:
    """Reads a socket and remembers when it had how much."""

    def __init__(self, sock):
        self.sock, self.marks, self.total, self.hash = sock, [], 0, hashlib.sha256()

    def read(self, stop=None):
        while stop is None or not stop.is_set():
            part = self.sock.recv(1 << 16)
            if not part:
                return
            self.total += len(part)
            self.hash.update(part)
            self.marks.append((time.monotonic(), self.total))


class Streams(Case):
    def assert_never_above(self, marks, began, rate, ahead):
        for moment, total in marks:
            self.assertLessEqual(total, rate * (moment - began) + ahead)

    def download(self, network, rate, ahead, count=1_500_000):
        with Server(source(count)) as server:
            started = self.configured(config(server.port, *network))
            began = time.monotonic()
            with dial(started.port) as sock:
                meter = Meter(sock)
                meter.read()
        self.assertEqual(meter.hash.digest(), hashlib.sha256(pattern(count)).digest())
        self.assert_never_above(meter.marks, began, rate, ahead)

    def test_a_connection_is_never_above_its_rate_and_complete(self):
        self.download([f"byte_rate = {RATE}"], RATE, AHEAD)

    def test_a_rate_in_bits_is_meant_in_bits(self):
        self.download(['byte_rate = "8Mbit/s"'], RATE, AHEAD)

    def test_one_connection_may_have_all_of_an_endpoints_rate_and_no_more(self):
        self.download([f"endpoint_byte_rate = {RATE}"], RATE, AHEAD)

    def test_the_lower_of_both_rates_counts(self):
        self.download([f"byte_rate = {RATE}", f"endpoint_byte_rate = {3 * RATE}"], RATE, AHEAD)

    def test_an_upload_is_limited_as_well_and_its_answer_comes_after_a_half_close(self):
        data = pattern(1_200_000)
        with Server(hash_after_end) as server:
            started = self.configured(config(server.port, f"byte_rate = {RATE}",
                                             'half_close_timeout = "200ms"', 'idle_timeout = 1'))
            began = time.monotonic()
            answer = ask(started.port, data)
            self.assertEqual(answer, hashlib.sha256(data).hexdigest().encode())
            self.assertGreaterEqual(time.monotonic() - began, (len(data) - AHEAD) / RATE)

    def test_each_way_has_the_rate_for_itself(self):
        data = pattern(600_000)

        def both(sock):
            sender = threading.Thread(target=sock.sendall, args=(data,))
            sender.start()
            got.append(read_exactly(sock, len(data)))
            sender.join()
        got = []
        with Server(both) as server:
            started = self.configured(config(server.port, f"endpoint_byte_rate = {RATE}"))
            with dial(started.port) as sock:
                both(sock)
            until(lambda: len(got) == 2, "both ends have all of it")
        self.assertEqual(got, [data, data])

    def test_without_a_rate_of_its_own_an_endpoint_has_the_one_of_all(self):
        with Server(source(900_000)) as server:
            started = self.configured(f"[network]\nbyte_rate = {RATE}\n"
                                      + config(server.port, "use_udp = true"))
            began = time.monotonic()
            with dial(started.port) as sock:
                self.assertEqual(len(read_all(sock)), 900_000)
            self.assertGreaterEqual(time.monotonic() - began, (900_000 - AHEAD) / RATE)

    def test_a_reset_comes_through_while_bytes_wait(self):
        def talk(sock):
            sock.sendall(pattern(100_000))
            read_exactly(sock, 1)
            reset(sock)
        with Server(talk) as server:
            started = self.configured(config(server.port, f"byte_rate = {RATE}"))
            with dial(started.port) as sock:
                sock.sendall(b"x")
                self.assertTrue(ended_by_reset(sock))

    def test_a_client_that_resets_while_bytes_wait_ends_the_remotes_side(self):
        ended = threading.Event()

        def talk(sock):
            try:
                while True:
                    sock.sendall(pattern(100_000))
            except OSError:
                ended.set()
        with Server(talk) as server:
            started = self.configured(config(server.port, f"byte_rate = {RATE}"))
            sock = dial(started.port)
            read_exactly(sock, 50_000)
            reset(sock)
            self.assertTrue(ended.wait(20))

    def test_what_waits_is_finished_after_sigterm(self):
        with Server(source(600_000)) as server:
            started = self.configured("[process]\nshutdown_timeout = 30\n"
                                      + config(server.port, f"byte_rate = {RATE}"))
            with dial(started.port) as sock:
                read_exactly(sock, 1)
                started.signal(15)
                self.assertEqual(len(read_all(sock)), 599_999)
            self.assertEqual(started.wait_exit(), 0)


class Transports(Case):
    def chain(self, listen, remote):
        """Through two relays with a wrapped hop between; the first has the rate."""
        data = pattern(600_000)
        with Server(hash_after_end) as server:
            inner = self.configured(config(server.port, more=f'listen_transport = "{listen}"\n'))
            outer = self.configured(config(inner.port, f"byte_rate = {RATE}",
                                           more=f'remote_transport = "{remote}"\n'))
            began = time.monotonic()
            self.assertEqual(ask(outer.port, data), hashlib.sha256(data).hexdigest().encode())
            self.assertGreaterEqual(time.monotonic() - began, (len(data) - AHEAD) / RATE)
            # And where the wrapped side is the one that is read from.
            again = self.configured(config(server.port, f"byte_rate = {RATE}",
                                           more=f'listen_transport = "{listen}"\n'))
            plain = self.configured(config(again.port, more=f'remote_transport = "{remote}"\n'))
            began = time.monotonic()
            self.assertEqual(ask(plain.port, data), hashlib.sha256(data).hexdigest().encode())
            self.assertGreaterEqual(time.monotonic() - began, (len(data) - AHEAD) / RATE)

    def test_websocket_payload_is_limited(self):
        self.chain(*TEXTS["ws"])

    def test_tls_payload_is_limited(self):
        self.chain(*TEXTS["tls"])


class Sharing(Case):
    def totals(self, workers, flows, network, seconds_worth):
        """How much each of so many endless downloads had when all of them together had so much."""
        stop, totals = threading.Event(), [0] * flows

        def talk(sock):
            block = pattern(1 << 16)
            while not stop.is_set():
                sock.sendall(block)
        with Server(talk) as server:
            started = self.configured(config(server.port, *network),
                                      env={"RELAY_WORKERS": str(workers)})
            meters = [Meter(dial(started.port)) for _ in range(flows)]
            threads = [threading.Thread(target=meter.read, args=(stop,)) for meter in meters]
            for thread in threads:
                thread.start()
            until(lambda: sum(meter.total for meter in meters) > seconds_worth, "enough bytes",
                  seconds=60)
            totals = [meter.total for meter in meters]
            stop.set()
            for meter, thread in zip(meters, threads):
                meter.sock.shutdown(socket.SHUT_RDWR)
                thread.join(20)
                meter.sock.close()
        return totals

    def test_two_connections_have_about_as_much(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                one, other = self.totals(workers, 2, [f"endpoint_byte_rate = {4 * RATE}"], 8 * RATE)
                self.assertLess(max(one, other), 1.3 * min(one, other))

    def test_of_fifty_connections_none_starves(self):
        totals = self.totals(2, 50, [f"endpoint_byte_rate = {4 * RATE}"], 8 * RATE)
        self.assertGreater(min(totals), sum(totals) / 50 / 2)
        self.assertLess(max(totals), sum(totals) / 50 * 3)


class Datagrams(UdpCase):
    def flood(self, client, to, seconds):
        """Sends more than the rate for so long, each datagram with its number; how long it took."""
        began, sent = time.monotonic(), 0
        limit = Deadline(seconds)
        while not limit.over():
            client.sendto(sent.to_bytes(4, "big") + bytes(996), to)
            sent += 1
            if sent % 64 == 0:
                select.select([], [], [], 0.001)  # no more than the machine can do
        return time.monotonic() - began

    def test_what_is_above_the_rate_is_dropped_and_the_rest_in_order(self):
        remote = self.remote(silent)
        started = self.udp_relay(remote.port, network="byte_rate = 100000")
        lasted = self.flood(self.client(), started.at, 1.5)
        until(lambda: len(remote.got) > 100, lambda: f"the rate's worth, not {len(remote.got)}")
        numbers = [int.from_bytes(data[:4], "big") for data in remote.data()]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertLessEqual(len(numbers) * 1000, 100_000 * (lasted + 1) + 18_000)

    def test_a_client_above_its_rate_does_not_keep_others_waiting(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, network="byte_rate = 100000")
        noisy, quiet = self.client(), self.client()
        for number in range(20):
            for _ in range(50):
                noisy.sendto(bytes(1000), started.at)
            data = f"message {number}".encode()
            self.assertEqual(ask_datagram(quiet, data, started.at), data)

    def test_answers_are_limited_as_well(self):
        count = 500

        def talk(sock, data, peer):
            for number in range(count):
                sock.sendto(number.to_bytes(4, "big") + bytes(996), peer)
        remote = self.remote(talk)
        started = self.udp_relay(remote.port, network="byte_rate = 100000")
        client = self.client()
        began = time.monotonic()
        client.sendto(b"go", started.at)
        numbers = []
        while select.select([client], [], [], 1)[0]:
            numbers.append(int.from_bytes(client.recv(2000)[:4], "big"))
        self.assertEqual(numbers[:10], list(range(10)))
        self.assertEqual(numbers, sorted(numbers))
        self.assertLessEqual(len(numbers) * 1000,
                             100_000 * (time.monotonic() - began) + 18_000)
