"""socket_memory: what relay holds for readers that are slow, and that nothing is lost by it."""

import array
import contextlib
import fcntl
import select
import socket
import termios
import unittest

from support.case import Case
from support.relay import SANITIZED
from support.servers import dial, pattern

LABEL = "e2e"
TIMEOUT = 180

MIB = 1 << 20
SIOCOUTQ, SIOCINQ = termios.TIOCOUTQ, termios.FIONREAD
PIECE = pattern(MIB + 17)

CONFIG = """
[log]
level = "debug"
[process]
socket_memory = {memory}
[[endpoints]]
listen = "127.0.0.1:LISTEN"
remote = "127.0.0.1:{remote}"
"""
LINE = "connections with slow readers get small queues"


def queued(sock, which):
    number = array.array("i", [0])
    fcntl.ioctl(sock, which, number)
    return number[0]


class Flow:
    """A client that sends as much as it may through relay, and the server's end of it."""

    def __init__(self, client, server, size):
        self.client, self.server, self.size = client, server, size
        self.sent = self.got = 0
        self.exact = True
        for each in (client, server):
            each.setblocking(False)

    def send(self):
        at = self.sent % len(PIECE)
        with contextlib.suppress(BlockingIOError):
            self.sent += self.client.send(PIECE[at:at + self.size - self.sent])
        if self.sent == self.size:
            self.client.shutdown(socket.SHUT_WR)

    def receive(self):
        """False: the end."""
        data = self.server.recv(MIB)
        at = self.got % len(PIECE)
        self.exact = self.exact and data == (PIECE + PIECE)[at:at + len(data)]
        self.got += len(data)
        return bool(data)

    def held(self):
        """Bytes that relay has taken and not passed on."""
        return (self.sent - queued(self.client, SIOCOUTQ)
                - self.got - queued(self.server, SIOCINQ))


class SocketMemory(Case):
    COUNT = 40
    SIZE = 8 * MIB

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.addCleanup(self.listener.close)

    def relay(self, memory):
        text = CONFIG.format(memory=memory, remote=self.listener.getsockname()[1])
        return self.configured(text, env={"RELAY_WORKERS": "2"})

    def flows(self, started):
        made = []
        for _ in range(self.COUNT):
            client = dial(started.port, seconds=60)
            self.addCleanup(client.close)
            server, _ = self.listener.accept()
            self.addCleanup(server.close)
            made.append(Flow(client, server, self.SIZE))
        return made

    def fill(self, flows):
        """Everybody sends until nobody has been able to for a while."""
        by_client = {flow.client: flow for flow in flows}
        while True:
            willing = [sock for sock, flow in by_client.items() if flow.sent < flow.size]
            _, ready, _ = select.select([], willing, [], 1)
            if not ready:
                return sum(flow.held() for flow in flows)
            for sock in ready:
                by_client[sock].send()

    def finish(self, flows):
        """The servers read to the end, while the clients send the rest."""
        clients = {flow.client: flow for flow in flows if flow.sent < flow.size}
        servers = {flow.server: flow for flow in flows}
        while servers:
            readable, writable, _ = select.select(list(servers), list(clients), [], 60)
            self.assertTrue(readable or writable, "nothing moves")
            for sock in writable:
                clients[sock].send()
                if clients[sock].sent == self.SIZE:
                    del clients[sock]
            for sock in readable:
                if not servers[sock].receive():
                    del servers[sock]
        self.assertEqual({(flow.got, flow.exact) for flow in flows}, {(self.SIZE, True)})

    def test_slow_readers_hold_no_more_than_the_bound_and_get_every_byte(self):
        started = self.relay('"32MiB"')
        self.assertNotIn(LINE, started.out())
        flows = self.flows(started)
        held = self.fill(flows)
        self.assertGreater(held, MIB, "they are slow")
        self.assertLess(held, 32 * MIB)
        self.assertEqual(started.out().count(f"socket_memory (32MiB): {LINE}"), 1)
        self.finish(flows)
        self.assertEqual(started.out().count(LINE), 1)

    @unittest.skipIf(SANITIZED, "hundreds of megabytes")
    def test_with_a_bound_that_is_far_away_they_hold_more(self):
        started = self.relay('"64GiB"')
        flows = self.flows(started)
        self.assertGreater(self.fill(flows), 64 * MIB, "or the bound above would mean nothing")
        self.assertNotIn(LINE, started.out())
        self.finish(flows)

    def test_a_connection_among_them_goes_on(self):
        started = self.relay('"32MiB"')
        self.fill(self.flows(started))
        with contextlib.closing(dial(started.port, seconds=60)) as client:
            server, _ = self.listener.accept()
            with contextlib.closing(server):
                self.finish([Flow(client, server, self.SIZE)])

    def test_bad_sizes_are_told_with_their_place(self):
        for value in ('"lots"', "-1", "true"):
            text = CONFIG.format(memory=value, remote=1).replace("LISTEN", "1")
            said = self.cli("-c", self.file("bad.toml", text), code=78).stderr
            self.assertIn("bad.toml:5:", said)
            self.assertIn("socket_memory", said)


if __name__ == "__main__":
    unittest.main()
