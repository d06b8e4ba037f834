"""examples/relay.service and relay.socket: what systemd would see, without systemd."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import unittest

from support import ports, relay, seccomp, unit
from support.case import Case
from support.servers import Refusing, Server, ask, dial, echo, hear, named, pattern, read_exactly

TIMEOUT = 60
SERVICE = relay.ROOT / "examples" / "relay.service"
SOCKET = relay.ROOT / "examples" / "relay.socket"


class UnitFile(Case):
    def analyze(self, *words):
        return subprocess.run([self.program("systemd-analyze"), *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                              check=False)

    def test_its_exposure_is_ok_or_better(self):
        done = self.analyze("security", "--offline=yes", "--no-pager", "--threshold=40", SERVICE)
        score = re.search(r"Overall exposure level for \S+ ([\d.]+) (\w+)", done.stdout)
        self.assertIsNotNone(score, done.stdout + done.stderr)
        self.assertIn(score[2], ("OK", "SAFE", "PERFECT"), done.stdout)
        self.assertLessEqual(float(score[1]), 1.5, done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("nknown key", done.stderr)

    def verify(self, text):
        """What systemd has to say about this text as relay.service, beside the socket."""
        folder = self.folder / "units"
        folder.mkdir(exist_ok=True)
        service = folder / "relay.service"
        service.write_text(text.replace("/usr/bin/relay", str(relay.BINARY)), encoding="utf-8")
        (folder / "relay.socket").write_text(SOCKET.read_text(encoding="utf-8"), encoding="utf-8")
        done = self.analyze("verify", "--man=no", service, folder / "relay.socket")
        return "".join(line for line in done.stderr.splitlines(True) if str(folder) in line)

    def test_every_directive_is_known(self):
        text = SERVICE.read_text(encoding="utf-8")
        self.assertEqual(self.verify(text), "")
        self.assertIn("LockPersonalty", self.verify(text.replace("LockPersonality",
                                                                 "LockPersonalty")))

    def test_it_may_bind_low_ports_and_nothing_else(self):
        for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
            self.assertEqual(unit.value(SERVICE, key), "CAP_NET_BIND_SERVICE")
        self.assertEqual(unit.value(SERVICE, "ProtectSystem"), "strict")
        self.assertEqual(unit.value(SERVICE, "Type"), "notify")

    def test_it_has_a_folder_for_the_control_socket_and_reloads_through_it(self):
        self.assertEqual(unit.value(SERVICE, "RuntimeDirectory"), "relay")
        self.assertEqual(unit.value(SERVICE, "ExecReload"), "/usr/bin/relay reload --wait")

    def test_keys_that_only_root_reads_are_handed_over_and_no_core_holds_them(self):
        given = [text for _, key, text in unit.settings(SERVICE) if key == "LoadCredential"]
        # A name, not a path: what is not there is no failure of the service.
        self.assertEqual(given, ["cert.pem:relay.cert.pem", "key.pem:relay.key.pem"])
        self.assertEqual(unit.value(SERVICE, "LimitCORE"), "0")
        operations = (relay.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        for name in ("cert.pem", "key.pem"):
            self.assertIn(f"/etc/credstore/relay.{name}", operations)
            self.assertIn(f"$CREDENTIALS_DIRECTORY/{name}", operations)

    def test_stopping_may_take_longer_than_sessions_are_given(self):
        given = relay.run("check", "--print", "-l", "127.0.0.1:1", "-r", "a:1").stdout
        default = re.search(r'^shutdown_timeout = "?(\d+)', given, re.M)
        self.assertGreater(int(unit.value(SERVICE, "TimeoutStopSec").rstrip("s")),
                           int(default[1]) if default else 10)


class Started(Case):
    """Exactly the unit's ExecStart, but for where things are."""

    def setUp(self):
        super().setUp()
        self.server = Server(echo)
        self.addCleanup(self.server.close)
        self.manager = unit.Manager(self)

    def exec_start(self, text):
        """The arguments, with a folder of this one file in place of /etc/relay."""
        self.file("etc/relay.toml", text)
        words = shlex.split(unit.value(SERVICE, "ExecStart"))
        self.assertEqual(words[0], "/usr/bin/relay")
        self.assertIn("/etc/relay", words)
        return [str(self.folder / "etc") if word == "/etc/relay" else word for word in words[1:]]

    def endpoint(self, port, remote=None):
        return (f'[[endpoints]]\nlisten = "127.0.0.1:{port}"\n'
                f'remote = "127.0.0.1:{remote or self.server.port}"\n')

    def started(self, more="", **options):
        """A relay that has said that it is ready, and what it said."""
        port = ports.free_port()
        options.setdefault("env", {}).update(self.manager.env)
        running = self.launch(*self.exec_start(more + self.endpoint(port)), **options)
        running.port = port
        return running, self.manager.first_word_of(running)

    def test_it_is_ready_when_its_listener_accepts(self):
        running, heard = self.started()
        self.assertEqual(ask(running.port, b"at once"), b"at once")
        self.assertEqual(heard["READY"], "1")
        self.assertEqual(heard["MAINPID"], str(running.pid))
        self.assertRegex(heard["STATUS"], r"^listening on 1 address with \d+ workers?$")

    def test_it_says_that_it_stops_and_how_long_that_may_take(self):
        running, _ = self.started()
        with dial(running.port) as client:
            client.sendall(b"x")
            read_exactly(client, 1)
            running.signal(signal.SIGTERM)
            heard = self.manager.wait_for("STOPPING")
            self.assertEqual(heard["EXTEND_TIMEOUT_USEC"], "15000000")
            self.assertIn("1 sessions", heard["STATUS"])
            self.assertTrue(running.running(), "the session may go on")
        self.assertEqual(running.wait_exit(), 0)

    def test_the_time_it_asks_for_follows_shutdown_timeout(self):
        running, _ = self.started('[process]\nshutdown_timeout = "10m"\n')
        running.signal(signal.SIGTERM)
        self.assertEqual(self.manager.wait_for("STOPPING")["EXTEND_TIMEOUT_USEC"], "605000000")

    def test_an_endpoint_that_fails_shows_in_the_status(self):
        with Server(named("other")) as busy:
            _, heard = self.started(self.endpoint(busy.port))
        self.assertIn("on 1 address with", heard["STATUS"])
        self.assertIn("1 failed", heard["STATUS"])

    def test_it_is_not_ready_when_nothing_could_be_bound(self):
        with Server(named("other")) as busy:
            running = self.launch(*self.exec_start(self.endpoint(busy.port)), env=self.manager.env)
            self.assertEqual(running.wait_exit(), 69)
        self.assertIsNone(self.manager.said())

    def test_a_bad_configuration_ends_with_a_code_that_is_not_tried_again(self):
        running = self.launch(*self.exec_start("endpoints = 3\n"), env=self.manager.env)
        self.assertEqual(running.wait_exit(), 78)
        self.assertIsNone(self.manager.said())
        self.assertIn("78", unit.value(SERVICE, "RestartPreventExitStatus").split())

    def test_no_endpoints_are_a_start_and_an_end_in_order(self):
        running = self.launch(*self.exec_start("endpoints = []\n"), env=self.manager.env)
        self.assertEqual(running.wait_exit(), 0)
        heard = self.manager.said()
        self.assertEqual(heard["READY"], "1")
        self.assertIn("nothing to serve", heard["STATUS"])

    def test_a_manager_in_the_abstract_namespace(self):
        self.manager = unit.Manager(self, abstract=True)
        running, heard = self.started()
        self.assertEqual(heard["MAINPID"], str(running.pid))

    def test_a_manager_that_is_gone_is_no_reason_not_to_serve(self):
        port = ports.free_port()
        running = self.start(*self.exec_start('[log]\nlevel = "warn"\n' + self.endpoint(port)),
                             ports=[port], env={"NOTIFY_SOCKET": str(self.folder / "none")})
        self.assertEqual(ask(port, b"served"), b"served")
        running.wait_text("service manager")

    def test_in_the_background_the_main_process_is_the_one_that_serves(self):
        port = ports.free_port()
        self.cli("-d", *self.exec_start(self.endpoint(port)), env=self.manager.env)
        main = int(self.manager.wait_for("READY")["MAINPID"])
        self.addCleanup(lambda: os.path.exists(f"/proc/{main}") and os.kill(main, signal.SIGKILL))
        self.assertIn(port, ports.listening(main))
        os.kill(main, signal.SIGTERM)
        self.manager.wait_for("STOPPING")

    def test_signs_of_life_come_as_often_as_the_watchdog_wants(self):
        self.started(env={"WATCHDOG_USEC": "100000"}, **unit.activation([]))
        for _ in range(3):
            self.assertEqual(self.manager.wait_for("WATCHDOG"), {"WATCHDOG": "1"})

    def test_no_signs_of_life_for_the_watchdog_of_another_process(self):
        running, _ = self.started(env={"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"})
        for _ in range(20):  # many times its interval
            ask(running.port, b"busy")
        running.signal(signal.SIGTERM)
        self.assertIn("STOPPING", self.manager.said(20))

    @unittest.skipIf(relay.SANITIZED, "sanitizers make calls of their own")
    def test_it_makes_no_call_that_its_filter_forbids(self):
        if not seccomp.HEADER.exists():
            self.skipTest("the numbers of system calls are known for x86-64 only")
        filters = [text for _, key, text in unit.settings(SERVICE) if key == "SystemCallFilter"]
        calls = seccomp.allowed(self.program("systemd-analyze"), filters)
        self.assertNotIn("ptrace", calls)
        running, _ = self.started(launcher=[sys.executable, seccomp.__file__, ",".join(calls)],
                                  env={"RUNTIME_DIRECTORY": str(self.folder)})
        self.assertEqual(running.status("Seccomp"), 2)
        self.assertIn("listening", self.cli("status", "--control", self.folder / "relay.sock").stdout)
        data = pattern(20_000_000)  # so much of it is spliced
        self.assertEqual(ask(running.port, data), data)
        running.signal(signal.SIGUSR1)
        running.signal(signal.SIGHUP)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait_exit(), 0, running.story())


class Activated(Case):
    """Sockets that the service manager bound, listens on and hands over."""

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]
        self.manager = unit.Manager(self)

    def launch_at(self, server, *sockets, names="", **options):
        options.setdefault("env", {}).update(self.manager.env)
        return self.launch("-l", f"127.0.0.1:{self.port}", "-r", f"127.0.0.1:{server.port}",
                           "--log-level", "info", **unit.activation(sockets, names), **options)

    def test_an_endpoint_takes_the_socket_of_its_address(self):
        with Server(named("behind")) as server:
            running = self.launch_at(server, self.listener, names="web")
            self.manager.first_word_of(running)
            self.listener.close()  # only the relay has it now
            self.assertEqual(hear(self.port), b"behind")
            self.assertIn(f"inherited tcp 127.0.0.1:{self.port} (web)", running.out())

    def test_clients_that_came_before_the_start_are_served(self):
        with Server(named("behind")) as server, dial(self.port) as early:
            running = self.launch_at(server, self.listener)
            self.manager.first_word_of(running)
            self.assertEqual(read_exactly(early, 6), b"behind")

    def test_a_restart_refuses_nobody(self):
        with Server(named("behind")) as server:
            first = self.launch_at(server, self.listener)
            self.manager.first_word_of(first)
            self.assertEqual(hear(self.port), b"behind")
            first.signal(signal.SIGTERM)
            self.assertEqual(first.wait_exit(), 0)
            with dial(self.port) as between:
                second = self.launch_at(server, self.listener)
                self.manager.wait_for("READY")
                self.assertEqual(read_exactly(between, 6), b"behind")
                self.assertTrue(second.running())

    def test_a_descriptor_of_no_use_is_reported_and_the_rest_is_served(self):
        with Server(named("behind")) as server, socket.socket(socket.AF_UNIX) as strange:
            running = self.launch_at(server, strange, self.listener, names="odd:web")
            self.manager.first_word_of(running)
            self.assertEqual(hear(self.port), b"behind")
            running.wait_text("inherited descriptor 3 (odd): neither an IPv4 nor", "err")

    def test_a_socket_that_fits_no_endpoint_is_an_error_of_the_start(self):
        with Server(named("behind")) as server, socket.create_server(("127.0.0.1", 0)) as other:
            running = self.launch_at(server, self.listener, other)
            self.assertEqual(running.wait_exit(), 78)
            at = f"127.0.0.1:{other.getsockname()[1]}"
            self.assertIn(f"error: the inherited socket {at} (TCP) is wanted by no endpoint: ",
                          running.err())
            self.assertIn(f'write `listen = "{at}"`', running.err())

    def test_sockets_meant_for_another_process_are_not_touched(self):
        with Refusing() as nobody:
            port = ports.free_port()
            self.start("-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{nobody.port}", ports=[port],
                       env={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
