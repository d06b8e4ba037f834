"""The control socket of a relay: asking it with the binary, and with bytes of one's own."""

import json
import os
import socket

from support.case import Case
from support.servers import Server, echo

PATIENCE = 30


def send(path, data, half_close=False):
    """What the daemon answers to these bytes, up to its end."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(path))
        try:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        answer = b""
        while True:
            try:
                part = sock.recv(1 << 16)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


def ask(path, command, version=1, **arguments):
    """The reply to a request, as a dictionary."""
    request = {"version": version, "command": command}
    if arguments:
        request["arguments"] = arguments
    return json.loads(send(path, json.dumps(request).encode() + b"\n"))


class ControlCase(Case):
    """`self.socket` is where the relays of a test listen for questions."""

    def setUp(self):
        super().setUp()
        self.socket = self.folder / "c.sock"
        self.server = Server(echo)
        self.addCleanup(self.server.close)

    def controlled(self, *more, **options):
        """A relay to an echo server that can be asked."""
        started = self.relay_to(self.server.port, "--control", self.socket, *more, **options)
        # It listens there before it starts its workers, and answers when it serves.
        self.assertTrue(self.socket.is_socket(), started.story())
        return started

    def ask(self, *words, code=0):
        """`relay WORDS`; what it has said."""
        return self.cli(*words, "--control", self.socket, code=code)

    def status(self):
        return json.loads(self.ask("status", "--json").stdout)

    def sessions(self, *words):
        return json.loads(self.ask("sessions", "--json", *words).stdout)


def is_root():
    return os.geteuid() == 0
