"""Our two ends against each other over ws, tls and wss (spec 9): what is sent arrives, and so does
how it ends."""

import socket
import threading

from support import relay, udp
from support.limits import room_for
from support.ports import free_ports, listening
from support.proxies import header, nowhere
from support.servers import (Refusing, dial, digest, echo, ended_by_reset, hash_after_end, pattern,
                             read_all, read_exactly, reset, source)
from support.transport import KINDS, TEXTS, TransportCase, endpoint
from support.wait import until

LABEL = "e2e"
TIMEOUT = 120

BULK = 24 << 20


def duplex(seed):
    """A server that sends its own pattern while it reads, and then what it has read as a digest."""
    def talk(sock):
        sender = threading.Thread(target=sock.sendall, args=(pattern(BULK, seed),))
        sender.start()
        got = read_all(sock)
        sender.join()
        sock.sendall(digest(got))
    return talk


class Chains(TransportCase):
    def each(self, talk, network=""):
        """Every kind, as two processes and as two endpoints of one."""
        for kind in KINDS:
            for make in (self.chain, self.chain_in_one):
                print(f"{kind}, {make.__name__}")  # which it is, should it fail
                server = self.server(talk)
                yield make(kind, server.port, network), server

    def test_both_ways_at_once_byte_by_byte_the_same(self):
        for first, _ in self.each(duplex("down")):
            data = pattern(BULK, "up")
            with dial(first.port, seconds=60) as sock:
                def send(sock=sock, data=data):
                    sock.sendall(data)
                    sock.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                got = read_all(sock)
                sender.join()
            self.assertEqual(len(got), BULK + 64)
            self.assertEqual(got[BULK:], digest(data), "what the server has read")
            self.assertEqual(digest(got[:BULK]), digest(pattern(BULK, "down")))

    def test_writes_of_one_byte(self):
        data = pattern(2000)
        for first, _ in self.each(echo):
            with dial(first.port) as sock:
                for at in range(0, len(data) // 2):
                    sock.sendall(data[at:at + 1])
                    self.assertEqual(sock.recv(1), data[at:at + 1])
                for at in range(len(data) // 2, len(data)):  # and without waiting
                    sock.sendall(data[at:at + 1])
                self.assertEqual(read_exactly(sock, len(data) // 2), data[len(data) // 2:])

    def test_the_client_ends_first_and_has_its_whole_answer(self):
        data = pattern(300_000)
        for first, _ in self.each(hash_after_end):
            with dial(first.port) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), digest(data))
            for hop in {first, first.last}:
                hop.wait_text("end=client_eof")

    def test_the_remote_ends_first_and_reads_on(self):
        got = []

        def talk(sock):
            sock.sendall(b"that is all")
            sock.shutdown(socket.SHUT_WR)
            got.append(read_all(sock))
        data = pattern(300_000)
        for first, _ in self.each(talk):
            del got[:]
            with dial(first.port) as sock:
                self.assertEqual(read_all(sock), b"that is all")
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                until(lambda: got, first.story)
            self.assertEqual(got, [data])
            for hop in {first, first.last}:
                hop.wait_text("end=remote_eof")

    def test_nothing_at_all_is_an_orderly_end_too(self):
        for first, server in self.each(echo):
            with dial(first.port) as sock:
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), b"")
            until(lambda server=server: server.seen and not server.sockets, first.story)
            self.assertEqual(server.errors, [])

    def test_a_reset_of_the_client_is_one_for_the_remote(self):
        for first, server in self.each(echo):
            with dial(first.port) as sock:
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x")
                reset(sock)
            until(lambda server=server: server.errors, first.story)
            self.assertIsInstance(server.errors[0], ConnectionResetError)
            for hop in {first, first.last}:
                hop.wait_text("end=reset_by_client")

    def test_a_reset_of_the_remote_is_one_for_the_client(self):
        def talk(sock):
            read_exactly(sock, 1)
            reset(sock)
        for first, _ in self.each(talk):
            with dial(first.port) as sock:
                sock.sendall(b"x")
                self.assertTrue(ended_by_reset(sock), "an orderly end instead of a reset")
            for hop in {first, first.last}:
                hop.wait_text("end=reset_by_remote")

    def test_a_server_that_speaks_first_is_heard(self):
        banner = b"SSH-2.0-first\r\n"

        def talk(sock):
            sock.sendall(banner)
            echo(sock)
        for first, _ in self.each(talk):
            for _ in range(20):
                with dial(first.port) as sock:
                    self.assertEqual(read_exactly(sock, len(banner)), banner)
                    sock.sendall(b"hello")
                    self.assertEqual(read_exactly(sock, 5), b"hello")

    def test_many_at_once(self):
        for first, _ in self.each(echo):
            socks = [dial(first.port) for _ in range(100)]
            for number, sock in enumerate(socks):
                sock.sendall(b"%05d" % number)
            for number, sock in enumerate(socks):
                self.assertEqual(read_exactly(sock, 5), b"%05d" % number)
                sock.close()

    def test_idle_timeout_is_an_orderly_end_on_both_sides(self):
        for first, server in self.each(echo, 'idle_timeout = "300ms"'):
            with dial(first.port) as sock:
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x")
                self.assertEqual(read_all(sock), b"")
            until(lambda server=server: not server.sockets, first.story)
            self.assertEqual(server.errors, [])
            until(lambda first=first: "end=idle" in first.out() + first.last.out(), first.story)

    def test_the_line_at_the_start_says_what_wraps_what(self):
        """Spec 1.7."""
        words = {"ws": "[ws][plain]", "tls": "[tls][plain]", "wss": "[ws][tls][plain]"}
        for kind in KINDS:
            with Refusing() as nobody:
                last = self.unwrapping(kind, nobody.port)
                first = self.wrapping(kind, nobody.port)
            self.assertIn(f"; transport={words[kind]}||[plain]; balance=off", last.out())
            self.assertIn(f"; transport=[plain]||{words[kind]}; balance=off", first.out())

    def test_one_hop_may_take_one_off_and_put_another_on(self):
        server = self.server(hash_after_end)
        last = self.unwrapping("wss", server.port)
        text = self.LOG + endpoint("LISTEN", last.port, inside=TEXTS["tls"][0],
                                   outside=TEXTS["wss"][1])
        middle = self.configured(text)
        first = self.wrapping("tls", middle.port)
        data = pattern(3 << 20)
        with dial(first.port) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), digest(data))

    def test_command_line(self):
        server = self.server(hash_after_end)
        listen, outside = TEXTS["wss"]
        last = self.relay_to(server.port, "-a", listen)
        first = self.relay_to(last.port, "-b", outside)
        with dial(first.port) as sock:
            sock.sendall(b"hello")
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), digest(b"hello"))


class WithOthers(TransportCase):
    """Transports beside what else an endpoint may have."""

    def recorder(self):
        got = []

        def talk(sock):
            got.append(read_all(sock))
            sock.sendall(b"ok")
        server = self.server(talk)
        server.got = got
        return server

    def test_the_proxy_header_stands_below_the_transport(self):
        """Spec 8.2: it precedes TLS and WebSocket on the wire."""
        begins = {"ws": b"GET /x HTTP/1.1\r\n", "tls": b"\x16\x03\x01", "wss": b"\x16\x03\x01"}
        for kind in KINDS:
            with self.subTest(kind):
                got = []

                def talk(sock, got=got):
                    got.append(read_exactly(sock, 28 + 3))
                server = self.server(talk)
                first = self.wrapping(kind, server.port, "send_proxy = true")
                with dial(first.port) as sock:
                    own = sock.getsockname()
                    until(lambda got=got: got, first.story)
                self.assertEqual(got[0][:28], header(2, own, nowhere("127.0.0.1")))
                self.assertEqual(got[0][28:], begins[kind][:3])

    def test_the_client_s_address_comes_through_a_chain(self):
        for kind in KINDS:
            with self.subTest(kind):
                server = self.recorder()
                last = self.unwrapping(kind, server.port, "accept_proxy = true\nsend_proxy = true")
                first = self.wrapping(kind, last.port, "send_proxy = true")
                with dial(first.port) as sock:
                    own = sock.getsockname()
                    sock.sendall(b"hello")
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(sock), b"ok")
                self.assertEqual(server.got,
                                 [header(2, own, nowhere("127.0.0.1")) + b"hello"])
                last.wait_text(f"client={own[0]}:{own[1]} via=")

    def test_a_backup_serves_when_the_handshake_with_the_first_fails(self):
        """The first accepts and answers what is neither TLS nor WebSocket, or ends, or resets."""
        def talks_http(sock):
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        def resets(sock):
            sock.recv(65536)
            reset(sock)
        server = self.server(hash_after_end)
        for kind in KINDS:
            last = self.unwrapping(kind, server.port)
            for wrong in (talks_http, resets, lambda sock: None):
                with self.subTest(kind, wrong=wrong.__name__):
                    first_remote = self.server(wrong)
                    backup = f'extra_remotes = ["127.0.0.1:{last.port}"]'
                    first = self.wrapping(kind, first_remote.port, more=backup)
                    with dial(first.port) as sock:
                        sock.sendall(b"hello")
                        sock.shutdown(socket.SHUT_WR)
                        self.assertEqual(read_all(sock), digest(b"hello"))
                    self.assertEqual(len(first_remote.seen), 1)

    def test_a_silent_remote_is_given_up_after_handshake_timeout(self):
        server = self.server(hash_after_end)
        mute = self.server(lambda sock: read_all(sock))
        for kind in KINDS:
            with self.subTest(kind):
                last = self.unwrapping(kind, server.port)
                first = self.wrapping(kind, mute.port, 'handshake_timeout = "1s"',
                                      more=f'extra_remotes = ["127.0.0.1:{last.port}"]')
                with dial(first.port) as sock:
                    sock.sendall(b"hello")
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(sock), digest(b"hello"))

    def test_without_a_backup_the_client_is_closed_and_the_line_says_why(self):
        wrong = self.server(lambda sock: sock.sendall(b"220 mail\r\n\r\n"))
        words = {"ws": "WebSocket handshake: ", "tls": "TLS handshake: ", "wss": "TLS handshake: "}
        for kind in KINDS:
            with self.subTest(kind):
                first = self.wrapping(kind, wrong.port)
                with dial(first.port) as sock:
                    ended_by_reset(sock)
                first.wait_text("end=remote_handshake_failed")
                self.assertIn(f"=> 127.0.0.1:{wrong.port}, error: {words[kind]}", first.out())

    def test_a_remote_whose_handshakes_fail_is_put_aside_by_balance(self):
        server = self.server(hash_after_end)
        wrong = self.server(lambda sock: sock.sendall(b"no\r\n\r\n"))
        last = self.unwrapping("wss", server.port)
        first = self.wrapping("wss", wrong.port, more="\n".join((
            f'extra_remotes = ["127.0.0.1:{last.port}"]', 'balance = "roundrobin: 1, 1"')))
        for _ in range(12):
            with dial(first.port) as sock:
                sock.sendall(b"hello")
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), digest(b"hello"))
        self.assertIn(f"remote 127.0.0.1:{wrong.port} put aside", first.out())
        self.assertLess(len(wrong.seen), 6, "those that came after left it out")

    def test_a_remote_that_refuses_is_followed_by_the_backup(self):
        server = self.server(source(1000))
        last = self.unwrapping("wss", server.port)
        with Refusing() as refusing:
            first = self.wrapping("wss", refusing.port,
                                  more=f'extra_remotes = ["127.0.0.1:{last.port}"]')
            with dial(first.port) as sock:
                self.assertEqual(read_all(sock), pattern(1000))

    def test_a_place_of_max_connections_is_free_again_after_a_failed_handshake(self):
        server = self.server(echo)
        last = self.unwrapping("ws", server.port, 'handshake_timeout = "300ms"',
                               more="max_connections = 1")
        first = self.wrapping("ws", last.port)
        before = last.descriptors()
        with dial(last.port) as silent:
            until(lambda: last.descriptors() > before, last.story)  # it has the place
            with dial(first.port) as sock:
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x")
                self.assertEqual(read_all(silent), b"")

    def test_datagrams_of_the_endpoint_are_relayed_as_they_are(self):
        with udp.Remote() as remote, udp.open_socket() as sock:
            both = self.LOG + endpoint("LISTEN", remote.port, *TEXTS["wss"],
                                       network="use_udp = true")
            started = self.configured(both, udp=True)
            self.assertEqual(udp.ask(sock, b"hello", ("127.0.0.1", started.port)), b"hello")
            self.assertEqual([data for data, _ in remote.got], [b"hello"])

    def test_each_port_of_a_range_speaks_it(self):
        server = self.server(hash_after_end)
        first_port = free_ports(3)
        text = self.LOG + endpoint(f"{first_port}-{first_port + 2}", server.port, TEXTS["wss"][0])
        path = self.file("range.toml", text)
        ports = range(first_port, first_port + 3)
        self.start("-c", path, ports=ports)
        for port in ports:
            first = self.wrapping("wss", port)
            with dial(first.port) as sock:
                sock.sendall(b"hello")
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(sock), digest(b"hello"))


class Ending(TransportCase):
    def test_sigterm_lets_sessions_finish(self):
        for kind in KINDS:
            with self.subTest(kind):
                server = self.server(hash_after_end)
                first = self.chain(kind, server.port)
                with dial(first.port) as sock:
                    sock.sendall(b"before ")
                    until(lambda server=server: server.seen, first.story)
                    first.signal(15)
                    first.last.signal(15)
                    for hop in (first, first.last):
                        until(lambda hop=hop: not listening(hop.pid), hop.story)
                    sock.sendall(b"and after")
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(sock), digest(b"before and after"))
                self.assertEqual((first.wait_exit(), first.last.wait_exit()), (0, 0))

    def test_sigterm_in_the_middle_of_handshakes(self):
        soon = '[process]\nshutdown_timeout = "200ms"\n'
        server = self.server(echo)
        mute = self.server(lambda sock: read_all(sock))
        for kind in KINDS:
            with self.subTest(kind):
                last = self.unwrapping(kind, server.port, top=soon)
                first = self.wrapping(kind, mute.port, top=soon)
                before = len(mute.seen)
                with dial(last.port) as silent, dial(first.port) as waiting:
                    silent.sendall(b"\x16" if "ws" != kind else b"GET ")
                    until(lambda before=before: len(mute.seen) > before, first.story)
                    last.signal(15)
                    first.signal(15)
                    ended_by_reset(silent)
                    ended_by_reset(waiting)
                self.assertEqual((last.wait_exit(), first.wait_exit()), (0, 0))
        self.assertEqual(server.seen, [])

    def test_idle_connections_take_little(self):
        """Resident bytes for each chained connection: both hops are one process."""
        if relay.SANITIZED:
            self.skipTest("sanitizers take what they like")
        room_for(4000)
        count = 400
        bounds = {"ws": 8 << 10, "tls": 80 << 10, "wss": 80 << 10}
        for kind in KINDS:
            with self.subTest(kind):
                server = self.server(echo)
                first = self.chain_in_one(kind, server.port)

                def open_all(many, first=first):
                    socks = []
                    for _ in range(many):  # one by one: handshakes under way take more for a while
                        socks.append(dial(first.port))
                        socks[-1].sendall(b"x")
                        self.assertEqual(socks[-1].recv(1), b"x")
                    return socks
                socks = open_all(50)
                before = first.rss()
                socks += open_all(count)
                each = (first.rss() - before) / count
                for sock in socks:
                    sock.close()
                print(f"{kind}: {each / 1024:.1f} KiB for each idle chained connection")
                self.assertLess(each, bounds[kind])
                until(lambda server=server: not server.sockets, first.story)
