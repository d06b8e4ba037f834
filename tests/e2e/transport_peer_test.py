"""Scripted WebSocket and TLS peers, right and wrong, on either side of a relay (spec 9.2, 9.3)."""

import os
import socket
import ssl

from support.servers import (dial, digest, echo, ended_by_reset, pattern, read_all, read_exactly,
                             reset, source)
from support.tls import HalfClosing, Authority, behind, client_context, server_context
from support.transport import KINDS, TEXTS, TransportCase
from support.wait import until
from support.websocket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, headers_of,
                               open_client, read_frame, read_head, read_payload, reply_to, request)

LABEL = "e2e"
TIMEOUT = 120

SOON = 'handshake_timeout = "300ms"'


def in_pieces(data, sizes):
    """Cuts data at odd places, round and round."""
    at, turn = 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        yield data[at:at + size]
        at, turn = at + size, turn + 1


class Clients(TransportCase):
    """The relay's clients are ours, by hand."""

    def setUp(self):
        super().setUp()
        self.got = []

        def talk(sock):
            self.got.append(read_all(sock))
            sock.sendall(b"ok")
        self.recorder = self.server(talk)
        self.echo = self.server(echo)

    def test_the_answer_to_a_handshake_byte_by_byte(self):
        """Spec 9.2: these headers in lower case and nothing else; the RFC's own example."""
        started = self.unwrapping("ws", self.echo.port)
        with dial(started.port) as sock:
            sock.sendall(request())
            self.assertEqual(read_head(sock),
                             b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                             b"connection: upgrade\r\n"
                             b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")

    def test_a_head_in_pieces(self):
        started = self.unwrapping("ws", self.echo.port)
        with dial(started.port) as sock:
            for byte in request():
                sock.sendall(bytes([byte]))
            self.assertIn(b"101 Switching", read_head(sock))
            sock.sendall(frame(b"hello", mask=os.urandom(4)))
            self.assertEqual(read_payload(sock, 5), b"hello")

    def test_bytes_behind_the_head_are_kept(self):
        """Spec 9.2, hazard 3: whole frames and half of one."""
        started = self.unwrapping("ws", self.recorder.port)
        for cut in (0, 1, 3, 7, 2000):
            data = pattern(5000)
            frames = frame(data[:100], mask=b"\1\2\3\4") + frame(data[100:], mask=b"\5\6\7\0")
            with dial(started.port) as sock:
                sock.sendall(request() + frames[:cut + 100])
                read_head(sock)
                sock.sendall(frames[cut + 100:])
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(read_payload(sock, 2), b"ok")
            self.assertEqual(self.got.pop(), data)

    def test_random_masks_cut_at_odd_places(self):
        """Spec 9.2, hazard 1: the mask's phase is kept over reads; every form of length."""
        for kind in ("ws", "wss"):
            with self.subTest(kind):
                started = self.unwrapping(kind, self.recorder.port)
                data = pattern(700_000)
                sizes = (0, 1, 2, 3, 5, 125, 126, 127, 1000, 8191, 65535, 65536, 70001)
                first = [TEXT, CONTINUATION, CONTINUATION, BINARY]  # of three frames, of one
                frames = b"".join(
                    frame(part, opcode=first[nth % 4], fin=nth % 4 >= 2, mask=os.urandom(4),
                          width=8 if nth % 5 == 0 else None)
                    for nth, part in enumerate(in_pieces(data, sizes[1:])))
                frames = frame(mask=b"abcd") + frames + frame(b"", PING, mask=b"\0\0\0\0")
                with dial(started.port) as tcp:
                    sock = client_context().wrap_socket(tcp) if kind == "wss" else tcp
                    open_client(sock)
                    for part in in_pieces(frames, (1, 2, 3, 7, 13, 1001, 4099, 16385, 30001)):
                        sock.sendall(part)
                    sock.sendall(frame(b"\x03\xe8", CLOSE, mask=b"wxyz"))
                    self.assertEqual(read_frame(sock)[:2], (PONG, b""))
                    self.assertEqual(read_payload(sock, 2), b"ok")
                self.assertEqual(digest(self.got.pop()), digest(data))

    def test_what_comes_from_the_relay_is_binary_whole_and_not_masked(self):
        data = pattern(200_000)
        server = self.server(source(len(data)))
        started = self.unwrapping("ws", server.port)
        with dial(started.port) as sock:
            open_client(sock)
            got = b""
            while len(got) < len(data):
                opcode, part, mask = read_frame(sock)
                self.assertEqual((opcode, mask), (BINARY, None))
                got += part
            self.assertEqual(got, data)
            self.assertEqual(read_all(sock), b"", "the end is that of TCP, without a close frame")

    def test_a_client_that_says_nothing_hears_a_server_that_speaks_first(self):
        """Spec 9.2, hazard 3: held back, but not for ever."""
        server = self.server(lambda sock: (sock.sendall(b"220 hello\r\n"), read_all(sock)))
        for kind in ("ws", "wss"):
            started = self.unwrapping(kind, server.port)
            with dial(started.port) as tcp:
                sock = client_context().wrap_socket(tcp) if kind == "wss" else tcp
                open_client(sock)
                self.assertEqual(read_payload(sock, 11), b"220 hello\r\n")

    def test_a_ping_is_answered(self):
        started = self.unwrapping("ws", self.echo.port)
        with dial(started.port) as sock:
            open_client(sock)
            for body in (b"", b"abc", b"p" * 125):
                sock.sendall(frame(body, PING, mask=os.urandom(4)))
                self.assertEqual(read_frame(sock), (PONG, body, None))
            sock.sendall(frame(b"data", mask=os.urandom(4)))
            self.assertEqual(read_payload(sock, 4), b"data", "no ping went to the remote")

    def test_a_close_is_echoed_and_is_the_end_for_the_remote(self):
        started = self.unwrapping("ws", self.recorder.port)
        with dial(started.port) as sock:
            open_client(sock)
            sock.sendall(frame(b"hello", mask=b"\0\0\0\0") + frame(b"\x03\xe8bye", CLOSE, b"mask"))
            frames = [read_frame(sock) for _ in range(2)]
            self.assertEqual({opcode for opcode, _, _ in frames}, {BINARY, CLOSE})
            closes = [data for opcode, data, _ in frames if opcode == CLOSE]
            self.assertEqual(closes[0][:2], b"\x03\xe8")
        self.assertEqual(self.got, [b"hello"])

    def test_pongs_and_text_are_taken(self):
        """RFC 6455, 5.5.3: .NET's clients send pongs by themselves; a browser's send("…") is text."""
        started = self.unwrapping("ws", self.echo.port)
        with dial(started.port) as sock:
            open_client(sock)
            sock.sendall(frame(b"", PONG, mask=b"mask") + frame(b"te", TEXT, b"mask", fin=False)
                         + frame(b"of my own", PONG, mask=b"mask")
                         + frame(b"xt", CONTINUATION, b"mask") + frame(b"\xff", TEXT, b"mask"))
            self.assertEqual(read_payload(sock, 5), b"text\xff")

    def test_what_must_not_come_ends_the_connection(self):
        """RFC 6455, 5: the peer hears 1002, the remote sees a reset."""
        wrong = {"unmasked": frame(b"hello"), "unmasked ping": frame(b"", PING),
                 "long ping": frame(b"p" * 126, PING, mask=b"mask"),
                 "long pong": frame(b"p" * 126, PONG, mask=b"mask"),
                 "ping in parts": frame(b"p", PING, mask=b"mask", fin=False),
                 "close in parts": frame(b"\x03\xe8", CLOSE, mask=b"mask", fin=False),
                 "reserved bit 1": b"\xc2\x80mask", "reserved bit 3": b"\x92\x80mask",
                 "opcode 3": b"\x83\x80mask", "opcode 11": b"\x8b\x80mask",
                 "continuation of nothing": frame(b"x", CONTINUATION, b"mask"),
                 "message within another": frame(b"", TEXT, b"mask", fin=False)
                                           + frame(b"x", BINARY, b"mask"),
                 "2^63 bytes": b"\x82\xff\x80" + bytes(7)}
        started = self.unwrapping("ws", self.echo.port)
        for what, sent in wrong.items():
            with self.subTest(what), dial(started.port) as sock:
                open_client(sock)
                sock.sendall(frame(b"x", mask=b"mask"))
                self.assertEqual(read_payload(sock, 1), b"x")
                sock.sendall(sent)
                self.assertEqual(read_frame(sock), (CLOSE, b"\x03\xea", None))
                ended_by_reset(sock)
        until(lambda: started.out().count("session done") == len(wrong), started.story)
        self.assertEqual(started.out().count("end=client_error"), len(wrong), "no orderly end")
        until(lambda: len(self.echo.errors) == len(wrong), "each is a reset for the remote")

    def test_closes_that_make_no_sense_are_ends_all_the_same(self):
        """RFC 6455, 7.4: the answer says what is wrong, and nothing is missing for the remote."""
        started = self.unwrapping("ws", self.recorder.port)
        answers = {b"\x03": 1002, b"\x03\xe7": 1002, b"\x03\xec": 1002, b"\x03\xed": 1002,
                   b"\x03\xee": 1002, b"\x03\xf7": 1002, b"\x0b\xb7": 1002, b"\x13\x88": 1002,
                   b"\x03\xe8\xc3\x28": 1007, b"\x03\xe9bye": 1001, b"\x0f\xa0": 4000}
        for sent, code in answers.items():
            with self.subTest(sent), dial(started.port) as sock:
                open_client(sock)
                sock.sendall(frame(b"hello", TEXT, mask=b"mask") + frame(sent, CLOSE, b"mask"))
                self.assertEqual(read_payload(sock, 2), b"ok")
                opcode, answer, _ = read_frame(sock)
                self.assertEqual((opcode, answer[:2]), (CLOSE, code.to_bytes(2, "big")))
        self.assertEqual(self.got, [b"hello"] * len(answers))

    def test_a_subprotocol_of_those_offered_is_granted(self):
        offers = "Sec-WebSocket-Protocol: chat, mqtt\r\nSec-WebSocket-Protocol: x\r\n"
        any_of_them = self.unwrapping("ws", self.echo.port)
        one = self.unwrapping("ws;host=a.example;path=/x;protocol=mqtt", self.echo.port)
        other = self.unwrapping("ws;host=a.example;path=/x;protocol=other", self.echo.port)
        for started, more, granted in ((any_of_them, offers, "chat"), (one, offers, "mqtt"),
                                       (other, offers, None), (one, "", None)):
            with dial(started.port) as sock:
                answer = open_client(sock, more=more)
                self.assertEqual(answer.get("sec-websocket-protocol"), granted)
                sock.sendall(frame(b"hello", mask=b"mask"))
                self.assertEqual(read_payload(sock, 5), b"hello")

    def test_a_flood_of_what_carries_nothing_is_ended(self):
        """32 at once are answered; far more are told 1008."""
        started = self.unwrapping("ws", self.echo.port)
        floods = {"pings": frame(b"", PING, b"mask"), "pongs": frame(b"", PONG, b"mask"),
                  "empty frames": frame(b"", BINARY, b"mask"),
                  "empty continuations": frame(b"", CONTINUATION, b"mask", fin=False)}
        for what, one in floods.items():
            with self.subTest(what), dial(started.port) as sock:
                open_client(sock)
                sock.sendall(frame(b"x", mask=b"mask", fin=what != "empty continuations"))
                self.assertEqual(read_payload(sock, 1), b"x")
                sock.sendall(one * 30)
                for _ in range(30 if what == "pings" else 0):
                    self.assertEqual(read_frame(sock), (PONG, b"", None))
                try:
                    sock.sendall(one * 2000)
                    got = [read_frame(sock)]
                    while got[-1][0] != CLOSE:
                        got.append(read_frame(sock))
                except ConnectionResetError:
                    self.fail(f"{what}: it was not told")
                self.assertEqual(got[-1], (CLOSE, b"\x03\xf0", None))
                self.assertLessEqual(len(got), 600, "pongs do not pile up")
        until(lambda: started.out().count("end=flood") == len(floods), started.story)

    def test_an_idle_connection_is_pinged(self):
        """`ping=`: empty pings, which count as nothing for the idle limit."""
        started = self.unwrapping("ws;host=a.example;path=/x;ping=200ms", self.echo.port,
                                  'idle_timeout = "1s"')
        with dial(started.port) as sock:
            open_client(sock)
            frames = []
            while not frames or frames[-1]:
                frames.append(sock.recv(2))
        self.assertGreaterEqual(len(frames), 3)
        self.assertEqual(set(frames), {b"\x89\x00", b""})
        started.wait_text("end=idle")

    def test_a_client_that_answers_pings_no_more_is_ended(self):
        started = self.unwrapping("ws;host=a.example;path=/x;ping=100ms", self.echo.port)
        with dial(started.port) as sock:
            open_client(sock)
            self.assertEqual(read_frame(sock)[0], PING)
            sock.sendall(frame(b"", PONG, b"mask"))
            pings = 0
            try:
                while sock.recv(2):
                    pings += 1
            except ConnectionResetError:
                pass
        self.assertEqual(pings, 3)
        started.wait_text("end=client_error")
        self.assertIn("does not answer WebSocket pings any more", started.out())

    def test_an_end_within_a_frame_is_truncated(self):
        started = self.unwrapping("ws", self.recorder.port)
        with dial(started.port) as sock:
            open_client(sock)
            sock.sendall(frame(b"x" * 100, mask=b"mask")[:50])
            sock.shutdown(socket.SHUT_WR)
            ended_by_reset(sock)
        started.wait_text("end=truncated")
        until(lambda: self.recorder.errors, started.story)
        self.assertEqual(self.got, [], "not taken for an end")

    def end_without_close_notify(self, kind, text):
        """Sends something, then the end of TCP alone."""
        started = self.unwrapping(text, self.recorder.port)
        with client_context().wrap_socket(dial(started.port)) as sock:
            if kind == "wss":
                open_client(sock)
                sock.sendall(frame(b"hello", mask=b"mask"))
            else:
                sock.sendall(b"hello")
            sock.shutdown(socket.SHUT_WR)
            started.wait_text("end=truncated")
        return started

    def test_an_end_without_close_notify_is_passed_on_and_told(self):
        for kind in ("tls", "wss"):
            with self.subTest(kind):
                started = self.end_without_close_notify(kind, kind)
                self.assertRegex(started.out(), r"\[INFO\]session done .*end=truncated")
        self.assertEqual((self.got, self.recorder.errors), ([b"hello"] * 2, []))

    def test_where_rules_are_strict_it_is_a_reset(self):
        for kind in ("tls", "wss"):
            with self.subTest(kind):
                before = len(self.recorder.errors)
                started = self.end_without_close_notify(kind, TEXTS[kind][0] + ";tls_end=strict")
                until(lambda before=before: len(self.recorder.errors) > before, started.story)
        self.assertEqual(self.got, [], "not taken for an end")

    def test_close_notify_ends_one_direction_only(self):
        """Spec 9.3, and the answer comes after it."""
        started = self.unwrapping("tls", self.recorder.port)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name), dial(started.port) as tcp:
                sock = HalfClosing(tcp, client_context(version=version))
                sock.sendall(b"hello")
                sock.close_notify()
                self.assertEqual(read_all(sock), b"ok")
        self.assertEqual(self.got, [b"hello"] * 2)

    def test_a_client_that_closes_after_its_close_notify_has_ended_in_order(self):
        """As browsers and curl do: ours finds nobody there any more, and that is no error."""
        server = self.server(read_all)
        started = self.unwrapping("tls", server.port)
        count = 60
        for _ in range(count):
            with dial(started.port) as tcp:  # 1.2: no tickets that would stay unread
                sock = HalfClosing(tcp, client_context(version=ssl.TLSVersion.TLSv1_2))
                sock.sendall(b"bye")
                sock.close_notify()
        until(lambda: started.out().count("session done") == count, started.story)
        self.assertEqual(started.out().count("end=client_eof"), count)
        self.assertEqual(server.errors, [])


class Visitors(TransportCase):
    """Who does not speak the transport costs nothing and reaches nobody."""

    def setUp(self):
        super().setUp()
        self.echo = self.server(echo)

    def answer(self, started, sent):
        with dial(started.port) as sock:
            sock.sendall(sent)
            return read_all(sock)

    def nobody_was_dialled(self, started, count):
        until(lambda: started.out().count("session done") == count, started.story)
        self.assertEqual(self.echo.seen, [])

    def test_other_paths_hosts_and_methods_are_not_found(self):
        started = self.unwrapping("ws", self.echo.port)
        wrong = [request(path="/y"), request(path="/x?"), request(path="/X"),
                 request(host="A.example"), request(host="a.example:80"), request(method="POST"),
                 b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
                 request().replace(b"websocket", b"h2c"), request(connection="keep-alive"),
                 request().replace(b"Version: 13", b"Version: 8")]
        for sent in wrong:
            with self.subTest(sent):
                first, headers = headers_of(self.answer(started, sent).split(b"\r\n\r\n")[0])
                self.assertEqual(first, "HTTP/1.1 404 Not Found")
                self.assertEqual(headers["connection"], "close")
        self.nobody_was_dialled(started, len(wrong))
        self.assertEqual(started.out().count("end=client_handshake_failed"), len(wrong))
        self.assertIn("error: WebSocket handshake: ", started.out())

    def test_camouflage_close_says_nothing(self):
        started = self.unwrapping("ws", self.echo.port, 'camouflage = "close"')
        for sent in (request(path="/y"), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            with dial(started.port) as sock:
                sock.sendall(sent)
                try:
                    self.assertEqual(read_all(sock), b"")
                except ConnectionResetError:
                    pass
        self.nobody_was_dialled(started, 2)

    def test_token_lists_in_connection_are_taken(self):
        started = self.unwrapping("ws", self.echo.port)
        for words in ("keep-alive, Upgrade", "Upgrade, keep-alive", "UPGRADE"):
            with dial(started.port) as sock:
                open_client(sock, connection=words)

    def test_who_is_silent_or_slow_is_ended_after_handshake_timeout(self):
        begins = {"ws": b"GET /x HTT", "tls": b"\x16\x03\x01\x02\x00", "wss": b"\x16\x03"}
        for kind in KINDS:
            with self.subTest(kind):
                started = self.unwrapping(kind, self.echo.port, SOON)
                with dial(started.port) as silent, dial(started.port) as slow:
                    slow.sendall(begins[kind])
                    self.assertEqual(read_all(silent), b"")
                    ended_by_reset(slow)
                self.nobody_was_dialled(started, 2)
                self.assertEqual(started.out().count("end=client_handshake_timeout"), 2)

    def test_tls_without_websocket_inside_is_ended_too(self):
        started = self.unwrapping("wss", self.echo.port, SOON)
        with client_context().wrap_socket(dial(started.port)) as sock:
            ended_by_reset(sock)
        started.wait_text("end=client_handshake_timeout")
        self.assertEqual(self.echo.seen, [])

    def test_handshake_timeout_0_waits(self):
        started = self.unwrapping("ws", self.echo.port, "handshake_timeout = 0")
        with dial(started.port) as sock:
            for byte in request():
                sock.sendall(bytes([byte]))
            read_head(sock)
            sock.sendall(frame(b"x", mask=b"mask"))
            self.assertEqual(read_payload(sock, 1), b"x")

    def test_plain_text_at_a_tls_listener(self):
        for kind in ("tls", "wss"):
            with self.subTest(kind):
                started = self.unwrapping(kind, self.echo.port)
                for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\x16\x03\x01\x40\x00" * 9):
                    with dial(started.port) as sock:
                        sock.sendall(sent)
                        sock.shutdown(socket.SHUT_WR)
                        ended_by_reset(sock)
                self.nobody_was_dialled(started, 3)
                self.assertIn("end=client_handshake_failed", started.out())

    def test_who_only_looks_is_no_error(self):
        """Health checks by TCP: nothing at level error."""
        for kind in KINDS:
            with self.subTest(kind):
                started = self.unwrapping(kind, self.echo.port)
                dial(started.port).close()
                reset(dial(started.port))
                self.nobody_was_dialled(started, 2)
                self.assertIn("end=client_eof", started.out())
                self.assertNotIn("[ERROR]", started.out())

    def test_many_silent_ones_keep_nobody_waiting(self):
        started = self.unwrapping("wss", self.echo.port)
        silent = [dial(started.port) for _ in range(300)]
        with client_context().wrap_socket(dial(started.port)) as sock:
            open_client(sock)
            sock.sendall(frame(b"x", mask=b"mask"))
            self.assertEqual(read_payload(sock, 1), b"x")
        for each in silent:
            each.close()
        self.assertEqual(len(self.echo.seen), 1)


class Remotes(TransportCase):
    """The relay's remotes are ours, by hand."""

    def test_the_request_byte_by_byte(self):
        """Spec 9.2: in lower case, this order, and nothing else."""
        heads = []

        def talk(sock):
            head = read_head(sock)
            sock.sendall(reply_to(head))
            heads.append(head)
            read_all(sock)
        server = self.server(talk)
        started = self.wrapping("ws;host=b.example:8080;path=/p?q=1", server.port)
        with dial(started.port):
            until(lambda: heads, started.story)
        key = headers_of(heads[0])[1]["sec-websocket-key"]
        self.assertEqual(heads[0].decode(),
                         "GET /p?q=1 HTTP/1.1\r\nhost: b.example:8080\r\nupgrade: websocket\r\n"
                         f"connection: upgrade\r\nsec-websocket-key: {key}\r\n"
                         "sec-websocket-version: 13\r\n\r\n")

    def test_frames_to_the_remote_have_a_mask_of_zero(self):
        """Spec 9.2, hazard 1."""
        got = []

        def talk(sock):
            sock.sendall(reply_to(read_head(sock)))
            size = 0
            while size < 100_000:
                opcode, data, mask = read_frame(sock)
                got.append((opcode, mask))
                size += len(data)
            sock.sendall(frame(b"ok"))
        server = self.server(talk)
        started = self.wrapping("ws", server.port)
        with dial(started.port) as sock:
            sock.sendall(pattern(100_000))
            self.assertEqual(read_exactly(sock, 2), b"ok")
        self.assertEqual(set(got), {(BINARY, b"\0\0\0\0")})

    def test_a_reply_in_pieces_and_bytes_behind_it(self):
        data = pattern(3000)

        def talk(sock):
            answer = reply_to(read_head(sock))
            for byte in answer[:-1]:
                sock.sendall(bytes([byte]))
            sock.sendall(answer[-1:] + frame(data[:1000]) + frame(data[1000:])[:999])
            sock.sendall(frame(data[1000:])[999:])
            read_all(sock)
        server = self.server(talk)
        started = self.wrapping("ws", server.port)
        with dial(started.port) as sock:
            self.assertEqual(read_exactly(sock, len(data)), data)

    def test_replies_that_are_none(self):
        wrong = {
            "status 200 in place of 101": lambda head: b"HTTP/1.1 200 OK\r\n\r\n",
            "no `upgrade: websocket`": lambda head: reply_to(head).replace(b"websocket", b"h2c"),
            "does not fit the key": lambda head: reply_to(request()),
            "a subprotocol that was not asked for":
                lambda head: reply_to(head, "Sec-WebSocket-Protocol: chat\r\n"),
            "an extension that was not offered":
                lambda head: reply_to(head, "Sec-WebSocket-Extensions: permessage-deflate\r\n")}
        for said, reply in wrong.items():
            with self.subTest(said):
                server = self.server(lambda sock, reply=reply: sock.sendall(reply(read_head(sock))))
                started = self.wrapping("ws", server.port)
                with dial(started.port) as sock:
                    ended_by_reset(sock)
                started.wait_text("end=remote_handshake_failed")
                self.assertIn(said, started.out())

    def test_a_subprotocol_is_asked_for(self):
        """RFC 6455, 4.1: the server may leave it out, and may not choose another."""
        for granted in ("mqtt", None, "chat"):
            heads = []

            def talk(sock, granted=granted, heads=heads):
                heads.append(read_head(sock))
                sock.sendall(reply_to(heads[0], f"Sec-WebSocket-Protocol: {granted}\r\n"
                                      if granted else ""))
                if granted != "chat":
                    sock.sendall(frame(b"ok"))
                read_all(sock)
            server = self.server(talk)
            started = self.wrapping("ws;host=a.example;path=/x;protocol=mqtt", server.port)
            with dial(started.port) as sock:
                if granted == "chat":
                    ended_by_reset(sock)
                    self.assertIn("another subprotocol", started.out())
                else:
                    self.assertEqual(read_exactly(sock, 2), b"ok")
            self.assertTrue(heads[0].endswith(b"\r\nsec-websocket-protocol: mqtt\r\n\r\n"))

    def test_masked_frames_of_a_server_are_refused(self):
        """RFC 6455, 5.1: and our close is masked."""
        got = []

        def talk(sock):
            sock.sendall(reply_to(read_head(sock)))
            sock.sendall(frame(b"first") + frame(b"second", mask=b"\0\0\0\0"))
            frames = [read_frame(sock)]
            while frames[-1][0] != CLOSE:
                frames.append(read_frame(sock))
            got.append(frames[-1])
        server = self.server(talk)
        started = self.wrapping("ws", server.port)
        with dial(started.port) as sock:
            self.assertEqual(read_exactly(sock, 5), b"first")
            ended_by_reset(sock)
        until(lambda: got, started.story)
        self.assertEqual(got, [(CLOSE, b"\x03\xea", b"\0\0\0\0")])
        started.wait_text("end=remote_error")

    def test_the_remote_s_close_is_an_end_for_the_client(self):
        def talk(sock):
            sock.sendall(reply_to(read_head(sock)))
            sock.sendall(frame(b"last words") + frame(b"\x03\xe8", CLOSE))
            answers = [read_frame(sock)]
            while answers[-1][0] != CLOSE:
                answers.append(read_frame(sock))
        server = self.server(talk)
        started = self.wrapping("ws", server.port)
        with dial(started.port) as sock:
            self.assertEqual(read_all(sock), b"last words")
        until(lambda: not server.sockets, started.story)
        self.assertEqual(server.errors, [], "the close was echoed")

    def test_an_end_of_the_remote_without_close_notify_is_told(self):
        """Passed on, or with `tls_end=strict`, a reset."""
        authority = Authority(self)
        context = server_context(*authority.issue())

        def talk(sock):
            tls = context.wrap_socket(sock, server_side=True)
            tls.sendall(b"partial")
            tls.shutdown(socket.SHUT_RDWR)  # of TCP alone
        server = self.server(talk)
        for end in ("lenient", "strict"):
            started = self.wrapping(f"tls;sni=relay.test;insecure;tls_end={end}", server.port)
            with self.subTest(end), dial(started.port) as sock:
                self.assertEqual(read_exactly(sock, 7), b"partial")
                self.assertEqual(ended_by_reset(sock), end == "strict")
            started.wait_text("end=truncated")

    def test_an_orderly_end_of_tls_is_one(self):
        authority = Authority(self)
        context = server_context(*authority.issue())
        server = self.server(behind(context, lambda sock: sock.sendall(b"whole")))
        started = self.wrapping("tls;sni=relay.test;insecure", server.port)
        with dial(started.port) as sock:
            self.assertEqual(read_all(sock), b"whole")
        started.wait_text("end=remote_eof")

    def test_sni_and_alpn_are_as_the_text_says(self):
        authority = Authority(self)
        context = server_context(*authority.issue(), alpn=("http/1.1", "h3"))
        seen = []
        context.sni_callback = lambda sock, name, _: seen.append(name)

        def talk(sock):
            seen.append(sock.selected_alpn_protocol())
            sock.sendall(b"ok")
        server = self.server(behind(context, talk))
        for text, name, protocol in (("sni=relay.test;alpn=h2, http/1.1", "relay.test", "http/1.1"),
                                     ("sni=relay.test", "relay.test", None),
                                     ("sni=127.0.0.1;insecure", None, None)):
            with self.subTest(text):
                del seen[:]
                started = self.wrapping(f"tls;ca={authority.file};{text}", server.port)
                with dial(started.port) as sock:
                    self.assertEqual(read_all(sock), b"ok")
                self.assertEqual(seen, [name, protocol])
