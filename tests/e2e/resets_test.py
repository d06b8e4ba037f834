"""Resets and urgent data: nothing that was sent before is lost, and a reset never looks like an end."""

import fcntl
import select
import socket
import struct
import threading

from support.case import Case
from support.servers import (Server, ask, dial, echo, ended_by_reset, pattern, read_all,
                             read_exactly, reset)
from support.wait import until

LABEL = "rough"
TIMEOUT = 60


def small_window(port):
    """A client whose kernel takes little, so that much stays with the relay's."""
    sock = socket.socket()
    sock.settimeout(20)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    sock.connect(("127.0.0.1", port))
    return sock


def all_there_is(sock):
    """What can be read, and whether a reset ended it."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts), False
    except ConnectionResetError:
        return b"".join(parts), True


def sent_all(sock):
    """The peer's kernel has all of it: what this one still holds would be lost in a reset."""
    siocoutq = 0x5411
    return struct.unpack("i", fcntl.ioctl(sock, siocoutq, b"\0" * 4))[0] == 0


def pour(sock, enough):
    """Sends without end and reads beside it, until `enough` bytes are sent or the peer is gone: True
    when that was a reset, False when it was an end. What a send is told, no read is told again."""
    sock.setblocking(False)
    block = memoryview(pattern(1 << 18))
    while enough > 0:
        select.select([sock], [sock], [], 20)
        for step in (lambda: sock.send(block[:enough]), lambda: sock.recv(1 << 18)):
            try:
                done = step()
            except BlockingIOError:
                continue
            except ConnectionResetError:
                return True
            except BrokenPipeError:
                return False
            if done == b"":
                return False
            if isinstance(done, int):
                enough -= done
    return None


class Resets(Case):
    def test_a_client_that_is_sending_sees_the_remotes_reset(self):
        def talk(sock):
            read_exactly(sock, 1)
            sock.sendall(b"partial")
            reset(sock)
        with Server(talk) as server:
            started = self.relay_to(server.port)
            for _ in range(20):
                with dial(started.port) as sock:
                    sock.sendall(b"x")
                    try:
                        for _ in range(100):
                            sock.sendall(b"y" * 1000)
                    except (ConnectionResetError, BrokenPipeError):
                        continue  # seen by the sender already
                    self.assertTrue(ended_by_reset(sock), "an orderly end instead of a reset")

    # The kernel may forget a reset that it met in the middle of a splice.
    def test_a_reset_amid_a_bulk_upload_is_never_an_end(self):
        def talk(sock):
            pour(sock, 3_000_000)
            reset(sock)
        with Server(talk) as server:
            started = self.relay_to(server.port)
            for number in range(60):
                with dial(started.port) as sock:
                    self.assertIs(pour(sock, 1 << 40), True, f"connection {number}")

    def test_a_complete_answer_outlives_a_late_reset(self):
        answer = pattern(400_000)
        uploaded = threading.Event()

        def talk(sock):
            read_exactly(sock, 3)
            sock.sendall(answer)
            sock.shutdown(socket.SHUT_WR)
            uploaded.wait(20)
            until(lambda: sent_all(sock), "all of it is with the relay")
            sock.close()  # with the upload unread: its kernel sends a reset
        with Server(talk) as server:
            started = self.relay_to(server.port, "--log-level", "debug")
            with small_window(started.port) as sock:
                sock.sendall(b"req")
                sock.sendall(b"late upload")
                uploaded.set()
                got, _ = all_there_is(sock)
            self.assertEqual(len(got), len(answer))
            self.assertEqual(got, answer)

    def test_what_came_before_the_reset_arrives_at_a_slow_reader(self):
        def talk(sock):
            sock.sendall(pattern(3_000_000))
            until(lambda: sent_all(sock), "all of it is with the relay")
            reset(sock)
        with Server(talk) as server:
            started = self.relay_to(server.port)
            with dial(started.port) as sock:
                got, was_reset = all_there_is(sock)
                self.assertEqual(len(got), 3_000_000)
                self.assertTrue(was_reset, "an orderly end instead of a reset")

    def test_a_remote_that_resets_at_once_is_not_taken_for_a_refusal(self):
        def talk(sock):
            sock.sendall(b"banner")
            reset(sock)
        with Server(talk) as first:
            started = self.relay_to(f"localhost:{first.port}", "--log-level", "debug",
                                    "--dns-mode", "ipv4_only")
            for _ in range(50):
                try:
                    sock = dial(started.port)
                except ConnectionResetError:
                    continue  # so early that connect() itself tells of it
                with sock:
                    got, was_reset = all_there_is(sock)
                    self.assertEqual(got, b"banner")
                    self.assertTrue(was_reset)
            until(lambda: started.out().count("end=reset_by_remote") >= 50, started.story)
            self.assertNotIn("[tcp]connect to ", started.out())

    def test_a_slow_reader_of_a_half_closed_session_gets_all_of_it(self):
        text = ('[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{}"\n'
                'network = {{ half_close_timeout = "300ms" }}\n')
        answer = pattern(8_000_000)
        idle = threading.Event()

        def talk(sock):
            read_all(sock)
            sock.sendall(answer)
            idle.set()
        with Server(talk) as server:
            started = self.configured(text.format(server.port))
            with small_window(started.port) as sock:
                sock.sendall(b"req")
                sock.shutdown(socket.SHUT_WR)
                read = bytearray()
                while len(read) < len(answer):
                    read += read_exactly(sock, 1_000_000)
                    idle.wait(0.4)  # the pace of this reader: longer than the limit
                self.assertEqual(bytes(read), answer)


class Urgent(Case):
    def carried(self, before, after):
        got = []
        with Server(lambda sock: got.append(read_all(sock))) as server:
            started = self.relay_to(server.port)
            with dial(started.port) as sock:
                sock.sendall(before)
                sock.send(b"!", socket.MSG_OOB)
                sock.sendall(after)
                sock.shutdown(socket.SHUT_WR)
                until(lambda: got, started.story, 20)
        return got[0]

    def test_a_message_goes_on_after_urgent_data(self):
        self.assertEqual(self.carried(b"abc", b"def"), b"abcdef")

    def test_marks_that_follow_each_other_cost_nothing_but_their_bytes(self):
        # TCP knows one mark at a time: the byte of one that is overtaken is an ordinary one.
        got = []
        with Server(lambda sock: got.append(read_all(sock))) as server:
            started = self.relay_to(server.port)
            with dial(started.port) as sock:
                for number in range(50):
                    sock.sendall(b"%06d" % number)
                    sock.send(b"!", socket.MSG_OOB)
                sock.shutdown(socket.SHUT_WR)
                until(lambda: got, started.story, 20)
        self.assertEqual(got[0].replace(b"!", b""), b"".join(b"%06d" % i for i in range(50)))

    def test_a_bulk_transfer_goes_on_after_urgent_data(self):
        before, after = pattern(20_000_000, 1), pattern(20_000_000, 2)
        self.assertEqual(self.carried(before, after), before + after)


class Descriptors(Case):
    def test_pipes_of_the_past_take_no_room_from_connections(self):
        with Server(echo) as server:
            started = self.relay_to(server.port, nofile=64, env={"RELAY_WORKERS": "1"})

            def most_at_once():
                socks = []
                for _ in range(40):
                    sock = dial(started.port, seconds=1)
                    socks.append(sock)
                    sock.sendall(b"x")
                    try:
                        sock.recv(1)
                    except TimeoutError:
                        break
                for sock in socks:
                    sock.close()
                until(lambda: started.descriptors() < 40, "closed descriptors")
                return len(socks)
            fresh = most_at_once()
            for _ in range(4):
                self.assertEqual(len(ask(started.port, pattern(8_000_000))), 8_000_000)
            self.assertGreaterEqual(most_at_once(), fresh)
            self.assertGreater(fresh, 5)
