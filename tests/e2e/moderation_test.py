"""Wake-up moderation: the key, and bulk data that arrives whole with and without it."""

import contextlib
import os
import threading
import unittest

from support.case import Case
from support.servers import Server, dial, digest, hash_after_end, pattern

LABEL = "e2e"
TIMEOUT = 120

MIB = 1 << 20
PIECE = pattern(3 * MIB + 17)

CONFIG = """
[network]
moderation = "{network}"
[[endpoints]]
listen = "127.0.0.1:LISTEN"
remote = "127.0.0.1:{remote}"
{endpoint}
"""


def epoll_sets(process):
    """How many epoll descriptors it has: a worker makes one more when it first moderates."""
    folder = f"/proc/{process}/fd"
    sets = 0
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # a pipe or socket that was closed meanwhile
            sets += os.readlink(f"{folder}/{name}") == "anon_inode:[eventpoll]"
    return sets


class Moderation(Case):
    PIECES = 40

    def relay(self, remote, network, endpoint=""):
        text = CONFIG.format(network=network, remote=remote, endpoint=endpoint)
        return self.configured(text, env={"RELAY_WORKERS": "1"})

    def upload(self, started):
        """Sends much without hearing anything, then ends; what the server says of it."""
        with dial(started.port, seconds=60) as sock:
            for _ in range(self.PIECES):
                sock.sendall(PIECE)
            sock.shutdown(1)
            answer = b""
            while data := sock.recv(1000):
                answer += data
        return answer

    def sets_made(self, network, endpoint=""):
        """Uploads through a relay with this setting; how many epoll sets that has made."""
        whole = digest(PIECE * self.PIECES)
        with Server(hash_after_end) as server:
            started = self.relay(server.port, network, endpoint)
            before = epoll_sets(started.pid)
            for _ in range(10):  # a busy machine may leave nothing to moderate in one of them
                self.assertEqual(self.upload(started), whole)
                if epoll_sets(started.pid) > before:
                    break
            return epoll_sets(started.pid) - before

    def test_bulk_is_moderated_by_default_and_arrives_whole(self):
        self.assertEqual(self.sets_made("on"), 1)

    def test_nothing_is_moderated_when_it_is_off(self):
        self.assertEqual(self.sets_made("off"), 0)

    def test_an_endpoint_has_the_last_word(self):
        self.assertEqual(self.sets_made("on", 'network = { moderation = "off" }'), 0)

    def test_messages_are_answered_after_bulk(self):
        def talk(sock):
            """Takes bulk, answers, and then echoes small messages."""
            left = len(PIECE) * self.PIECES
            while left > 0:
                left -= len(sock.recv(min(left, MIB)))
            sock.sendall(b"taken")
            while data := sock.recv(100):
                sock.sendall(data)
        with Server(talk) as server:
            started = self.relay(server.port, "on")
            with dial(started.port, seconds=60) as sock:
                sender = threading.Thread(
                    target=lambda: [sock.sendall(PIECE) for _ in range(self.PIECES)])
                sender.start()
                self.assertEqual(sock.recv(5), b"taken")
                sender.join()
                for number in range(100):
                    sock.sendall(b"%03d" % number)
                    self.assertEqual(sock.recv(3), b"%03d" % number)


if __name__ == "__main__":
    unittest.main()
