"""PROXY headers as they are on the wire (spec 8), and what becomes of who sends none."""

import socket
import struct
import threading

from support.case import Case
from support.proxies import SIGNATURE, header, nowhere, v1, v2
from support.servers import (Refusing, Server, dial, ended_by_reset, hash_after_end, digest, pattern,
                             read_all, read_exactly)
from support.udp import UdpCase
from support.wait import until

CLIENT, SERVER = ("203.0.113.7", 4711), ("198.51.100.2", 443)
CLIENT6, SERVER6 = ("2001:db8::7", 4711), ("2001:db8::2", 443)


class ProxyCase(Case):
    def relay(self, port, network, host="127.0.0.1", top="", endpoint=""):
        at = f"[{host}]" if ":" in host else host
        return self.configured(f'{top}\n[log]\nlevel = "debug"\n[[endpoints]]\n'
                               f'listen = "{at}:LISTEN"\nremote = "{at}:{port}"\n{endpoint}\n'
                               f"[endpoints.network]\n{network}\n")

    def recorder(self, host="127.0.0.1"):
        """A server that keeps what it reads to the end, and then says ok."""
        got = []

        def talk(sock):
            got.append(read_all(sock))
            sock.sendall(b"ok")
        server = Server(talk, host=host)
        self.addCleanup(server.close)
        server.got = got
        return server

    def passes(self, started, sent, host="127.0.0.1"):
        """Sends it, and what the server has read by then; also our own (address, port)."""
        with dial(started.port, host) as sock:
            own = sock.getsockname()[:2]
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), b"ok")
        return own


class Sending(ProxyCase):
    def test_bytes_of_both_versions_and_families(self):
        for version in (1, 2):
            for host in ("127.0.0.1", "::1"):
                with self.subTest(version=version, host=host):
                    server = self.recorder(host)
                    started = self.relay(server.port, "send_proxy = true\n"
                                         f"send_proxy_version = {version}", host)
                    own = self.passes(started, b"hello", host)
                    self.assertEqual(server.got, [header(version, own, nowhere(host)) + b"hello"])

    def test_golden_bytes_of_an_accepted_header(self):
        server = self.recorder()
        both = "accept_proxy = true\nsend_proxy = true\nsend_proxy_version = "
        first, second = (self.relay(server.port, both + version) for version in "12")
        line = b"PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n"
        block = bytes.fromhex("0d0a0d0a000d0a515549540a 21 11 000c cb007107 c6336402 1267 01bb")
        for sent in (line, block):
            self.passes(first, sent + b"x")
            self.passes(second, sent + b"x")
        self.assertEqual(server.got, [line + b"x", block + b"x"] * 2)

    def test_golden_bytes_of_ipv6(self):
        server = self.recorder()
        both = "accept_proxy = true\nsend_proxy = true\nsend_proxy_version = "
        first, second = (self.relay(server.port, both + version) for version in "12")
        sent = v2(CLIENT6, SERVER6, tlvs=b"\x04\x00\x02ab")
        self.passes(first, sent)
        self.passes(second, sent)
        self.assertEqual(server.got, [b"PROXY TCP6 2001:db8::7 2001:db8::2 4711 443\r\n",
                                      v2(CLIENT6, SERVER6)])

    def test_a_server_that_speaks_first_has_the_header_before_the_client_says_a_word(self):
        def talk(sock):
            read_exactly(sock, 28)
            sock.sendall(b"220 hello\r\n")
        with Server(talk) as server:
            started = self.relay(server.port, "send_proxy = true")
            with dial(started.port) as sock:
                self.assertEqual(read_all(sock), b"220 hello\r\n")

    def test_without_accept_proxy_a_header_of_the_client_is_payload(self):
        server = self.recorder()
        started = self.relay(server.port, "send_proxy = true")
        own = self.passes(started, v1(CLIENT, SERVER))
        self.assertEqual(server.got, [v2(own, nowhere("127.0.0.1")) + v1(CLIENT, SERVER)])

    def test_command_line(self):
        server = self.recorder()
        started = self.relay_to(server.port, "--send-proxy=true", "--send-proxy-version=1")
        own = self.passes(started, b"x")
        self.assertEqual(server.got, [v1(own, nowhere("127.0.0.1")) + b"x"])

    def test_bytes_both_ways_with_headers_on_both_sides(self):
        with Server(hash_after_end) as server:
            last = self.relay(server.port, "accept_proxy = true")
            first = self.relay(last.port, "send_proxy = true")
            data = pattern(8 << 20)
            with dial(first.port) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), digest(data))

    def test_the_backup_has_the_header_when_the_first_remote_refuses(self):
        server = self.recorder()
        with Refusing() as refusing:
            started = self.relay(refusing.port, "accept_proxy = true\nsend_proxy = true",
                                 endpoint=f'extra_remotes = ["127.0.0.1:{server.port}"]')
            self.passes(started, v1(CLIENT, SERVER) + b"x")
        self.assertEqual(server.got, [v2(CLIENT, SERVER) + b"x"])


class Accepting(ProxyCase):
    def test_every_kind_of_header_is_taken_off_exactly(self):
        server = self.recorder()
        started = self.relay(server.port, "accept_proxy = true")
        fixed = SIGNATURE + b"\x20\x00"
        kinds = [v1(CLIENT, SERVER), v1(CLIENT6, SERVER6), b"PROXY UNKNOWN\r\n",
                 b"PROXY UNKNOWN what ever\r\n", v2(CLIENT, SERVER), v2(CLIENT6, SERVER6),
                 fixed + b"\0\0", fixed + b"\0\x05local", v2(CLIENT, SERVER, kind=2),
                 SIGNATURE + b"\x21\x31" + struct.pack(">H", 216) + b"u" * 216,
                 v2(CLIENT6, SERVER6, tlvs=b"t" * (65535 - 36))]
        for sent in kinds:
            self.passes(started, sent + v1(CLIENT, SERVER) + b"payload")
        self.assertEqual(server.got, [v1(CLIENT, SERVER) + b"payload"] * len(kinds))
        text = started.out()
        for said in ("v1: 203.0.113.7:4711 => 198.51.100.2:443", "v1: unknown",
                     "v1: [2001:db8::7]:4711 => [2001:db8::2]:443",
                     "v2: 203.0.113.7:4711 => 198.51.100.2:443", "v2: command = LOCAL, ignore",
                     "v2: protocol = DGRAM, ignore", "v2: af_family = AF_UNIX, ignore"):
            self.assertIn(f"[realm_core::tcp::proxy][DEBUG][tcp]accept proxy-protocol-{said}\n", text)

    def test_one_byte_at_a_time(self):
        server = self.recorder()
        started = self.relay(server.port, "accept_proxy = true")
        for sent in (v1(CLIENT, SERVER), v2(CLIENT6, SERVER6, tlvs=b"\x04\x00\x01x")):
            with dial(started.port) as sock:
                for byte in sent + b"payload":
                    sock.sendall(bytes([byte]))
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), b"ok")
        self.assertEqual(server.got, [b"payload"] * 2)

    def test_who_sends_none_costs_the_remote_nothing(self):
        server = self.recorder()
        started = self.relay(server.port, 'accept_proxy = true\naccept_proxy_timeout = "300ms"')
        with dial(started.port) as silent, dial(started.port) as wrong:
            wrong.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertTrue(ended_by_reset(wrong))
            self.assertEqual(read_all(silent), b"")
        until(lambda: started.out().count("session done") == 2, started.story)
        self.assertEqual(server.seen, [])
        text = started.out()
        self.assertIn("end=bad_proxy_header", text)
        self.assertIn("end=proxy_timeout", text)
        self.assertIn("error: reading the PROXY header: there is no PROXY header", text)

    def test_others_than_the_trusted_are_refused_and_named_once(self):
        server = self.recorder()
        started = self.relay(server.port, 'accept_proxy = true\ntrusted_proxies = ["10.0.0.0/8"]')
        for _ in range(5):
            with dial(started.port) as sock:
                self.assertEqual(read_all(sock), b"")
        until(lambda: started.out().count("end=untrusted_proxy") == 5, started.story)
        self.assertEqual(started.out().count("127.0.0.1 is not one of `trusted_proxies`"), 1)
        self.assertEqual(server.seen, [])

    def test_the_lines_have_the_client_and_the_proxy(self):
        server = self.recorder()
        started = self.relay(server.port, "accept_proxy = true")
        own = "{}:{}".format(*self.passes(started, v1(CLIENT, SERVER)))
        until(lambda: "session done" in started.out(), started.story)
        to = f"127.0.0.1:{server.port}"
        self.assertIn(f"[realm_core::tcp::middle][DEBUG][tcp]{own} => {to} as {to}\n", started.out())
        self.assertIn(f"client=203.0.113.7:4711 via={own} listen=127.0.0.1:{started.port} remote={to} ", started.out())

    def test_many_silent_clients_do_not_keep_others_waiting(self):
        server = self.recorder()
        started = self.relay(server.port, "accept_proxy = true")
        silent = [dial(started.port) for _ in range(300)]
        self.passes(started, v1(CLIENT, SERVER) + b"x")
        for sock in silent:
            sock.close()
        self.assertEqual(server.got, [b"x"])

    def test_sigterm_ends_who_is_waited_for(self):
        server = self.recorder()
        started = self.relay(server.port, "accept_proxy = true\naccept_proxy_timeout = 0",
                             top='[process]\nshutdown_timeout = "200ms"')
        with dial(started.port) as silent:
            silent.sendall(b"PROXY ")
            started.signal(15)
            self.assertTrue(ended_by_reset(silent))
        self.assertEqual(started.wait_exit(), 0)

    def test_a_version_that_there_is_not_is_refused_at_the_start(self):
        done = self.cli("-l", "127.0.0.1:0", "-r", "127.0.0.1:1", "--send-proxy=true",
                        "--send-proxy-version=3", code=78)
        self.assertIn("there is no version 3", done.stderr)


class Datagrams(UdpCase):
    def told(self, client):
        own = client.getsockname()[:2]
        return v2(own, nowhere(own[0]), kind=2)

    def exchange(self, started, remote, sizes):
        """Sends datagrams of these sizes, each when the one before has arrived; what arrived."""
        client = self.client()
        for count, size in enumerate(sizes):
            client.sendto(pattern(size, seed=size), started.at)
            until(lambda done=count: len(remote.got) > done, started.story)
        return client

    def test_every_datagram_carries_a_header(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, 'send_proxy_udp = "every"')
        sizes = (0, 1, 1200, 1200, 40000, 65507 - 28)
        client = self.exchange(started, remote, sizes)
        wanted = [self.told(client) + pattern(size, seed=size) for size in sizes]
        self.assertEqual(remote.data(), wanted)
        self.assertEqual([client.recv(65536) for _ in sizes], wanted, "answers carry none of ours")

    def test_the_first_datagram_of_each_association_carries_one(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, 'send_proxy_udp = "first"')
        for _ in range(2):
            del remote.got[:]
            client = self.exchange(started, remote, (5, 1200, 0, 1200))
            self.assertEqual(remote.data(), [self.told(client) + pattern(5, seed=5)] +
                             [pattern(size, seed=size) for size in (1200, 0, 1200)])

    def test_by_default_none_does(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, "send_proxy = true")
        self.exchange(started, remote, (5,))
        self.assertEqual(remote.data(), [pattern(5, seed=5)])

    def test_ipv6(self):
        remote = self.remote(host="::1")
        started = self.udp_relay(f"[::1]:{remote.port}", 'send_proxy_udp = "every"', listen="::1")
        client = self.client("::1")
        client.sendto(b"hello", started.at)
        until(lambda: remote.got, started.story)
        own = client.getsockname()[:2]
        self.assertEqual(remote.data(), [v2(own, nowhere("::1"), kind=2) + b"hello"])

    def test_what_becomes_too_long_is_dropped_and_said(self):
        remote = self.remote()
        started = self.udp_relay(remote.port, 'send_proxy_udp = "first"')
        client = self.client()
        client.sendto(bytes(65507 - 27), started.at)
        client.sendto(b"next", started.at)
        client.sendto(b"after", started.at)
        until(lambda: len(remote.got) == 2, started.story)
        self.assertEqual(remote.data(), [self.told(client) + b"next", b"after"])
        self.assertIn("error: sending: message too long", started.out())

    def test_runs_of_datagrams_from_many_clients_keep_their_bytes(self):
        """Fast enough that they are received together and cut on the way out."""
        remote = self.remote(talk=lambda *_: None)
        started = self.udp_relay(remote.port, 'send_proxy_udp = "every"', level="error")
        clients = [self.client() for _ in range(4)]
        rounds = 2000

        def flood(number):
            for count in range(rounds):
                size = 1000 if count % 7 else 300 + number
                clients[number].sendto(struct.pack(">II", number, count) + bytes(size), started.at)
        threads = [threading.Thread(target=flood, args=(each,)) for each in range(len(clients))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        last = [-1] * len(clients)
        until(lambda: len(remote.got) > rounds, started.story)
        for data, _ in list(remote.got):
            number, count = struct.unpack(">II", data[28:36])
            self.assertEqual(data[:28], self.told(clients[number]))
            self.assertGreater(count, last[number], "order")
            last[number] = count
            self.assertEqual(len(data), 36 + (1000 if count % 7 else 300 + number))
