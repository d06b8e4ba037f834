"""The control socket, and the commands for a running relay."""

import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import unittest

from support import relay
from support.control import ControlCase, ask, is_root, send
from support.ports import free_port
from support.servers import Refusing, Server, dial, named, read_exactly
from support.udp import Remote, ask as ask_udp, open_socket
from support.wait import until

TIMEOUT = 60
COMMANDS = (["status"], ["sessions"], ["kill", "7"], ["reload"], ["plan"], ["confirm"],
            ["drain", "web"], ["log-level", "info"])


def held(port):
    """A client that has been served and stays."""
    client = dial(port)
    client.sendall(b"x")
    assert read_exactly(client, 1) == b"x"
    return client


class Status(ControlCase):
    def test_for_people(self):
        started = self.controlled()
        with held(started.port):
            said = self.ask("status").stdout
        self.assertRegex(said, rf"\Arelay \d+\.\d+\.\d+, process {started.pid}, serving, up \S+ s, "
                               r"generation 1\n\d+ workers, \d+ of \d+ descriptors, "
                               r"\S+ .B of memory, "
                               r"log level warn\n\n")
        self.assertIn(f"\nendpoint 127.0.0.1:{started.port}: listening\n"
                      f"  remotes      127.0.0.1:{self.server.port}\n"
                      "  connections  1 now, 1 in all\n"
                      "  bytes        up 1 B, down 1 B\n", said)

    def test_for_programs(self):
        started = self.controlled()
        held(started.port).close()
        until(lambda: self.status()["endpoints"][0]["ends"], "an end is counted")
        told = self.status()
        process = told["process"]
        self.assertEqual((process["pid"], process["state"], process["generation"]),
                         (started.pid, "serving", 1))
        self.assertGreater(process["memory_bytes"], 1_000_000)
        self.assertLess(process["descriptors"]["open"], process["descriptors"]["limit"])
        self.assertEqual(len(process["workers"]), len([name for name in started.threads()
                                                       if name.startswith("worker-")]))
        (endpoint,) = told["endpoints"]
        self.assertEqual(endpoint["listen"], f"127.0.0.1:{started.port}")
        self.assertEqual(endpoint["state"], "listening")
        self.assertEqual(endpoint["connections"], {"live": 0, "total": 1})
        self.assertEqual(endpoint["bytes"], {"up": 1, "down": 1})
        self.assertEqual(endpoint["ends"], {"client_eof": 1})

    def test_remotes_and_their_health(self):
        with Refusing() as nobody:
            started = self.configured(
                f'[control]\npath = "{self.socket}"\n[[endpoints]]\nname = "web"\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{nobody.port}"\n'
                f'extra_remotes = ["127.0.0.1:{self.server.port}"]\n')
            for _ in range(2):
                held(started.port).close()
        (endpoint,) = self.status()["endpoints"]
        self.assertEqual(endpoint["name"], "web")
        first, second = endpoint["remotes"]
        self.assertEqual((first["health"], first["share"]), ("aside", 0))
        self.assertEqual((second["health"], second["share"]), ("up", 1))
        self.assertIn("errors", endpoint)

    def test_datagrams(self):
        with Remote() as remote:
            started = self.start_on_free_port(
                lambda port: ("-ut", "--udp-timeout", "0", "-l", f"127.0.0.1:{port}", "-r",
                              f"127.0.0.1:{remote.port}", "--control", self.socket),
                tcp=False, udp=True)
            with open_socket() as client:
                ask_udp(client, b"four", ("127.0.0.1", started.port))
                until(lambda: self.status()["endpoints"][0]["datagrams"]["down"] == 1, "an answer")
                (endpoint,) = self.status()["endpoints"]
                self.assertEqual(endpoint["associations"], {"live": 1, "total": 1})
                self.assertEqual(endpoint["datagrams"], {"up": 1, "down": 1, "lost": 0})
                self.assertNotIn("connections", endpoint)
                (one,) = self.sessions()["sessions"]
                self.assertEqual((one["kind"], one["bytes"]["up"]), ("udp", 4))
                self.ask("kill", one["id"])
                self.assertEqual(self.sessions()["sessions"], [])

    def test_an_endpoint_that_has_failed(self):
        with Server(named("other")) as busy:
            self.configured(
                f'[control]\npath = "{self.socket}"\n'
                f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "a:1"\n'
                f'[[endpoints]]\nname = "busy"\nlisten = "127.0.0.1:{busy.port}"\nremote = "a:1"\n')
            failed = self.status()["endpoints"][1]
        self.assertEqual((failed["name"], failed["state"]), ("busy", "failed"))
        self.assertIn("in use", failed["error"])

    def test_while_it_drains(self):
        started = self.controlled()
        with held(started.port):
            started.signal(signal.SIGTERM)
            until(lambda: self.status()["process"]["state"] == "draining", started.story)
        self.assertEqual(started.wait_exit(), 0)


class Sessions(ControlCase):
    def test_are_listed_and_filtered(self):
        started = self.controlled()
        with held(started.port) as one, held(started.port) as other:
            self.assertEqual(self.sessions()["matching"], 2)
            host, port = one.getsockname()
            (found,) = self.sessions("--filter", f"client={host}:{port}")["sessions"]
            self.assertEqual(found["client"], f"{host}:{port}")
            self.assertEqual(found["remote"], f"127.0.0.1:{self.server.port}")
            self.assertEqual(self.sessions("--filter", "kind=udp")["matching"], 0)
            said = self.ask("sessions").stdout.splitlines()
            self.assertEqual(said[0].split(), ["ID", "KIND", "STATE", "AGE", "CLIENT", "LISTEN",
                                               "REMOTE", "UP", "DOWN"])
            self.assertEqual(len(said), 3)
            self.assertIn("{}:{}".format(*other.getsockname()), "\n".join(said))
        until(lambda: self.ask("sessions").stdout == "no sessions\n", "the end of both")

    def test_a_filter_that_makes_no_sense_is_told(self):
        self.controlled()
        done = self.ask("sessions", "--filter", "client=nowhere", code=2)
        self.assertIn("nowhere", done.stderr)
        self.assertIn("(RLY-BAD-ARGUMENT)", done.stderr)

    def test_one_is_ended_by_its_number(self):
        started = self.controlled("--log-level", "info")
        with held(started.port) as one, held(started.port) as other:
            number = self.sessions("--filter", "client={}:{}".format(*one.getsockname()))
            number = number["sessions"][0]["id"]
            self.assertEqual(self.ask("kill", number).stdout, f"session {number} is ended\n")
            with self.assertRaises(ConnectionResetError):
                one.recv(1)
            other.sendall(b"y")
            self.assertEqual(read_exactly(other, 1), b"y")
            done = self.ask("kill", number, code=1)
            self.assertIn(f"there is no session {number} (RLY-NOT-FOUND)", done.stderr)
        started.wait_text("end=killed")
        self.assertRegex(started.out(), rf'\[relay::control\]\[INFO\]user {os.geteuid()} \(process '
                                        rf'\d+\): {{"version":1,"command":"kill","arguments":'
                                        rf'{{"id":"{number}"}}}}\n')


class Changes(ControlCase):
    def test_an_endpoint_is_drained_by_its_name_or_its_listener(self):
        first, second = free_port(), free_port()
        started = self.start(
            "-c", self.file("relay.toml", f'[control]\npath = "{self.socket}"\n' + "".join(
                f'[[endpoints]]\nname = "{name}"\nlisten = "127.0.0.1:{port}"\n'
                f'remote = "127.0.0.1:{self.server.port}"\n'
                for name, port in (("web", first), ("mail", second)))), ports=[first, second])
        with held(first) as client:
            self.assertIn("web takes no clients any more", self.ask("drain", "web").stdout)
            with self.assertRaises(ConnectionRefusedError):
                dial(first)
            client.sendall(b"y")
            self.assertEqual(read_exactly(client, 1), b"y")
            held(second).close()
            self.assertEqual([each["state"] for each in self.status()["endpoints"]],
                             ["draining", "listening"])
        self.ask("drain", f"127.0.0.1:{second}")
        with self.assertRaises(ConnectionRefusedError):
            dial(second)
        done = self.ask("drain", "ftp", code=1)
        self.assertIn("no endpoint is called `ftp`", done.stderr)
        self.assertTrue(started.running())

    def test_the_level_of_the_log(self):
        started = self.controlled("--log-level", "info")
        held(started.port).close()
        started.wait_text("session done")
        self.assertEqual(self.ask("log-level", "off").stdout, "the level of the log is off\n")
        self.assertEqual(self.status()["process"]["log_level"], "off")
        held(started.port).close()
        until(lambda: self.status()["endpoints"][0]["connections"] == {"live": 0, "total": 2},
              "a second session")
        self.ask("log-level", "debug")
        held(started.port).close()
        started.wait_text("[DEBUG][tcp]")
        self.assertEqual(len(re.findall(r"\bid=2\b", started.out())), 0, started.out())

    def test_a_log_that_was_off_stays_off(self):
        self.controlled("--log-level", "off")
        self.assertIn("was off when relay started", self.ask("log-level", "info", code=1).stderr)


class Nobody(ControlCase):
    """Without a running relay."""

    def test_every_command_says_so(self):
        for words in COMMANDS:
            done = self.ask(*words, code=69)
            self.assertEqual(done.stderr, "error: no relay is running: nobody listens at "
                                          f"{self.socket}\n")
            self.assertEqual(done.stdout, "")

    def test_every_help_says_so(self):
        for words in COMMANDS:
            self.assertIn("Needs a running relay: without one it says so and ends with exit code 69.",
                          self.cli(words[0], "--help").stdout)
        said = self.cli("--help").stdout
        group = said.partition("COMMANDS FOR A RUNNING RELAY:\n")[2].partition("\n\n")[0]
        self.assertEqual([line.split()[0] for line in group.splitlines()],
                         [words[0] for words in COMMANDS])

    def test_where_no_place_is_known(self):
        done = self.cli("status", code=69)
        self.assertIn("error: there is no control socket: in a container", done.stderr)

    def test_after_it_has_been_killed(self):
        started = self.controlled()
        os.kill(started.pid, signal.SIGKILL)
        started.process.wait()
        started.check = lambda: None
        self.assertTrue(self.socket.is_socket(), "it could not tidy up")
        self.assertIn("no relay is running", self.ask("status", code=69).stderr)
        again = self.controlled()
        self.assertEqual(self.status()["process"]["pid"], again.pid, "its file was replaced")

    def test_wrong_words(self):
        for words, saying in ((["kill"], "which session"), (["kill", "x"], "no number"),
                              (["drain"], "which endpoint"), (["log-level"], "which level"),
                              (["log-level", "loud"], "no level"), (["status", "x"], "unexpected"),
                              (["reload", "--confirm", "soon"], "a time such as 30s"),
                              (["kill", "7", "8"], "unexpected"), (["status", "--wait"], "unknown")):
            self.assertIn(saying, self.ask(*words, code=2).stderr)


class Place(ControlCase):
    def test_only_its_user_may_connect_and_the_end_removes_it(self):
        started = self.controlled()
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o600)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertFalse(self.socket.exists())

    def test_a_second_one_is_told_and_serves_without(self):
        first = self.controlled()
        second = self.relay_to(self.server.port, "--control", self.socket)
        self.assertIn("warning: no control socket, so `relay status` and its like cannot ask this "
                      f"process: {self.socket}: another relay listens there", second.err())
        held(second.port).close()
        self.assertEqual(self.status()["process"]["pid"], first.pid)
        second.stop()
        self.assertEqual(self.status()["process"]["pid"], first.pid, "it has left the file alone")

    def test_what_cannot_be_is_told_and_it_serves(self):
        long = self.folder / ("a" * 120)
        for path, saying in ((self.folder / "none" / "c.sock", "no such file or directory"),
                             (self.file("plain", "text"), "there is a file that is no socket")):
            started = self.relay_to(self.server.port, "--control", path)
            self.assertIn(saying, started.err())
            held(started.port).close()
        done = self.cli("check", self.file("a.toml", f'endpoints = []\n[control]\npath = "{long}"\n'),
                        code=78)
        self.assertIn("at most 107 bytes", done.stderr)

    def test_a_service_has_it_in_its_folder(self):
        service = {"RUNTIME_DIRECTORY": str(self.folder)}
        started = self.relay_to(self.server.port, env=service)
        said = self.cli("status", "--json", env=service).stdout
        self.assertEqual(json.loads(said)["process"]["pid"], started.pid)
        self.assertTrue((self.folder / "relay.sock").is_socket())

    def test_a_user_has_it_by_the_name_of_the_configuration(self):
        user = {"XDG_RUNTIME_DIR": str(self.folder)}
        endpoint = f'[[endpoints]]\nlisten = "127.0.0.1:%d"\nremote = "127.0.0.1:{self.server.port}"\n'
        pids = {}
        for name in ("web", "mail"):
            port = free_port()
            file = self.file(f"{name}.toml", endpoint % port)
            pids[name] = self.start("-c", file, ports=[port], env=user).pid
            self.assertTrue((self.folder / "relay" / f"{name}.sock").is_socket())
            if name == "web":  # the only one is found without a name
                said = self.cli("status", "--json", env=user).stdout
                self.assertEqual(json.loads(said)["process"]["pid"], pids[name])
        self.assertIn("several relays are running; say which: --control ",
                      self.cli("status", env=user, code=1).stderr)
        for name, pid in pids.items():
            said = self.cli("status", "--json", "-c", self.folder / f"{name}.toml", env=user).stdout
            self.assertEqual(json.loads(said)["process"]["pid"], pid)

    def test_the_configuration_says_where_and_the_command_line_wins(self):
        file = self.file("relay.toml", f'[control]\npath = "{self.folder}/file.sock"\n'
                                       '[[endpoints]]\nlisten = "127.0.0.1:0"\nremote = "a:1"\n')
        started = self.launch("-c", file)
        until((self.folder / "file.sock").is_socket, started.story)
        self.assertIn(f"process {started.pid}", self.cli("status", "-c", file).stdout)
        started = self.launch("-c", file, "--control", self.socket)
        until(self.socket.is_socket, started.story)
        self.assertEqual(self.status()["process"]["pid"], started.pid)

    def test_off_is_none(self):
        service = {"RUNTIME_DIRECTORY": str(self.folder)}
        self.relay_to(self.server.port, "--control", "off", env=service)
        self.assertFalse((self.folder / "relay.sock").exists())
        self.assertIn("is \"off\"", self.cli("status", "--control", "off", code=69).stderr)

    def test_under_the_references_name_there_is_none_unless_asked_for(self):
        realm = self.as_realm()
        service = {"RUNTIME_DIRECTORY": str(self.folder)}
        self.relay_to(self.server.port, env=service, **realm)
        self.assertFalse((self.folder / "relay.sock").exists())
        self.controlled(**realm)
        self.assertEqual(self.status()["process"]["state"], "serving")


class Hostile(ControlCase):
    def test_another_version_is_told(self):
        self.controlled()
        for version in (0, 2):
            told = ask(self.socket, "status", version=version)
            self.assertEqual((told["version"], told["error"]), (1, "RLY-VERSION"))
            self.assertIn("version 1", told["message"])

    def test_garbage_costs_nothing(self):
        started = self.controlled()
        for data, code in ((b"garbage\n", "RLY-BAD-REQUEST"), (b"\0" * 100 + b"\n", "RLY-BAD-REQUEST"),
                           (b"\xff\xfe\n", "RLY-BAD-REQUEST"), (b"x" * 1_000_000, "RLY-TOO-LONG"),
                           (b"[" * 60_000 + b"\n", "RLY-BAD-REQUEST"),
                           (b'{"version":1,"command":"fly"}\n', "RLY-UNKNOWN-COMMAND"),
                           (b'{"version":1,"command":"kill","arguments":{"pid":"1"}}\n',
                            "RLY-BAD-ARGUMENT"),
                           (b'{"version":1,"command":"kill"}\n', "RLY-BAD-ARGUMENT"),
                           (b'{"version":1,"command":"log-level","arguments":{"level":"loud"}}\n',
                            "RLY-BAD-ARGUMENT")):
            self.assertEqual(json.loads(send(self.socket, data))["error"], code, data[:60])
        self.assertEqual(send(self.socket, b"", half_close=True), b"")
        held(started.port).close()
        self.assertEqual(self.status()["process"]["state"], "serving")

    def test_callers_that_say_or_read_nothing_keep_nobody_waiting(self):
        self.controlled()
        silent = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for nth, each in enumerate(silent):
            self.addCleanup(each.close)
            each.connect(str(self.socket))
            if nth % 2:
                each.sendall(b'{"version":1,"command":"status"}\n')  # and reads nothing
            elif nth % 4:
                each.sendall(b'{"version":1,')
        self.assertEqual(self.status()["process"]["state"], "serving")

    def test_a_thousand_callers_at_once(self):
        callers = 1000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, callers + 200), hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        started = self.controlled()
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(callers)]
        for each in waiting:
            self.addCleanup(each.close)
            each.settimeout(TIMEOUT)
            each.connect(str(self.socket))
            each.sendall(b'{"version":1,"command":"status"}\n')
        for each in waiting:
            self.assertIn(f'"pid":{started.pid},'.encode(), each.recv(1 << 16))
            each.close()
        self.assertLess(started.descriptors(), 100, "callers that have gone hold nothing")

    @unittest.skipUnless(is_root(), "becoming another user takes root")
    def test_another_user_is_refused(self):
        self.folder.chmod(0o755)
        started = self.controlled()
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

        def as_another(*words):
            return subprocess.run([self.program(as_nobody[0]), *as_nobody[1:], *map(str, words)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                                  env=relay.environment())
        binary = self.file("binary", "")
        binary.write_bytes(relay.BINARY.read_bytes())
        binary.chmod(0o755)
        done = as_another(binary, "status", "--control", self.socket)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"error: the relay at {self.socket} is another user's: ask as "
                                      "that user, or as root\n")
        self.socket.chmod(0o777)  # the kernel's word on who asks is asked for, too
        done = as_another(binary, "status", "--control", self.socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not user 65534 (RLY-FORBIDDEN)", done.stderr)
        started.wait_text("control socket: user 65534")

    def test_a_daemon_that_hangs_is_not_waited_for_for_ever(self):
        started = self.controlled()
        with relay.stopped(started.process):
            running = subprocess.Popen([relay.BINARY, "status", "--control", self.socket],
                                       stderr=subprocess.PIPE, env=relay.environment())
            said = running.communicate(timeout=40)[1].decode()
        self.assertEqual(running.returncode, 1)
        self.assertIn("does not answer", said)


class Callers(ControlCase):
    def test_one_that_closes_its_half_is_answered(self):
        self.controlled()
        answer = send(self.socket, b'{"version":1,"command":"status"}', half_close=True)
        self.assertIn("result", json.loads(answer))

    def test_socat_is_enough(self):
        self.controlled()
        done = subprocess.run([self.program("socat"), "-t", "10", "-", f"UNIX-CONNECT:{self.socket}"],
                              input='{"version":1,"command":"sessions"}\n', text=True, timeout=30,
                              stdout=subprocess.PIPE, check=True)
        self.assertEqual(json.loads(done.stdout),
                         {"version": 1, "result": {"matching": 0, "sessions": []}})


class Document(ControlCase):
    def test_every_code_and_command_is_there(self):
        text = (relay.ROOT / "docs" / "control.md").read_text(encoding="utf-8")
        header = (relay.ROOT / "include/relay/ops/control_protocol.hpp").read_text(encoding="utf-8")
        reload = (relay.ROOT / "src/base/code.cpp").read_text(encoding="utf-8")
        codes = re.findall(r'"(RLY-[A-Z-]+)"', header + reload)
        self.assertGreater(len(codes), 8)
        self.assertEqual(sorted(codes), sorted(set(re.findall(r"^\| `(RLY-[A-Z-]+)` \|", text, re.M))))
        for words in COMMANDS:
            self.assertRegex(text, rf"(?m)^\| `{words[0]}` \|")

    def test_every_key_of_the_answers_is_there(self):
        started = self.controlled()
        text = (relay.ROOT / "docs" / "control.md").read_text(encoding="utf-8")
        with held(started.port):
            told = [self.status()["process"], self.status()["endpoints"][0],
                    self.sessions()["sessions"][0]]
        for each in told:
            for key in each:
                self.assertIn(f"`{key}`", text)
