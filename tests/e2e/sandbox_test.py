"""Sandboxes that refuse a system call which relay can do without: it does."""

import pathlib
import sys

from support import seccomp
from support.case import Case
from support.ports import free_port
from support.relay import SANITIZED
from support.servers import (Server, ask, dial, digest, ended_by_reset, hash_after_end, pattern)
from support.wait import until
from support.websocket import TEXT_OF

TIMEOUT = 60
SCRIPT = pathlib.Path(seccomp.__file__)
BULK = 3 << 20


class Refused(Case):
    def refusing(self, what, network="", level="debug"):
        if not seccomp.HEADER.exists():
            self.skipTest("no numbers of system calls")
        text = (f'[log]\nlevel = "{level}"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{self.server.port}"\n[endpoints.network]\n{network}\n')
        return self.configured(text, launcher=[sys.executable, SCRIPT, "--refuse", what])

    def setUp(self):
        super().setUp()
        self.server = Server(hash_after_end)
        self.addCleanup(self.server.close)

    def serves(self, started):
        """Bulk, and a message."""
        for data in (pattern(BULK), b"word"):
            self.assertEqual(ask(started.port, data), digest(data), started.story())

    def test_splice(self):
        for error in ("ENOSYS", "EPERM", "EOPNOTSUPP", "EACCES"):
            with self.subTest(error):
                started = self.refusing(f"splice={error}")
                self.serves(started)
                self.assertEqual(started.out().count("whatever moves much is copied"), 1)

    def test_calls_that_make_things_better(self):
        for what in ("epoll_pwait2=ENOSYS", "epoll_pwait2=EPERM", "prctl=EPERM",
                     "sched_getaffinity=EPERM", "fcntl:1:1031=EPERM"):  # F_SETPIPE_SZ
            if SANITIZED and what.startswith("sched_getaffinity"):
                continue  # AddressSanitizer cannot do without it
            with self.subTest(what):
                self.serves(self.refusing(what))

    def test_options_of_sockets(self):
        nodelay, user_timeout, notsent, quickack, info = 1, 18, 25, 12, 11
        lowat, keepalive, meminfo, buf_lock = 18, 9, 55, 72
        for call, option in (("setsockopt", nodelay), ("setsockopt", user_timeout),
                             ("setsockopt", notsent), ("setsockopt", quickack),
                             ("setsockopt", keepalive), ("setsockopt", lowat),
                             ("setsockopt", buf_lock), ("getsockopt", info),
                             ("getsockopt", meminfo)):
            with self.subTest(call=call, option=option):
                self.serves(self.refusing(f"{call}:2:{option}=ENOPROTOOPT",
                                          network="tcp_user_timeout = 30"))

    def test_a_watch_of_devices(self):
        # AF_NETLINK is a family that units forbid: nobody is told of devices then, and that is all.
        text = (f'[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{self.server.port}"\nlisten_interface = "lo"\n')
        started = self.configured(text, launcher=[sys.executable, SCRIPT, "--refuse",
                                                  "socket:0:16=EAFNOSUPPORT"])
        self.serves(started)
        started.wait_text("it will not be noticed when a device goes")

    def test_a_websocket_without_a_key_is_not_begun(self):
        """Nobody makes up another key, and nothing is sent in its place."""
        for error, said in (("EPERM", "operation not permitted"),
                            ("ENOSYS", "function not implemented"),
                            ("EINTR", "interrupted system call")):
            with self.subTest(error):
                text = ('[log]\nlevel = "debug"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                        f'remote = "127.0.0.1:{self.server.port}"\n'
                        f'remote_transport = "{TEXT_OF}"\n'
                        f'[[endpoints]]\nlisten = "127.0.0.1:{(plain := free_port())}"\n'
                        f'remote = "127.0.0.1:{self.server.port}"\n')
                started = self.configured(text, launcher=[sys.executable, SCRIPT, "--refuse",
                                                          f"getrandom={error}"])
                why = "the kernel gives no random bytes for the key: " + said
                for times in (1, 2):
                    with dial(started.port) as sock:
                        sock.sendall(b"in clear?")
                        ended_by_reset(sock)
                    until(lambda: started.out().count(
                        f'remote_handshake_failed error="{why}"') == times, started.story)
                self.assertIn(f"error: WebSocket handshake: {why}", started.out())
                self.assertEqual(ask(plain, b"word"), digest(b"word"), started.story())
