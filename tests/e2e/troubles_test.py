"""Recipes of docs/operations.md about a relay that runs: its sockets, a change of its configuration,
a client that finds it slow, a remote that is down. Commands come from the document."""

import re
import shutil
import socket
import subprocess

from support import document, relay, udp, unit
from support.case import Case
from support.machine import WORDS, MachineCase
from support.network import in_own_network
from support.ports import free_port, listening
from support.servers import Refusing, Server, dial, echo, hear, named, read_exactly
from support.wait import until

TIMEOUT = 60
OPERATIONS = document.read("docs/operations.md")
SOCKET = relay.ROOT / "examples" / "relay.socket"
SERVICE = relay.ROOT / "examples" / "relay.service"


def listens(settings):
    """What a socket unit listens on, as systemd reads it: an empty value takes away what was there."""
    found = []
    for _, key, value in settings:
        if key in ("ListenStream", "ListenDatagram"):
            found = found + [(key, value)] if value else []
    return found


class Sockets(Case):
    def setUp(self):
        super().setUp()
        self.text = document.section(OPERATIONS, "Sockets that outlive a restart")
        (self.drop_in,) = document.blocks(self.text, "ini")
        (self.config,) = document.blocks(self.text, "toml")

    def test_systemd_understands_the_drop_in(self):
        folder = self.folder / "units"
        shutil.copytree(SOCKET.parent, folder, ignore=lambda *_: {"folder"})
        service = folder / "relay.service"
        service.write_text(SERVICE.read_text(encoding="utf-8").replace(
            "/usr/bin/relay", str(relay.BINARY)), encoding="utf-8")
        self.file("units/relay.socket.d/override.conf", self.drop_in)
        done = subprocess.run([self.program("systemd-analyze"), "verify", "--man=no",
                               folder / "relay.socket"], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual([line for line in done.stderr.splitlines() if str(folder) in line], [])

    def test_its_sockets_are_those_of_the_endpoint(self):
        in_own_network(self.activate)

    def activate(self):
        given = listens(unit.settings(SOCKET)
                        + unit.settings(self.file("drop-in", self.drop_in)))
        self.assertEqual([key for key, _ in given], ["ListenStream", "ListenDatagram"])
        sockets = []
        for key, value in given:
            host, _, port = value.rpartition(":")
            kind = socket.SOCK_STREAM if key == "ListenStream" else socket.SOCK_DGRAM
            sockets.append(socket.socket(socket.AF_INET, kind))
            sockets[-1].bind((host, int(port)))
            self.addCleanup(sockets[-1].close)
        sockets[0].listen()
        name = unit.value(self.file("drop-in", self.drop_in), "FileDescriptorName")
        manager = unit.Manager(self)
        with Server(echo) as server, udp.Remote(port=server.port):
            text = '[log]\nlevel = "info"\n' + self.config.replace("10.0.0.7:5000",
                                                                  f"127.0.0.1:{server.port}")
            running = self.launch("-c", self.file("relay.toml", text), env=manager.env,
                                  **unit.activation(sockets, f"{name}:{name}"))
            manager.first_word_of(running)
            for line in re.findall(r"`(inherited [^`]+)`", self.text):
                running.wait_text(line)
            with dial(5000) as client, udp.open_socket() as sender:
                client.sendall(b"tcp")
                self.assertEqual(read_exactly(client, 3), b"tcp")
                self.assertEqual(udp.ask(sender, b"udp", ("127.0.0.1", 5000)), b"udp")
            self.assertEqual(running.err(), "")

    def test_the_change_over_names_units_that_are_there(self):
        (commands,) = document.blocks(self.text, "sh")
        units = re.findall(r"relay\.\w+", commands)
        self.assertEqual(units, ["relay.service", "relay.socket", "relay.service"])
        for name in units:
            self.assertTrue((SOCKET.parent / name).exists(), name)


class Change(MachineCase):
    def setUp(self):
        super().setUp()
        self.text = document.section(OPERATIONS, "Changing the configuration")
        self.service, self.by_hand = document.blocks(self.text, "sh")

    def test_only_a_sound_configuration_reloads_the_service(self):
        self.on_a_machine(self.check_and_reload, {"relay": f'exec {relay.BINARY} "$@"'})

    def check_and_reload(self, machine):
        machine.run("mkdir", "-p", "/etc/relay")
        machine.write("/etc/relay/relay.toml", b'[[endpoints]]\nlisten = "0.0.0.0:5000"\n')
        wrong = machine.run("bash", "-c", self.service, env=WORDS)
        self.assertEqual(wrong.returncode, 78, wrong.stdout)
        self.assertFalse(machine.has("/walk/asked"), "a mistake reloads nothing")
        machine.write("/etc/relay/relay.toml", b"endpoints = []\n")
        machine.shell(self.service)
        self.assertEqual(machine.asked(), ["reload relay"])

    def test_the_old_process_finishes_beside_the_new_one(self):
        port = free_port()
        with Server(echo) as old, Server(named("new")) as new:
            def config(remote):
                return self.file("relay.toml", '[process]\nshutdown_timeout = "1h"\n[[endpoints]]\n'
                                 f'listen = "127.0.0.1:{port}"\nremote = "127.0.0.1:{remote}"\n')
            self.assertIn('shutdown_timeout = "1h"', self.text)
            before = self.start("-c", config(old.port), ports=[port])
            with dial(port) as download:
                download.sendall(b"1")
                self.assertEqual(read_exactly(download, 1), b"1")
                config(new.port)
                # The new one is a child here, so that it is surely ended.
                check, end, serve = [part.strip() for part in self.by_hand.split("&&")]
                subprocess.run(["bash", "-ec", f"{check}\n{end}"], cwd=self.folder, check=True,
                               env=relay.environment({"OLD": str(before.pid),
                                                      "PATH": f"{self.bin()}:/usr/bin:/bin"}),
                               timeout=20, stdout=subprocess.PIPE)
                self.assertEqual(serve.split()[:2], ["relay", "-d"])
                until(lambda: port not in listening(before.pid), before.story)
                self.start(*serve.split()[2:], ports=[port])
                self.assertEqual(hear(port), b"new")
                download.sendall(b"2")
                self.assertEqual(read_exactly(download, 1), b"2")
            self.assertEqual(before.wait_exit(), 0)

    def bin(self):
        folder = self.folder / "bin"
        folder.mkdir()
        (folder / "relay").symlink_to(relay.BINARY)
        return folder


class Slow(Case):
    def setUp(self):
        super().setUp()
        self.program("curl")
        self.text = document.section(OPERATIONS, "A client says it is slow")
        self.limits, self.ask, self.stuck = document.blocks(self.text, "sh")

    def shell(self, commands):
        done = subprocess.run(["bash", "-ec", commands], cwd=self.folder, check=False, timeout=30,
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_its_commands_measure(self):
        in_own_network(self.measure)

    def measure(self):
        def web(sock):
            sock.recv(4096)
            sock.sendall(b"HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\npage")
        config = self.file("relay.toml", '[[endpoints]]\nlisten = "127.0.0.1:5000"\n'
                           'remote = "127.0.0.1:8000"\nmax_connections = 3\n')
        limits = self.shell(self.limits.replace("relay check", f"{relay.BINARY} check", 1))
        self.assertIn("max_connections = 3\n", limits)
        self.assertIn("byte_rate = ", limits)
        with Server(web, port=8000):
            self.start("-c", config, ports=[5000])
            self.assertRegex(self.shell(self.ask), r"\A([\d.]+ [\d.]+ \d+\n){2}\Z")
        self.program("ss")
        with Server(echo, port=8000), dial(5000) as client:
            client.sendall(b"1")
            read_exactly(client, 1)
            said = self.shell(self.stuck)
            for essential in ("Send-Q", " 127.0.0.1:5000 ", " 127.0.0.1:8000 "):
                self.assertIn(essential, said)


class Down(Case):
    def test_the_log_says_which_remote_and_why(self):
        text = document.section(OPERATIONS, "Which remote is down and why")
        (search,) = document.blocks(text, "sh")
        reasons = [document.words(row[0]) for row in document.rows(text)]
        self.assertIn(["connection refused"], reasons)
        log = self.folder / "relay.log"
        with Refusing() as dead, Server(named("alive")) as alive:
            running = self.configured(
                f'[log]\nlevel = "warn"\noutput = "{log}"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{dead.port}"\n'
                f'extra_remotes = ["127.0.0.1:{alive.port}"]\n')
            for _ in range(2):  # so many failures put a remote aside
                self.assertEqual(hear(running.port), b"alive")
            until(lambda: "put aside" in log.read_text(), running.story)
            alone = self.configured(f'[log]\nlevel = "warn"\noutput = "{log}"\n[[endpoints]]\n'
                                    'listen = "127.0.0.1:LISTEN"\n'
                                    f'remote = "127.0.0.1:{dead.port}"\n')
            self.assertEqual(hear(alone.port), b"")
            until(lambda: "error:" in log.read_text(), alone.story)
        found = subprocess.run(["bash", "-ec", search], cwd=self.folder, check=True, text=True,
                               timeout=20, stdout=subprocess.PIPE).stdout.splitlines()
        self.assertTrue(any("put aside" in line for line in found), found)
        for line in found:
            self.assertIn(str(dead.port), line)
            self.assertIn("connection refused", line)
