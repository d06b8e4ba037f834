"""What goes without a word: a client's machine in mid-download, and the device of a listener. In
networks of the tests' own."""

import socket
import threading

from support.case import Case
from support.network import SecondNetwork, connect_networks, in_own_network, ip
from support.servers import CHUNK, Server, dial, echo, read_exactly
from support.wait import until

TIMEOUT = 60


def pours(sock):
    block = bytes(CHUNK)
    while True:
        sock.sendall(block)


class Client(Case):
    """The wire to the client is cut while it has much to get."""

    def downloads(self, reads, network):
        """The relay's story, when the session of such a client has ended."""
        stories = []

        def body():
            with SecondNetwork() as other, Server(pours) as server:
                connect_networks(other)
                started = self.configured(
                    f'[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "0.0.0.0:LISTEN"\n'
                    f'remote = "127.0.0.1:{server.port}"\n[endpoints.network]\n{network}\n')
                client = other.run(lambda: dial(started.port, "10.7.0.1"))
                with client:
                    read_exactly(client, CHUNK)
                    if reads:
                        threading.Thread(target=self.drink, args=(client,), daemon=True).start()
                    else:
                        until(lambda: self.is_stuck(server), started.story)
                    other.run(lambda: ip("link set far down"))
                    started.wait_text("session done")
                    stories.append(started.out())
                started.stop()
        in_own_network(body)
        return stories[0]

    @staticmethod
    def drink(client):
        try:
            while client.recv(CHUNK):
                pass
        except OSError:
            pass

    @staticmethod
    def is_stuck(server, seen={}):  # pylint: disable=dangerous-default-value
        """Nothing has left the server for a moment: the client's window is closed."""
        (sock,) = server.sockets
        queued = int.from_bytes(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)[120:128],
                                "little")  # tcpi_bytes_acked
        seen["same"] = seen.get("same", 0) + 1 if seen.get("last") == queued else 0
        seen["last"] = queued
        return seen["same"] > 5

    def test_in_mid_download(self):
        story = self.downloads(True, 'tcp_user_timeout = "1s"')
        self.assertRegex(story, "session done.*timed out")

    def test_with_its_window_closed(self):
        story = self.downloads(False, 'tcp_user_timeout = "1s"')
        self.assertRegex(story, "session done.*timed out")

    def test_idle_timeout_finds_it_as_well(self):
        self.assertIn("end=idle lost=yes", self.downloads(False, 'idle_timeout = "500ms"'))


class Device(Case):
    def test_one_that_goes_and_comes_back_is_told_of(self):
        def body():
            with SecondNetwork() as other, Server(echo) as server:
                connect_networks(other)
                started = self.start_on_free_port(
                    lambda port: ("-c", self.file("relay.toml", (
                        f'[log]\nlevel = "error"\n[[endpoints]]\nlisten = "0.0.0.0:{port}"\n'
                        f'remote = "127.0.0.1:{server.port}"\nlisten_interface = "near"\n'
                        "[endpoints.network]\nuse_udp = true\n"))), udp=True)
                client = other.run(lambda: dial(started.port, "10.7.0.1"))
                with client:
                    client.sendall(b"word")
                    self.assertEqual(read_exactly(client, 4), b"word")
                ip("link set near down")
                ip("link set near up")
                ip("link del near")
                started.wait_text(f"the device near has gone: 0.0.0.0:{started.port}")
                connect_networks(other)
                started.wait_text("the device near is another one now")
                self.assertEqual(started.out().count("the device near"), 2, started.story())
                started.stop()
        in_own_network(body)
