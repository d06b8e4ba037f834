"""A worker that does not turn is told, and the service manager is not told that all is well."""

import re
import signal
import time

from support import relay, threads, unit
from support.case import Case
from support.servers import Server, ask, dial, echo, read_exactly
from support.wait import until


class Stall(Case):
    def setUp(self):
        super().setUp()
        self.server = Server(echo)
        self.addCleanup(self.server.close)
        self.manager = unit.Manager(self)

    def started(self, limit='"200ms"', watchdog="20000"):
        env = {"RELAY_WORKERS": "2", "WATCHDOG_USEC": watchdog, **self.manager.env}
        running = self.configured(
            f'[process]\nworker_stall = {limit}\n[log]\nlevel = "info"\n[[endpoints]]\n'
            f'listen = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{self.server.port}"\n', env=env)
        self.manager.wait_for("READY")
        return running

    def frozen(self, running):
        return threads.Frozen(threads.find(running.pid, "worker-1"))

    def silence(self):
        """What the manager hears from now on, for a while, but for what was on its way."""
        while self.manager.said():
            pass
        heard = []
        end = time.monotonic() + 0.3
        while (left := end - time.monotonic()) > 0:
            heard.append(self.manager.said(left))
        return [each for each in heard if each]

    def test_it_is_told_with_what_it_did_and_when_it_turns_again(self):
        running = self.started()
        with self.frozen(running):
            running.wait_text("worker 1 has not turned for ")
            told = self.manager.wait_for("STATUS")["STATUS"]
            self.assertTrue(told.startswith("1 workers do not turn; listening on 1 "), told)
            self.assertEqual(self.silence(), [], "all is not well")
        running.wait_text("worker 1 turns again after ")
        self.assertTrue(self.manager.wait_for("STATUS")["STATUS"].startswith("listening on 1 "))
        self.manager.wait_for("WATCHDOG")
        for _ in range(4):
            self.assertEqual(ask(running.port, b"again"), b"again")
        text = running.out()
        self.assertRegex(text, r"\[relay\]\[ERROR\]worker 1 has not turned for \d+ ms, and its "
                               r"connections wait: (running tasks of Asio|waking those whom "
                               r"\d+ events are for), with \d+ ms of processor time")
        self.assertEqual(len(re.findall("has not turned", text)), 1)

    def test_two_signals_end_it_all_the_same(self):
        running = self.started()
        with self.frozen(running) as worker:
            running.wait_text("has not turned")
            running.signal(signal.SIGTERM)
            running.wait_text("SIGTERM: no new connections")
            running.signal(signal.SIGTERM)
            worker.wait_for_its_end()
        self.assertEqual(running.wait_exit(), 1)
        self.assertIn("a worker does not turn: ending without it", running.out())

    def test_a_process_that_was_stopped_has_not_stalled(self):
        running = self.started('"100ms"')
        for _ in range(3):
            with relay.stopped(running.process):
                time.sleep(0.3)  # longer than the limit
            self.assertEqual(ask(running.port, b"on"), b"on")
            self.manager.wait_for("WATCHDOG")
        self.assertNotIn("has not turned", running.out())

    def test_with_0_nobody_is_watched(self):
        running = self.started("0")
        with self.frozen(running):
            for _ in range(5):
                self.manager.wait_for("WATCHDOG")
        self.assertNotIn("has not turned", running.out())


class Stopped(Case):
    """Time in which the process stood still is nobody's fault."""

    def test_sessions_get_the_time_of_their_end_back(self):
        with Server(echo) as server:
            running = self.configured(
                f'[process]\nshutdown_timeout = "600ms"\n[log]\nlevel = "info"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{server.port}"\n')
            with dial(running.port) as sock:
                sock.sendall(b"one")
                read_exactly(sock, 3)
                running.signal(signal.SIGTERM)
                running.wait_text("SIGTERM: no new connections")
                with relay.stopped(running.process):
                    time.sleep(1.8)
                sock.sendall(b"two")
                self.assertEqual(read_exactly(sock, 3), b"two")
            self.assertEqual(running.wait_exit(), 0)
            self.assertNotIn("shutdown_timeout: ending", running.out())
