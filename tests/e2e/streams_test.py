"""Standard input, output and error closed at the start."""

import os
import signal

from support import ports, relay
from support.case import Case
from support.servers import Server, ask, echo
from support.wait import until

WAYS = ("<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-")


class Closed(Case):
    def setUp(self):
        super().setUp()
        self.server = Server(echo)
        self.addCleanup(self.server.close)

    def shell(self, way):
        return ("sh", "-c", f'exec "$@" {way}', "sh")

    def check_serves(self, pid, port):
        for number in range(3):
            where = os.readlink(f"/proc/{pid}/fd/{number}")
            self.assertNotIn("socket", where)
            self.assertNotIn("anon_inode", where)
        for _ in range(5):  # no line of the log gets into a connection
            self.assertEqual(ask(port, b"these bytes only"), b"these bytes only")

    def test_in_the_foreground_nothing_takes_their_place(self):
        for way in WAYS:
            with self.subTest(way):
                for output in ("stdout", "stderr"):
                    started = self.relay_to(self.server.port, "--log-level", "trace",
                                            "--log-output", output, launcher=self.shell(way))
                    self.check_serves(started.pid, started.port)
                    started.signal(signal.SIGTERM)
                    self.assertEqual(started.wait_exit(), 0)

    def test_in_the_background_it_serves_and_the_caller_is_told(self):
        for way in WAYS:
            with self.subTest(way):
                port = ports.free_port()
                done = relay.run(*self.shell(way)[1:], relay.BINARY, "-d", "--log-level", "trace",
                                 "-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{self.server.port}",
                                 program="/bin/sh")
                self.assertEqual(done.returncode, 0, done)
                (pid,) = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                          if port in ports.listening(pid)]
                self.check_serves(pid, port)
                os.kill(pid, signal.SIGTERM)
                until(lambda: port not in ports.listening(), "its end")

    def test_a_failed_start_has_its_code(self):
        for more in ((), ("-d",)):
            done = relay.run(*self.shell("<&- >&- 2>&-")[1:], relay.BINARY, *more, "-l",
                             f"127.0.0.1:{self.server.port}", "-r", "127.0.0.1:1",
                             program="/bin/sh")
            self.assertEqual(done.returncode, 69)

    def test_an_answer_that_reached_nobody_is_a_failure(self):
        done = relay.run(*self.shell(">&-")[1:], relay.BINARY, "--version", program="/bin/sh")
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)
