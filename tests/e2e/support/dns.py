"""A scripted name server, UDP and TCP on one port: it answers as told, or badly."""

import ipaddress
import socket
import struct
import threading
import time

A, AAAA = 1, 28
NXDOMAIN, SERVFAIL = 3, 2


class Answer:
    """What to say to one question."""

    def __init__(self, addresses=(), ttl=60, code=0, delay=0.0, drop=False, truncate=False,
                 wrong_id=False, wrong_name=False, garbage=False):
        self.addresses = addresses
        self.ttl = ttl
        self.code = code
        self.delay = delay
        self.drop = drop
        self.truncate = truncate
        self.wrong_id = wrong_id
        self.wrong_name = wrong_name
        self.garbage = garbage


def _encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def _question(message):
    """(name, type, the question's bytes) of a query."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", message, at + 1)[0], message[12:at + 5]


def _records(addresses, kind, ttl):
    found = [ipaddress.ip_address(text) for text in addresses]
    wanted = [ip for ip in found if ip.version == (4 if kind == A else 6)]
    return [b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(ip.packed)) + ip.packed
            for ip in wanted]


def _reply(message, answer, over_udp):
    name, kind, question = _question(message)
    number = struct.unpack_from("!H", message)[0] ^ (0x5555 if answer.wrong_id else 0)
    if answer.garbage:
        return message[:2] + b"\xff" * 7
    if answer.wrong_name:
        question = _encode("evil.test") + struct.pack("!HH", kind, 1)
    cut = answer.truncate and over_udp
    records = [] if cut or answer.code else _records(answer.addresses, kind, answer.ttl)
    authority = b""
    if not records and not cut and answer.code in (0, NXDOMAIN):  # SOA: how long that holds
        data = b"\0" + b"\0" + struct.pack("!IIIII", 1, 60, 60, 60, answer.ttl)
        authority = b"\0" + struct.pack("!HHIH", 6, 1, answer.ttl, len(data)) + data
    flags = 0x8580 | (0x0200 if cut else 0) | answer.code
    return (struct.pack("!HHHHHH", number, flags, 1, len(records), 1 if authority else 0, 0) +
            question + b"".join(records) + authority)


class NameServer:
    """script(name, kind, transport) gives an Answer; `asked` lists those triples in order."""

    def __init__(self, script):
        self.script = script
        self.asked = []
        self._over = False
        while True:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.bind(("127.0.0.1", 0))
            self.port = self._udp.getsockname()[1]
            try:
                self._tcp = socket.create_server(("127.0.0.1", self.port))
                break
            except OSError:
                self._udp.close()
        self.address = f"127.0.0.1:{self.port}"
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def _answer(self, message, transport):
        name, kind, _ = _question(message)
        self.asked.append((name, kind, transport))
        answer = self.script(name, kind, transport)
        if answer.delay:
            time.sleep(answer.delay)  # slowness is what is being scripted
        return None if answer.drop else _reply(message, answer, transport == "udp")

    def _serve_udp(self):
        def work(message, peer):
            reply = self._answer(message, "udp")
            if reply:
                try:
                    self._udp.sendto(reply, peer)
                except OSError:
                    pass
        while not self._over:
            try:
                message, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            if self._over:
                return
            threading.Thread(target=work, args=(message, peer), daemon=True).start()

    def _serve_tcp(self):
        def work(client):
            with client:
                client.settimeout(30)
                try:
                    while True:
                        size = client.recv(2, socket.MSG_WAITALL)
                        if len(size) < 2:
                            return
                        message = client.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
                        reply = self._answer(message, "tcp")
                        if reply:
                            client.sendall(struct.pack("!H", len(reply)) + reply)
                except OSError:
                    return
        while not self._over:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=work, args=(client,), daemon=True).start()

    def count(self, name=None, kind=None, transport=None):
        wanted = (name, kind, transport)
        return sum(all(want in (None, got) for want, got in zip(wanted, asked))
                   for asked in list(self.asked))

    def close(self):
        self._over = True
        try:
            self._tcp.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._tcp.close()
        try:  # wakes recvfrom
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", ("127.0.0.1", self.port))
        except OSError:
            pass
        self._udp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
