"""Scripted TCP servers on a port of the kernel's choice: each does one thing, well or badly."""

import hashlib
import socket
import struct
import threading

CHUNK = 1 << 16
LIMIT = 60.0  # seconds that any one call of a scripted server may wait


def reset(sock):
    """Closes so that the peer sees a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read_all(sock):
    """Everything up to the peer's end of stream."""
    parts = []
    while True:
        part = sock.recv(CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)


def read_exactly(sock, count):
    parts = bytearray()
    while len(parts) < count:
        part = sock.recv(min(CHUNK, count - len(parts)))
        if not part:
            raise EOFError(f"end after {len(parts)} of {count} bytes")
        parts += part
    return bytes(parts)


def pattern(count, seed=0):
    """`count` bytes that differ from place to place, so that order and loss show."""
    block = b"".join(hashlib.sha256(f"{seed}:{n}".encode()).digest() for n in range(512))
    return (block * (count // len(block) + 1))[:count]


def digest(data):
    return hashlib.sha256(data).hexdigest().encode()


class Server:
    """Accepts on a thread of its own and gives each connection to `talk(socket)` on another.

    A context manager; `seen` are the peers' addresses in order, `errors` what talk() threw.
    """

    def __init__(self, talk, host="127.0.0.1", port=0, backlog=1024):
        self.talk = talk
        self.seen = []
        self.errors = []
        self.sockets = set()
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=backlog)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, peer = self.listener.accept()
            except OSError:
                return
            client.settimeout(LIMIT)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.seen.append(peer)
                self.sockets.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            self.talk(client)
        except (OSError, EOFError) as error:
            self.errors.append(error)
        finally:
            with self._lock:
                self.sockets.discard(client)
            client.close()

    def close(self):
        # shutdown() wakes the thread in accept(); close() alone would not.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self._lock:
            left = list(self.sockets)
        for client in left:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# -- what a server may do with a connection

def echo(sock):
    while True:
        data = sock.recv(CHUNK)
        if not data:
            return
        sock.sendall(data)


def hash_after_end(sock):
    """Answers only after the client has shut down its sending side."""
    sock.sendall(digest(read_all(sock)))


def source(count, seed=0):
    data = pattern(count, seed)

    def talk(sock):
        sock.sendall(data)
    return talk


def reset_after(count):
    """Sends `count` bytes, waits for one byte of the client, then resets."""
    def talk(sock):
        sock.sendall(pattern(count))
        read_exactly(sock, 1)
        reset(sock)
    return talk


def silent(sock):
    """Neither reads nor writes until somebody ends it."""
    threading.Event().wait(LIMIT)
    sock.close()


def named(name):
    """Says a name and closes: to see which server was reached."""
    def talk(sock):
        sock.sendall(name.encode())
    return talk


class Refusing:
    """A port that surely refuses: bound, so that nobody else gets it, but not listening."""

    def __init__(self, host="127.0.0.1"):
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.sock.bind((host, 0))
        self.port = self.sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class BlackHole:
    """An address where a connect gets no answer: a listener whose backlog is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in (*self.fillers, self.listener):
            sock.close()


# -- the client's side

def dial(port, host="127.0.0.1", seconds=20.0):
    sock = socket.create_connection((host, port), timeout=seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(port, data, host="127.0.0.1", seconds=20.0):
    """Sends, shuts down the sending side, reads the whole answer."""
    with dial(port, host, seconds) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def hear(port, host="127.0.0.1", seconds=20.0):
    """What the server says by itself."""
    with dial(port, host, seconds) as sock:
        return read_all(sock)


def ended_by_reset(sock):
    """Reads to the end: True when that is a reset, False when it is an orderly end."""
    try:
        read_all(sock)
    except ConnectionResetError:
        return True
    return False
