"""-d: the parent returns when the listeners are bound, with the real exit code and message."""

import os
import signal

from support import ports, relay
from support.case import Case
from support.servers import Refusing, Server, hear, named
from support.wait import until


class Daemon(Case):  # spec 1.6, 1.8
    def listener(self, port):
        """The process that listens on `port`, started by this test: its pid."""
        own = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        for pid in own:
            try:
                if os.readlink(f"/proc/{pid}/exe") == str(relay.BINARY.resolve()) \
                        and port in ports.listening(pid):
                    return pid
            except OSError:
                continue
        return None

    def end(self, pid):
        os.kill(pid, signal.SIGTERM)
        until(lambda: not self.alive(pid), f"the end of {pid}")

    @staticmethod
    def alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as text:
                return text.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_it_listens_when_the_parent_returns(self):
        with Server(named("behind")) as server:
            port = ports.free_port()
            self.cli("-d", "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{server.port}")
            pid = self.listener(port)
            self.assertIsNotNone(pid, "nobody listens")
            self.addCleanup(lambda: self.alive(pid) and self.end(pid))
            self.assertEqual(hear(port), b"behind")
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), str(self.folder.resolve()))
            self.assertEqual(os.getsid(pid), os.getpgid(pid))
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
            for number in range(3):
                self.assertEqual(os.readlink(f"/proc/{pid}/fd/{number}"), "/dev/null")
            self.end(pid)

    def test_a_bad_config_is_told_by_the_parent(self):
        done = self.cli("-d", "-c", self.file("bad.toml", "endpoints = 3\n"), code=78)
        self.assertIn("bad.toml:1:", done.stderr)

    def test_a_busy_port_is_told_by_the_parent(self):
        with Server(named("other")) as busy, Refusing() as nobody:
            done = self.cli("-d", "-l", f"127.0.0.1:{busy.port}", "-r", f"127.0.0.1:{nobody.port}",
                            code=69)
        self.assertIn(f"127.0.0.1:{busy.port}", done.stderr)
