"""examples/Dockerfile: what it says is true, and its entry point works as the first process."""

import json
import os
import re
import shutil
import signal
import subprocess

import package_test
from support import ports, relay
from support.case import Case
from support.overlay import Overlay
from support.servers import Refusing, Server, ask, echo
from support.wait import until

TIMEOUT = 60
DOCKERFILE = relay.ROOT / "examples" / "Dockerfile"


def instructions():
    """The instructions of the Dockerfile: a list of (word, rest)."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def only(word):
    (rest,) = [rest for each, rest in instructions() if each == word]
    return rest


class Dockerfile(Case):
    def test_its_entry_point_is_what_the_package_installs(self):
        (program,) = json.loads(only("ENTRYPOINT"))
        self.assertIn(program.lstrip("/"), package_test.INSTALLED)
        self.assertEqual(os.path.basename(program), "relay")
        self.assertNotIn("CMD", [word for word, _ in instructions()])

    def test_everything_that_it_copies_exists(self):
        copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY"]
        own = [name for names in copied for name in names if not names[0].startswith("--from")]
        self.assertGreater(len(own), 5)
        for name in own:
            self.assertTrue((relay.ROOT / name).exists(), name)

    def test_what_it_copies_is_enough_to_configure_a_build(self):
        for rest in (rest for word, rest in instructions() if word == "COPY"):
            *names, target = rest.split()
            for name in names if not names[0].startswith("--from") else []:
                source, place = relay.ROOT / name, self.folder / "source" / target
                if source.is_dir():
                    shutil.copytree(source, place)
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, place)
        done = subprocess.run([self.program("cmake"), "-S", self.folder / "source", "-B",
                               self.folder / "build", "-G", "Ninja", "-DRELAY_TESTS=OFF"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=50, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_scripts_that_it_runs_exist(self):
        for rest in (rest for word, rest in instructions() if word == "RUN"):
            for name in re.findall(r"\bscripts/\w+", rest):
                self.assertTrue(os.access(relay.ROOT / name, os.X_OK), name)

    def test_remotes_of_tls_can_be_verified_in_it(self):
        last = [rest for word, rest in instructions() if word == "RUN"][-1]
        self.assertRegex(last, r"apt-get install .*\bca-certificates\b")

    def test_it_ends_by_sigterm_and_is_not_root(self):
        self.assertEqual(only("STOPSIGNAL"), "SIGTERM")
        self.assertRegex(only("USER"), r"^[1-9]\d*:[1-9]\d*$")


    def test_its_control_socket_is_where_its_health_is_asked(self):
        folder = only("ENV").partition("=")[2]
        self.assertIn(f"{folder}/relay.sock", only("HEALTHCHECK"))
        self.assertRegex(only("HEALTHCHECK"), r"relay status\b")
        last = [rest for word, rest in instructions() if word == "RUN"][-1]
        user, group = only("USER").split(":")
        self.assertIn(f"install -d -o {user} -g {group} {folder}", last)


class FirstProcess(Case):
    """The entry point in mount and pid namespaces of its own, as the user of the Dockerfile (spec 11)."""

    def setUp(self):
        super().setUp()
        self.copy = Overlay(self)
        for name in ("setpriv", "unshare"):
            self.program(name)
        (self.entry,) = json.loads(only("ENTRYPOINT"))
        self.copy.write(self.entry, relay.BINARY.read_bytes())
        self.copy.run("chmod", "755", self.entry)
        self.server = Server(echo)
        self.addCleanup(self.server.close)

    def launch_container(self, *args, env=None):
        user, group = only("USER").split(":")
        words = self.copy.words(
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "setpriv",
            f"--reuid={user}", f"--regid={group}", "--clear-groups", self.entry, *args)
        self.said = self.folder / "said"
        with open(self.said, "wb") as log:
            self.outer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=relay.environment(env))
        self.addCleanup(lambda: self.outer.poll() is None and (self.outer.kill(), self.outer.wait()))
        return self.outer

    def story(self):
        return f"exit code {self.outer.poll()}\n{self.said.read_text(errors='replace')}"

    def inner(self):
        """What the outside calls the first process; None before it is relay."""
        path = f"/proc/{self.outer.pid}/task/{self.outer.pid}/children"
        try:
            with open(path, encoding="ascii") as children:
                for pid in map(int, children.read().split()):
                    with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                        if name.read() == "relay\n":
                            return pid
        except FileNotFoundError:
            pass
        return None

    def serves(self, port):
        until(lambda: self.outer.poll() is not None or port in ports.listening(), self.story, 20)
        self.assertEqual(ask(port, b"through the container"), b"through the container", self.story())

    def ends(self, number, code=0, seconds=20):
        os.kill(self.inner(), number)
        self.assertEqual(self.outer.wait(seconds), code, self.story())
        for alarm in relay.ALARMS:
            self.assertNotIn(alarm, self.story())

    def words(self, port):
        return f"-l=127.0.0.1:{port}", f"-r=127.0.0.1:{self.server.port}"

    def test_it_serves_as_number_one_and_not_as_root(self):
        port = ports.free_port()
        self.launch_container(*self.words(port))
        self.serves(port)
        with open(f"/proc/{self.inner()}/status", encoding="ascii") as text:
            status = dict(line.split(":", 1) for line in text)
        self.assertEqual(status["NSpid"].split()[-1], "1")
        self.assertEqual(status["Uid"].split(), [only("USER").split(":")[0]] * 4)
        self.ends(signal.SIGTERM)

    def test_sigterm_and_sigint_end_it_at_once_when_nobody_is_connected(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            port = ports.free_port()
            self.launch_container(*self.words(port))
            self.serves(port)
            # Well below shutdown_timeout, and what a runtime waits before it kills.
            self.ends(number, seconds=8)

    def test_a_signal_before_it_serves_is_not_lost(self):
        self.copy.run("mkfifo", "-m", "666", "/tmp/never")
        self.launch_container("-c", "/tmp/never")
        blocked = until(self.inner, self.story, 20)
        until(lambda: self.handles(blocked, signal.SIGTERM), self.story, 20)
        self.ends(signal.SIGTERM, code=128 + signal.SIGTERM)

    @staticmethod
    def handles(pid, number):
        with open(f"/proc/{pid}/status", encoding="ascii") as text:
            caught = next(line for line in text if line.startswith("SigCgt:")).split()[1]
        return int(caught, 16) >> (number - 1) & 1

    def test_the_configuration_may_be_in_a_variable(self):
        for name in ("RELAY_CONF", "REALM_CONF"):
            port = ports.free_port()
            text = (f'[[endpoints]]\nlisten = "127.0.0.1:{port}"\n'
                    f'remote = "127.0.0.1:{self.server.port}"\n')
            self.launch_container(env={name: text})
            self.serves(port)
            self.ends(signal.SIGTERM)

    def test_without_anything_to_do_it_shows_its_help(self):
        self.assertEqual(self.launch_container().wait(20), 2)
        self.assertIn("Usage: relay", self.story())

    def test_a_port_that_is_taken_ends_it_with_69(self):
        with Server(echo) as busy, Refusing() as nobody:
            code = self.launch_container(f"-l=127.0.0.1:{busy.port}",
                                         f"-r=127.0.0.1:{nobody.port}").wait(20)
        self.assertEqual(code, 69, self.story())
