"""process.sandbox = "on": every feature works behind seccomp and Landlock, and what they refuse is
told by name."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

from support import ports, relay, unit
from support.case import Case
from support.dns import Answer, NameServer
from support.overlay import Overlay
from support.servers import Server, ask, dial, echo, hear, named, pattern, read_exactly
from support.tls import NAME, Authority, client_context
from support.transport import TEXTS, endpoint
from support.udp import Remote, ask as ask_udp, ask_patiently, open_socket
from support.wait import until
from hook_test import HookCase
from mptcp_test import MPTCP, Remote as MptcpRemote, dial_mptcp, lacks

TIMEOUT = 60
ON = '[process]\nsandbox = "on"\n[log]\nlevel = "debug"\n'
REFUSED = "the sandbox refused the system call"


def threads(pid):
    """What proc(5) says of each thread: a list of dictionaries."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text(encoding="ascii", errors="replace").splitlines()
        found.append({key: value.strip() for key, _, value in
                      (line.partition(":") for line in lines)})
    return found


@unittest.skipIf(relay.SANITIZED, "sanitizers make calls of their own")
class SandboxCase(Case):
    def boxed(self, text, **options):
        """A relay behind the walls; LISTEN in the text is replaced by a free port."""
        started = self.configured(ON + text, **options)
        self.assert_closed(started)
        return started

    def assert_closed(self, started):
        started.wait_text("the sandbox is closed")
        for each in threads(started.pid):
            self.assertEqual((each["Seccomp"], each["NoNewPrivs"]), ("2", "1"))

    def assert_content(self, started):
        """It has refused nothing and ends in order."""
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0, started.story())
        self.assertNotIn(REFUSED, started.out(), started.story())

    def server(self, talk, **options):
        made = Server(talk, **options)
        self.addCleanup(made.close)
        return made


class Streams(SandboxCase):
    def test_connections_small_and_large_and_resets(self):
        started = self.boxed(endpoint("LISTEN", self.server(echo).port))
        self.assertEqual(ask(started.port, b"small"), b"small")
        data = pattern(20_000_000)  # so much of it is spliced
        self.assertEqual(ask(started.port, data), data)
        self.assert_content(started)

    def test_byte_rates_and_idle_limits(self):
        started = self.boxed(endpoint("LISTEN", self.server(echo).port,
                                      network='byte_rate = "2MB/s"\nidle_timeout = "300ms"'))
        data = pattern(200_000)
        self.assertEqual(ask(started.port, data), data)
        with dial(started.port) as client:
            self.assertEqual(client.recv(1), b"", "the end of an idle connection")
        self.assert_content(started)

    def test_connections_that_are_made_ahead(self):
        server = self.server(echo)
        started = self.boxed(endpoint("LISTEN", server.port, network="warm = 2"))
        until(lambda: len(server.seen) >= 2, started.story)
        self.assertEqual(ask(started.port, b"warm"), b"warm")
        self.assert_content(started)

    def test_multipath_tcp(self):
        if why := lacks():
            self.skipTest(f"no Multipath TCP on this machine: {why}")
        with MptcpRemote() as remote:
            started = self.boxed(endpoint("LISTEN", remote.port,
                                          network="send_mptcp = true\naccept_mptcp = true"))
            with dial_mptcp(started.port) as client:
                client.sendall(b"hello")
                self.assertEqual(read_exactly(client, 5), b"hello")
            self.assertEqual(remote.spoken, [MPTCP])
            self.assert_content(started)

    def test_the_control_socket(self):
        place = self.folder / "run" / "c.sock"
        place.parent.mkdir()
        started = self.boxed(endpoint("LISTEN", self.server(echo).port)
                             + f'[control]\npath = "{place}"\n')
        with dial(started.port) as client:
            client.sendall(b"a")
            self.assertEqual(read_exactly(client, 1), b"a")
            self.assertIn("connections  1 now", self.cli("status", "--control", place).stdout)
            self.cli("kill", "1", "--control", place)
        self.cli("log-level", "info", "--control", place)
        self.cli("drain", f"127.0.0.1:{started.port}", "--control", place)
        self.assert_content(started)
        self.assertFalse(place.exists(), "it may be removed")

    def test_a_drain_waits_for_sessions(self):
        started = self.boxed(endpoint("LISTEN", self.server(echo).port))
        with dial(started.port) as client:
            client.sendall(b"a")
            self.assertEqual(read_exactly(client, 1), b"a")
            started.signal(signal.SIGTERM)
            started.wait_text("waiting for 1 sessions")
            client.sendall(b"b")
            self.assertEqual(read_exactly(client, 1), b"b")
        self.assertEqual(started.wait_exit(), 0)
        self.assertNotIn(REFUSED, started.out())


class Datagrams(SandboxCase):
    def test_datagrams_and_a_range_of_ports(self):
        with Remote() as remote:
            first = ports.free_ports(3)
            text = (f'[[endpoints]]\nlisten = "127.0.0.1:{first}-{first + 2}"\n'
                    f'remote = "127.0.0.1:{remote.port}"\nnetwork.use_udp = true\n'
                    f'network.no_tcp = true\nnetwork.byte_rate = "10MB/s"\n')
            started = self.start("-c", self.file("relay.toml", ON + text),
                                 ports=range(first, first + 3), tcp=False, udp=True)
            self.assert_closed(started)
            with open_socket() as client:
                for port in range(first, first + 3):
                    self.assertEqual(ask_udp(client, b"?", ("127.0.0.1", port)), b"?")
                many = [pattern(1200, seed) for seed in range(60)]  # in batches
                for each in many:
                    client.sendto(each, ("127.0.0.1", first))
                self.assertEqual([client.recv(65536) for _ in many], many)
            self.assert_content(started)


class Transports(SandboxCase):
    def test_every_kind_of_chain(self):
        server = self.server(echo)
        for kind, (inside, outside) in TEXTS.items():
            with self.subTest(kind):
                inner = ports.free_port()
                started = self.boxed(endpoint(inner, server.port, inside=inside)
                                     + endpoint("LISTEN", inner, outside=outside))
                data = pattern(300_000)
                self.assertEqual(ask(started.port, data), data)
                self.assert_content(started)

    def test_certificates_that_are_renewed_behind_links(self):
        """As certbot has them: `live` links to `archive`, where every renewal is a new file."""
        authority = Authority(self)
        archive, live = self.folder / "archive", self.folder / "live"
        archive.mkdir()
        live.mkdir()

        def issue(serial, name):
            cert, key = authority.issue(name)
            for kind, file in (("fullchain", cert), ("privkey", key)):
                (archive / f"{kind}{serial}.pem").write_bytes(file.read_bytes())
                link = live / f"{kind}.new"
                link.symlink_to(f"../archive/{kind}{serial}.pem")
                link.rename(live / f"{kind}.pem")
        issue(1, NAME)
        started = self.boxed(endpoint(
            "LISTEN", self.server(echo).port,
            inside=f"tls;cert={live / 'fullchain.pem'};key={live / 'privkey.pem'}"))

        def told():
            context = client_context(authority.file)
            context.check_hostname = False
            with context.wrap_socket(dial(started.port), server_hostname=NAME) as sock:
                return sock.getpeercert()["subjectAltName"][0][1]
        self.assertEqual(told(), NAME)
        issue(2, "renewed.test")
        until(lambda: told() == "renewed.test", started.story)
        self.assert_content(started)


class Names(SandboxCase):
    def test_name_servers_are_asked_by_udp_and_tcp(self):
        server = self.server(named("here"))
        for truncate in (False, True):
            names = NameServer(lambda *_, cut=truncate: Answer(["127.0.0.1"], truncate=cut))
            self.addCleanup(names.close)
            started = self.boxed(f'[dns]\nnameservers = ["{names.address}"]\n' + endpoint(
                "LISTEN", server.port).replace(f"127.0.0.1:{server.port}",
                                               f"name.test:{server.port}"))
            self.assertEqual(hear(started.port), b"here")
            self.assert_content(started)

    def test_resolv_conf_and_the_hosts_file_are_read_anew(self):
        copy = Overlay(self)
        copy.write("/usr/bin/relay-boxed", relay.BINARY.read_bytes())
        copy.run("chmod", "755", "/usr/bin/relay-boxed")
        port = ports.free_port()
        server = self.server(named("here"))
        copy.write("/etc/boxed.toml", (ON + '[[endpoints]]\n'
                                       f'listen = "127.0.0.1:{port}"\n'
                                       f'remote = "moved.test:{server.port}"\n').encode())
        said = self.folder / "said"
        with open(said, "wb") as log:
            running = subprocess.Popen(copy.words("/usr/bin/relay-boxed", "-c", "/etc/boxed.toml"),
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=relay.environment())
        self.addCleanup(lambda: running.poll() is None and (running.kill(), running.wait()))
        until(lambda: port in ports.listening(running.pid), said.read_text)
        # Another file takes the place of the old one, as editors and network managers do it.
        copy.run("sh", "-c", "echo 127.0.0.1 moved.test > /etc/hosts.new; "
                             "mv /etc/hosts.new /etc/hosts || cat /etc/hosts.new > /etc/hosts; "
                             "echo nameserver 127.0.0.1 > /etc/resolv.new; "
                             "mv /etc/resolv.new /etc/resolv.conf")

        def reached():
            with dial(port) as sock:
                try:
                    return sock.recv(4) == b"here"
                except ConnectionResetError:
                    return False
        until(reached, said.read_text, 20)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(20), 0)
        self.assertNotIn(REFUSED, said.read_text())


class Surroundings(SandboxCase):
    def test_the_log_goes_on_in_a_new_file_after_logrotate(self):
        log = self.folder / "log" / "relay.log"
        log.parent.mkdir()
        text = ON + f'output = "{log}"\n' + endpoint("LISTEN", self.server(echo).port)
        started = self.configured(text)
        until(lambda: "the sandbox is closed" in log.read_text(), started.story)
        log.rename(log.with_suffix(".1"))
        started.signal(signal.SIGUSR1)
        until(log.exists, started.story)
        self.assertEqual(ask(started.port, b"x"), b"x")
        until(lambda: "session done" in log.read_text(), started.story)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertNotIn(REFUSED, log.read_text())

    def test_in_the_background(self):
        port = ports.free_port()
        log = self.folder / "relay.log"
        self.cli("-d", "-c", self.file("relay.toml", ON + f'output = "{log}"\n'
                                       + endpoint(port, self.server(echo).port)))
        pid = next(int(name) for name in os.listdir("/proc") if name.isdigit()
                   and port in ports.listening(int(name)))
        self.addCleanup(lambda: os.path.exists(f"/proc/{pid}") and os.kill(pid, signal.SIGKILL))
        self.assertEqual({each["Seccomp"] for each in threads(pid)}, {"2"})
        self.assertEqual(ask(port, b"behind"), b"behind")
        self.assertEqual(os.readlink(f"/proc/{pid}/fd/1"), "/dev/null")
        os.kill(pid, signal.SIGTERM)
        until(lambda: "stopped" in log.read_text(), log.read_text)
        self.assertNotIn(REFUSED, log.read_text())

    def test_sockets_of_a_service_manager_and_its_watchdog(self):
        manager = unit.Manager(self)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            text = self.file("relay.toml", ON + endpoint(port, self.server(echo).port))
            started = self.launch("-c", text, env={**manager.env, "WATCHDOG_USEC": "100000"},
                                  **unit.activation([listener]))
            manager.first_word_of(started)
            self.assert_closed(started)
            manager.wait_for("WATCHDOG")
            self.assertEqual(ask(port, b"inherited"), b"inherited")
        self.assert_content(started)

    def test_the_check_says_what_the_kernel_lacks(self):
        text = self.file("relay.toml", ON + endpoint(1, 2))
        self.cli("check", "--strict", "-c", text)
        # A filter that answers ENOSYS plays a kernel without Landlock.
        refuse = ("import ctypes, os, struct, sys; sys.path.insert(0, sys.argv[1]); "
                  "from support import seccomp; "
                  "seccomp.install(seccomp.answer_with_error(444, 2, 1, 38)); "
                  "os.execv(sys.argv[2], sys.argv[2:])")
        done = subprocess.run([sys.executable, "-c", refuse, str(relay.ROOT / "tests" / "e2e"),
                               relay.BINARY, "check", "-c", text], text=True, timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"relay\.toml:2:\d+: warning: `sandbox`: .* no Landlock")


class Hooks(SandboxCase, HookCase):
    """A hook is code in the same process, behind the same walls."""

    INCLUDES = "".join(f"#include <{name}.h>\n" for name in (
        "errno", "stdint", "fcntl", "unistd", "sys/mman", "sys/ptrace", "sys/socket", "sys/wait"))

    def asked(self, body):
        """A relay whose hook has run `body` for one client."""
        library = self.built(
            f"{self.INCLUDES}uint32_t realm_first_pkt_len(void) {{ return 0; }}\n"
            f"int32_t realm_decide_remote_idx(int32_t max, const char *packet) "
            f"{{ (void)max; (void)packet; {body} return 0; }}\n")
        text = ON + endpoint("LISTEN", self.server(echo).port)

        def args(port):
            return ("-j", library, "-c",
                    self.file("relay.toml", text.replace("LISTEN", str(port))))
        started = self.start_on_free_port(args)
        self.assert_closed(started)
        self.assertEqual(ask(started.port, b"hooked"), b"hooked", started.story())
        return started

    def test_a_hook_that_only_computes(self):
        self.assert_content(self.asked(""))

    def test_a_refused_call_fails_and_is_told_once_by_its_name(self):
        started = self.asked(
            'long r = ptrace(PTRACE_TRACEME, 0, 0, 0); if (r != -1 || errno != ENOSYS) return -1;')
        started.wait_text(f"{REFUSED} ptrace")
        self.assertEqual(ask(started.port, b"again"), b"again")
        started.stop()
        self.assertEqual(started.out().count(REFUSED), 1, started.story())

    def test_files_elsewhere_cannot_be_opened(self):
        secret = self.folder / "elsewhere" / "secret"
        secret.parent.mkdir()
        secret.write_text("x")
        library_folder = self.folder  # of relay.toml, which may be read but not written
        started = self.asked(
            f'if (open("{library_folder}/made", O_CREAT | O_WRONLY, 0600) >= 0) '
            'return -1; if (errno != EACCES) return -1; '
            'if (open("/root", O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES) return -1; '
            'if (open("/etc/hosts", O_RDONLY) < 0) return -1;')
        self.assert_content(started)

    def test_memory_is_never_both_written_and_executed(self):
        started = self.asked(
            'if (mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)'
            ' != MAP_FAILED) return -1;')
        started.wait_text(f"{REFUSED} mmap")

    def test_the_own_program_can_be_started_again_and_no_other(self):
        started = self.asked(
            'const char *tried[] = {"/proc/self/exe", "/usr/bin/true"}; int got[2];\n'
            'for (int i = 0; i < 2; ++i) { pid_t child = fork(); if (child == 0) { '
            'execl(tried[i], "relay", "--version", (char *)0); _exit(7); } '
            'if (waitpid(child, &got[i], 0) != child) return -1; }\n'
            'if (got[0] != 0 || WEXITSTATUS(got[1]) != 7) return -1;')
        self.assert_content(started)

    def test_a_socket_of_netlink_can_be_opened_and_a_raw_one_cannot(self):
        started = self.asked(
            'if (socket(AF_NETLINK, SOCK_RAW, 0) < 0) return -1; '
            'if (socket(AF_PACKET, SOCK_RAW, 0) >= 0) return -1;')
        started.wait_text(f"{REFUSED} socket")


class Listed(Case):
    def test_the_document_lists_what_is_allowed(self):
        """The list of docs/operations.md is that of the source."""
        source = (relay.ROOT / "src/ops/system_calls.cpp").read_text(encoding="utf-8")
        groups = re.findall(r'\{"([^"]+)",\s*((?:"[\w ]+"\s*)+)\}', source)
        self.assertEqual(len(groups), int(re.search(r"call_group, (\d+)>", source)[1]))
        document = (relay.ROOT / "docs/operations.md").read_text(encoding="utf-8")
        for purpose, texts in groups:
            calls = "".join(re.findall(r'"([^"]+)"', texts)).split()
            self.assertIn(f"| {purpose} | {' '.join(f'`{call}`' for call in calls)} |", document)
