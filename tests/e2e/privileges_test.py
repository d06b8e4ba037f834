"""process.user and process.group: root binds, somebody else serves; and what the process gives up
in any case."""

import grp
import os
import pwd
import shutil
import signal
import unittest

from support import ports, relay
from support.case import Case
from support.servers import Server, ask, dial, echo
from support.tls import NAME, Authority, client_context
from support.transport import endpoint
from support.wait import until
from hook_test import HookCase
from confined_test import threads

TIMEOUT = 60
NOBODY = pwd.getpwnam("nobody")
NET_BIND = 1 << 10
INFO = '[log]\nlevel = "info"\n'


class UserCase(Case):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.server = Server(echo)
        self.addCleanup(self.server.close)

    def assert_is(self, pid, user=NOBODY.pw_uid, group=NOBODY.pw_gid, groups=None):
        """Every thread is that user, for good, with one capability at most."""
        for each in threads(pid):
            self.assertEqual(each["Uid"].split(), [str(user)] * 4)
            self.assertEqual(each["Gid"].split(), [str(group)] * 4)
            if groups is not None:
                self.assertEqual(set(map(int, each["Groups"].split())), groups)
            self.assertEqual(each["NoNewPrivs"], "1")
            for kind in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(int(each[kind], 16) & ~NET_BIND, 0, (kind, each[kind]))
        main = next(each for each in threads(pid) if each["Pid"] == str(pid))
        for kind in ("CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(main[kind], 16), NET_BIND)


@unittest.skipIf(os.geteuid() != 0, "becoming somebody else takes root")
class Becoming(UserCase):
    def becoming(self, process, more=""):
        return self.configured(f"{INFO}[process]\n{process}\n{more}"
                               + endpoint("LISTEN", self.server.port))

    def test_every_thread_is_the_user_once_it_listens(self):
        started = self.becoming('user = "nobody"')
        self.assertEqual(ask(started.port, b"served"), b"served")
        self.assert_is(started.pid)
        self.assertIn(f"continuing as user nobody ({NOBODY.pw_uid}:{NOBODY.pw_gid})",
                      started.out())

    def test_root_may_ask_it_and_finds_its_socket_when_it_has_gone(self):
        place = self.folder / "c.sock"
        started = self.becoming('user = "nobody"', f'[control]\npath = "{place}"\n')
        self.assertIn("serving", self.cli("status", "--control", place).stdout)
        started.stop()
        # The folder is root's: it cannot remove the file, and the next one replaces it.
        self.cli("status", "--control", place, code=69)
        started = self.becoming('user = "nobody"', f'[control]\npath = "{place}"\n')
        self.assertIn("serving", self.cli("status", "--control", place).stdout)

    def test_low_ports_are_bound_before(self):
        port = next((p for p in range(1023, 900, -1) if ports._is_free(p)), None)
        if port is None:
            self.skipTest("no low port is free")
        started = self.start("-c", self.file("relay.toml", '[process]\nuser = "nobody"\n'
                                             + endpoint(port, self.server.port)), ports=[port])
        self.assertEqual(ask(port, b"low"), b"low")
        self.assert_is(started.pid)

    def test_a_group_of_its_own_and_numbers(self):
        group = grp.getgrnam("daemon").gr_gid
        started = self.becoming('user = "nobody"\ngroup = "daemon"')
        self.assert_is(started.pid, group=group)
        started.stop()
        started = self.becoming('user = "4711"\ngroup = "4712"')
        self.assert_is(started.pid, 4711, 4712, {4712})

    def test_in_the_background(self):
        port = ports.free_port()
        self.cli("-d", "-c", self.file("relay.toml", '[process]\nuser = "nobody"\n'
                                       + endpoint(port, self.server.port)))
        pid = next(int(name) for name in os.listdir("/proc") if name.isdigit()
                   and port in ports.listening(int(name)))
        self.addCleanup(lambda: os.path.exists(f"/proc/{pid}") and os.kill(pid, signal.SIGKILL))
        self.assertEqual(ask(port, b"served"), b"served")
        self.assert_is(pid)
        os.kill(pid, signal.SIGTERM)

    @unittest.skipIf(relay.SANITIZED, "the search for leaks makes calls that a sandbox refuses")
    def test_with_a_sandbox(self):
        started = self.becoming('user = "nobody"\nsandbox = "on"')
        started.wait_text("the sandbox is closed")
        self.assertEqual(ask(started.port, b"served"), b"served")
        self.assert_is(started.pid)
        self.assertEqual({each["Seccomp"] for each in threads(started.pid)}, {"2"})

    def test_a_new_log_file_is_the_users(self):
        log = self.folder / "relay.log"
        started = self.configured(f'[log]\nlevel = "info"\noutput = "{log}"\n'
                                  '[process]\nuser = "nobody"\n'
                                  + endpoint("LISTEN", self.server.port))
        until(lambda: "continuing as user" in log.read_text(), started.story)
        self.assertEqual(log.stat().st_uid, NOBODY.pw_uid)
        # As logrotate's `create 0640 nobody` leaves it.
        log.rename(log.with_suffix(".1"))
        log.write_text("")
        os.chown(log, NOBODY.pw_uid, -1)
        started.signal(signal.SIGUSR1)
        started.signal(signal.SIGTERM)
        self.assertEqual(started.wait_exit(), 0)
        self.assertIn("stopped", log.read_text())
        self.assertNotIn("warning", started.err())

    def test_a_log_file_that_is_there_stays_whose_it_is_and_is_told(self):
        log = self.file("relay.log", "")
        started = self.configured(f'[log]\nlevel = "info"\noutput = "{log}"\n'
                                  '[process]\nuser = "nobody"\n'
                                  + endpoint("LISTEN", self.server.port))
        started.wait_text(f"warning: user nobody cannot write {log}", "err")
        self.assertEqual(log.stat().st_uid, 0)

    def test_a_link_in_place_of_the_log_gives_nothing_away(self):
        victim = self.file("victim", "")
        log = self.folder / "relay.log"
        log.symlink_to(victim)
        started = self.configured(f'[log]\noutput = "{log}"\n[process]\nuser = "nobody"\n'
                                  + endpoint("LISTEN", self.server.port))
        with dial(started.port) as sock:  # it is another user by now
            sock.sendall(b"served")
            self.assertEqual(sock.recv(6), b"served")
        self.assertEqual(victim.stat().st_uid, 0)

    def test_a_key_that_the_user_cannot_read_is_told_and_used(self):
        authority = Authority(self)
        cert, key = authority.issue()
        for path in (authority.folder, self.folder):
            path.chmod(0o755)
        cert.chmod(0o644)
        key.chmod(0o600)
        started = self.configured('[process]\nuser = "nobody"\n' + endpoint(
            "LISTEN", self.server.port, inside=f"tls;cert={cert};key={key}"))
        context = client_context(authority.file)
        with context.wrap_socket(dial(started.port), server_hostname=NAME) as sock:
            sock.sendall(b"tls")
            self.assertEqual(sock.recv(3), b"tls")
        self.assertIn(f"warning: user nobody cannot read {key}", started.err())
        self.assertNotIn(f"cannot read {cert}", started.err())

    def test_root_stays_root_only_without_a_word_of_it(self):
        started = self.becoming('user = "root"')
        self.assertEqual({each["Uid"].split()[0] for each in threads(started.pid)}, {"0"})
        self.assertNotIn("runs as root", started.out())
        started = self.becoming("")
        started.wait_text("[relay][WARN]relay runs as root")


class Hooked(HookCase):
    @unittest.skipIf(os.geteuid() != 0, "becoming somebody else takes root")
    def test_a_hook_is_called_as_the_user_and_cannot_get_root_back(self):
        self.folder.chmod(0o755)
        library = self.library(decide=(
            "if (geteuid() == 0 || setuid(0) == 0 || setgid(0) == 0) return -1; return 0;"))
        server = Server(echo)
        self.addCleanup(server.close)
        text = '[process]\nuser = "nobody"\n' + endpoint("LISTEN", server.port)

        def args(port):
            return ("-j", library, "-c",
                    self.file("relay.toml", text.replace("LISTEN", str(port))))
        started = self.start_on_free_port(args)
        self.assertEqual(ask(started.port, b"hooked"), b"hooked", started.story())


class Refused(UserCase):
    """What cannot be done is told with its place, before anything is bound."""

    def refused(self, process, line, *said, **options):
        port = ports.free_port()
        path = self.file("relay.toml", f"[process]\n{process}\n" + endpoint(port, 1))
        done = self.cli("-c", path, code=78, **options)
        self.assertRegex(done.stderr, rf"relay\.toml:{line}:\d+: error: ")
        for text in said:
            self.assertIn(text, done.stderr)
        self.assertNotIn("listening", done.stdout)

    def test_a_user_or_group_that_is_not_there(self):
        self.refused('user = "no-such-user"', 2, "there is no user `no-such-user`")
        self.refused('user = "nobody"\ngroup = "no-such-group"', 3,
                     "there is no group `no-such-group`")
        self.refused('user = "4711"', 2, "has no group", "give `group` as well")
        for process in ('user = "no-such-user"', 'user = "4711"'):
            self.cli("check", "-c", self.file("relay.toml", f"[process]\n{process}\n"
                                              + endpoint(1, 2)), code=78)

    @unittest.skipIf(os.geteuid() != 0, "it takes root to have no rights")
    def test_without_the_rights_of_root(self):
        setpriv = self.program("setpriv")
        path = self.file("relay.toml", '[process]\nuser = "nobody"\n'
                         + endpoint(ports.free_port(), 1))
        binary = self.folder / "relay"
        shutil.copy(relay.BINARY, binary)
        for words, said in (
                (("--reuid=4711", "--regid=4711", "--clear-groups"), "started as user 4711"),
                (("--bounding-set=-setuid,-setgid",), "SETUID and SETGID")):
            started = self.launch("-c", path, launcher=[setpriv, *words])
            self.assertEqual(started.wait_exit(), 78, started.story())
            self.assertRegex(started.err(), r"relay\.toml:2:\d+: error: `user`: ")
            self.assertIn(said, started.err())

    @unittest.skipIf(os.geteuid() != 0, "it takes root to become somebody first")
    def test_one_who_is_that_user_already_goes_on(self):
        started = self.start_on_free_port(
            lambda port: ("-c", self.file("relay.toml", '[process]\nuser = "nobody"\n'
                                          + endpoint(port, self.server.port))),
            launcher=[self.program("setpriv"), f"--reuid={NOBODY.pw_uid}",
                      f"--regid={NOBODY.pw_gid}", "--init-groups"])
        self.assertEqual(ask(started.port, b"served"), b"served")
        self.assertEqual({each["CapPrm"] for each in threads(started.pid)}, {"0" * 16})

    def test_a_group_alone_has_no_effect_and_is_told(self):
        path = self.file("relay.toml", '[process]\ngroup = "daemon"\n' + endpoint(1, 2))
        self.assertIn("`group` has no effect without `user`", self.cli("check", "-c", path).stderr)


class AlwaysGivenUp(UserCase):
    def as_somebody(self, text=""):
        """A relay that is not root, and its user."""
        options = {}
        user = os.geteuid()
        if user == 0:
            user = NOBODY.pw_uid
            options["launcher"] = [self.program("setpriv"), f"--reuid={user}",
                                   f"--regid={NOBODY.pw_gid}", "--clear-groups"]
        return self.configured(text + endpoint("LISTEN", self.server.port), **options), user

    def owner(self, pid):
        """Files about a process that may not be dumped belong to root, whoever it is."""
        return os.stat(f"/proc/{pid}/maps").st_uid

    def test_no_new_privileges_and_no_core(self):
        started, _ = self.as_somebody()
        self.assertEqual({each["NoNewPrivs"] for each in threads(started.pid)}, {"1"})
        self.assertEqual(self.owner(started.pid), 0)

    def test_core_dumps_are_a_matter_of_configuration(self):
        started, user = self.as_somebody('[process]\ncore_dumps = "on"\n')
        self.assertEqual(self.owner(started.pid), user)

    @unittest.skipIf(os.geteuid() != 0, "becoming somebody else takes root")
    def test_they_are_as_another_user_too(self):
        for word, expected in (("off", 0), ("on", NOBODY.pw_uid)):
            started = self.configured(f'[process]\nuser = "nobody"\ncore_dumps = "{word}"\n'
                                      + endpoint("LISTEN", self.server.port))
            self.assertEqual(self.owner(started.pid), expected)
