"""WebSocket (RFC 6455) by hand, so that the relay's own codec is not what judges it."""

import base64
import hashlib
import os
import struct

from support.servers import read_exactly

BINARY, TEXT, CLOSE, PING, PONG = 2, 1, 8, 9, 10
CONTINUATION = 0
HOST, PATH = "a.example", "/x"
TEXT_OF = f"ws;host={HOST};path={PATH}"


def request(host=HOST, path=PATH, key="dGhlIHNhbXBsZSBub25jZQ==", connection="Upgrade",
            method="GET", more=""):
    """`more`: further lines, each with its end."""
    return (f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: {connection}\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: 13\r\n{more}\r\n").encode()


def accept_of(key):
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def masked(data, key):
    pad = (key * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")


def frame(data=b"", opcode=BINARY, mask=None, fin=True, width=None):
    """`width`: bytes of the length (1, 2 or 8), by default the fewest."""
    if width is None:
        width = 1 if len(data) < 126 else 2 if len(data) < 65536 else 8
    bit = 0x80 if mask is not None else 0
    head = bytes([(0x80 if fin else 0) | opcode])
    if width == 1:
        head += bytes([bit | len(data)])
    else:
        head += bytes([bit | (126 if width == 2 else 127)])
        head += struct.pack(">H" if width == 2 else ">Q", len(data))
    return head + (data if mask is None else mask + masked(data, mask))


def read_head(sock):
    """A head, byte by byte, so that nothing behind it is taken."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        got += read_exactly(sock, 1)
    return got


def headers_of(head):
    """The first line, and the others as pairs in lower case."""
    first, *lines = head.decode().rstrip("\r\n").split("\r\n")
    return first, {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines)}


def read_frame(sock):
    """(opcode, payload, mask or None)"""
    first, second = read_exactly(sock, 2)
    size = second & 0x7f
    if size > 125:
        size = int.from_bytes(read_exactly(sock, 2 if size == 126 else 8), "big")
    mask = read_exactly(sock, 4) if second & 0x80 else None
    data = read_exactly(sock, size)
    return first & 0x0f, masked(data, mask) if mask else data, mask


def read_payload(sock, count):
    """So many bytes of payload, whatever frames they come in."""
    got = b""
    while len(got) < count:
        opcode, data, _ = read_frame(sock)
        assert opcode in (BINARY, CONTINUATION), f"opcode {opcode}"
        got += data
    return got


def open_client(sock, **asked):
    """The client's side of the handshake on a connected socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(request(key=key, **asked))
    first, answer = headers_of(read_head(sock))
    assert first == "HTTP/1.1 101 Switching Protocols", first
    assert answer["sec-websocket-accept"] == accept_of(key), answer
    return answer


def reply_to(head, more=""):
    _, asked = headers_of(head)
    return ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_of(asked['sec-websocket-key'])}\r\n{more}\r\n").encode()
