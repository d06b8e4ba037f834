"""Datagrams: scripted remotes and clients, and a relay between them."""

import ipaddress
import pathlib
import re
import select
import socket
import threading

from support.case import Case
from support.servers import Server
from support.wait import Deadline, until

MOST_BYTES = 65507  # of a datagram over IPv4
BUFFER = 8 << 20
SO_RCVBUFFORCE = 33
SO_SNDBUFFORCE = 32


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def with_big_buffers(sock):
    """So that what is lost is not lost in the queue of the test's own socket."""
    for force, plain in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, force, BUFFER)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, BUFFER)
    return sock


def open_socket(host="127.0.0.1", port=0, seconds=20.0):
    """A bound socket; every wait on it is bounded."""
    sock = with_big_buffers(socket.socket(family_of(host), socket.SOCK_DGRAM))
    sock.bind((host, port))
    sock.settimeout(seconds)
    return sock


def address(sock):
    """As lines of the log have it."""
    return "{}:{}".format(*sock.getsockname()[:2])


def receive(sock):
    """(data, address and port it came from)."""
    data, peer = sock.recvfrom(65536)
    return data, peer[:2]


def ask(sock, data, to):
    """Sends, and waits for one datagram: its data."""
    sock.sendto(data, to)
    return sock.recv(65536)


def ask_patiently(sock, data, to, seconds=20.0):
    """Asks again and again, for a while, until there is an answer."""
    limit = Deadline(seconds)
    while not limit.over():
        sock.sendto(data, to)
        if select.select([sock], [], [], 0.2)[0]:
            return sock.recv(65536)
    raise AssertionError(f"no answer from {to} within {seconds} s")


def is_quiet(sock, seconds=0.3):
    """Nothing comes: the one thing that takes time to see."""
    return not select.select([sock], [], [], seconds)[0]


def queued(port):
    """How much waits at the sockets of an IPv4 port, as the kernel counts it."""
    lines = pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(int(words[4].partition(":")[2], 16) for words in map(str.split, lines)
               if int(words[1].partition(":")[2], 16) == port)


def echo(sock, data, peer):
    sock.sendto(data, peer)


class Remote:
    """Gives each datagram to `talk(socket, data, peer)`, on a thread of its own.

    A context manager; `got` are the (data, peer) in order.
    """

    def __init__(self, talk=echo, host="127.0.0.1", port=0):
        self.talk = talk
        self.got = []
        self.sock = open_socket(host, port, None)
        self.port = self.sock.getsockname()[1]
        self._over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                data, peer = self.sock.recvfrom(65536)
            except OSError:
                return
            if self._over:
                return
            peer = peer[:2]
            self.got.append((data, peer))
            try:
                self.talk(self.sock, data, peer)
            except OSError:
                pass

    @property
    def peers(self):
        """Who has sent, each once, in order."""
        return list(dict.fromkeys(peer for _, peer in self.got))

    def data(self):
        return [data for data, _ in self.got]

    def close(self):
        self._over = True
        try:  # wakes the thread, and says that nobody is connected
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(10)  # while it reads, the port is taken
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def silent(*_):
    """Reads, and says nothing."""


def named(name):
    """Answers with a name: to see which remote was reached."""
    def talk(sock, _, peer):
        sock.sendto(name.encode(), peer)
    return talk


def opened(started):
    """The `new association` lines so far: (client, remote, its address)."""
    return re.findall(r"\[realm_core::udp::middle\]\[DEBUG\]\[udp\]new association (\S+) => (\S+) "
                      r"as (\S+)\n", started.out())


def finished(started):
    """The fields of each `association done` line so far."""
    lines = re.findall(r"\[relay::session\]\[INFO\]association done (.*)\n", started.out())
    return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines]


class UdpCase(Case):
    """Remotes, clients and relays that end with the test."""

    def remote(self, talk=echo, host="127.0.0.1", port=0):
        made = Remote(talk, host, port)
        self.addCleanup(made.close)
        return made

    def remote_of_both(self, talk_tcp):
        """A remote that echoes datagrams, and a server of TCP at the same port."""
        for _ in range(20):
            server = Server(talk_tcp)
            try:
                remote = Remote(port=server.port)
            except OSError:  # somebody has it for UDP
                server.close()
                continue
            self.addCleanup(server.close)
            self.addCleanup(remote.close)
            return remote, server
        raise AssertionError("no port is free for both")

    def remotes(self, *hosts):
        """The port of remotes at several addresses, each of which answers with its address."""
        for _ in range(20):
            first = Remote(named(hosts[0]), hosts[0])
            made = [first]
            try:
                for host in hosts[1:]:
                    made.append(Remote(named(host), host, first.port))
            except OSError:
                for each in made:
                    each.close()
                continue
            for each in made:
                self.addCleanup(each.close)
            return first.port
        return self.fail("no port that is free on all addresses")

    def client(self, host="127.0.0.1", port=0, seconds=20.0):
        made = open_socket(host, port, seconds)
        self.addCleanup(made.close)
        return made

    def udp_relay(self, remote, network="", endpoint="", top="", listen="127.0.0.1", tcp=False,
                  level="debug", **options):
        """A relay of datagrams to `remote` (a port or host:port); its .at is where to send.

        `network`, `endpoint` and `top` are lines for those places of its configuration.
        """
        where = remote if isinstance(remote, str) else f"127.0.0.1:{remote}"
        host = f"[{listen}]" if ":" in listen else listen
        text = (f'{top}\n[log]\nlevel = "{level}"\n[[endpoints]]\nlisten = "{host}:LISTEN"\n'
                f'remote = "{where}"\n{endpoint}\n[endpoints.network]\nuse_udp = true\n'
                f"no_tcp = {'false' if tcp else 'true'}\n{network}\n")
        started = self.configured(text, tcp=tcp, udp=True, **options)
        # A wildcard address is no address to send to.
        to = ipaddress.ip_address(listen)
        loopback = "127.0.0.1" if to.version == 4 else "::1"
        started.at = (loopback if to.is_unspecified else listen, started.port)
        return started

    def descriptors_without_clients(self, started):
        """What the relay has open for itself, once it surely runs."""
        self.assertEqual(ask(self.client(), b"are you up?", started.at), b"are you up?")
        return started.descriptors() - 1

    def ended(self, started, count=1):
        """The fields of the first `count` associations that ended."""
        until(lambda: len(finished(started)) >= count, started.story)
        return finished(started)
