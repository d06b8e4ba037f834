"""What goes without a word: a client's machine in mid-download, and the device of a listener. In
networks of the tests' own."""

import signal
import socket
import subprocess
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
    """The device of a listener goes and comes back while relay runs."""

    def config(self, port, remote, device="near"):
        return (f'[log]\nlevel = "warn"\n[[endpoints]]\nlisten = "0.0.0.0:{port}"\n'
                f'remote = "127.0.0.1:{remote}"\n'
                + (f'listen_interface = "{device}"\n' if device else "")
                + "[endpoints.network]\nuse_udp = true\n")

    def serves(self, started, other):
        def both():
            with dial(started.port, "10.7.0.1") as client:
                client.sendall(b"word")
                self.assertEqual(read_exactly(client, 4), b"word")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(0.2)
                for _ in range(50):  # datagrams may be lost
                    client.sendto(b"word", ("10.7.0.1", started.port))
                    try:
                        return self.assertEqual(client.recv(100), b"word")
                    except TimeoutError:
                        pass
                self.fail("no datagram came back")
        other.run(both)

    def in_two_networks(self, body):
        def work():
            with SecondNetwork() as other, Server(echo) as server, EchoDatagrams(server.port):
                connect_networks(other)
                body(other, server)
        in_own_network(work)

    def test_it_is_listened_on_again_whenever_it_comes_back(self):
        def body(other, server):
            started = self.start_on_free_port(
                lambda port: ("-c", self.file("relay.toml", self.config(port, server.port))),
                udp=True)
            self.serves(started, other)
            ip("link set near down")
            ip("link set near up")
            for times in (1, 2):
                ip("link del near")
                self.wait_count(started, f"the device near has gone: 0.0.0.0:{started.port}", times)
                connect_networks(other)
                self.wait_count(started, f"listening on 0.0.0.0:{started.port} at last", times)
                self.serves(started, other)
            self.assertEqual(started.out().count("the device near has gone"), 2, started.story())
            started.stop()
        self.in_two_networks(body)

    def test_a_device_that_a_reload_brings_is_watched_as_well(self):
        def body(other, server):
            started = self.start_on_free_port(
                lambda port: ("-c", self.file("relay.toml", self.config(port, server.port, None))),
                udp=True)
            self.serves(started, other)
            self.file("relay.toml", self.config(started.port, server.port))
            started.signal(signal.SIGHUP)
            until(lambda: self.is_bound(started), started.story)
            self.serves(started, other)
            ip("link del near")
            self.wait_count(started, "the device near has gone", 1)
            connect_networks(other)
            self.wait_count(started, f"listening on 0.0.0.0:{started.port} at last", 1)
            self.serves(started, other)
            self.file("relay.toml", self.config(started.port, server.port, None))
            started.signal(signal.SIGHUP)
            until(lambda: not self.is_bound(started), started.story)
            ip("link del near")
            connect_networks(other)
            self.serves(started, other)
            self.assertEqual(started.out().count("the device near has gone"), 1, started.story())
            started.stop()
        self.in_two_networks(body)

    @staticmethod
    def wait_count(started, text, times):
        until(lambda: started.out().count(text) >= times, started.story)

    @staticmethod
    def is_bound(started):
        shown = subprocess.run(["ss", "-Hltn"], check=True, capture_output=True, text=True,
                               timeout=10).stdout
        return f"%near:{started.port}" in shown


class EchoDatagrams:
    """Echoes datagrams at that port of 127.0.0.1. A context manager."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        while True:
            data, client = self.sock.recvfrom(2048)
            if data == b"end":
                return
            self.sock.sendto(data, client)

    def __exit__(self, *_):
        self.sock.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.sock.close()
