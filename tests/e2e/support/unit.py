"""A systemd unit as a test sees it, and the part of systemd that relay talks to."""

import pathlib
import select
import socket
import sys

from support.wait import Deadline, until

# Puts the descriptors of argv[1] at 3, 4, …, and becomes the program of the words after the names
# in argv[2], as a service manager does.
ACTIVATE = """
import os, sys
given = [int(word) for word in sys.argv[1].split(",") if word]
high = [os.dup2(fd, 200 + at, inheritable=False) for at, fd in enumerate(given)]
for at, fd in enumerate(high):
    os.dup2(fd, 3 + at)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)), LISTEN_FDNAMES=sys.argv[2],
                  WATCHDOG_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"""


def settings(path):
    """The assignments of a unit file: a list of (section, key, value)."""
    found, section = [], None
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.append((section, key, value))
    return found


def value(path, wanted):
    """The value of a key that is given once."""
    (only,) = [text for _, key, text in settings(path) if key == wanted]
    return only


def activation(sockets, names=""):
    """What launches relay with these sockets: keywords of Case.launch."""
    numbers = [sock.fileno() for sock in sockets]
    return {"pass_fds": numbers,
            "launcher": [sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers)), names]}


class Manager:
    """The end of a notify socket: path in `case.folder`, or a name of the abstract namespace."""

    def __init__(self, case, abstract=False):
        path = str(case.folder / "notify")
        self.name = "@" + path if abstract else path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + path if abstract else path)
        case.addCleanup(self.sock.close)
        self.env = {"NOTIFY_SOCKET": self.name}

    def pending(self):
        return bool(select.select([self.sock], [], [], 0)[0])

    def first_word_of(self, running):
        """What a relay says first; it fails the test to end without a word."""
        until(lambda: running.process.poll() is not None or self.pending(),
              lambda: f"a word of {running.story()}", 20)
        heard = self.said()
        if heard is None:
            raise AssertionError(f"ended without a word: {running.story()}")
        return heard

    def said(self, seconds=0.0):
        """The next datagram as a dictionary; None when there is none within this time."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        return dict(line.split("=", 1) for line in self.sock.recv(65536).decode().splitlines())

    def wait_for(self, key, seconds=20):
        """The next datagram that has this key."""
        limit = Deadline(seconds)
        while not limit.over():
            heard = self.said(limit.left())
            if heard and key in heard:
                return heard
        raise AssertionError(f"no {key} within {seconds} s")
