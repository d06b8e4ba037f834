"""The README does what it says: its first screen, and its walk-through."""

import os
import re
import shlex
import signal
import subprocess
import unittest

from support import document, unit
from support.case import Case
from support.network import in_own_network
from support.overlay import Overlay
from support.package import Packaged
from support.relay import BINARY, ROOT, SANITIZED, environment
from support.servers import Server, hear, named
from support.wait import until

TIMEOUT = 180
SERIAL = True  # a package is made in the build folder
# What the commands of the last step find in place of programs that the copy of the system lacks:
# the package is the one that the test has made, and a service manager does not run there.
STAND_INS = {
    "cpack": '[ "$*" = "-G DEB" ] && cp /walk/package.deb relay-proxy_0.1.0_amd64.deb',
    "sudo": 'exec "$@"',
    "systemctl": 'echo "$@" >>/walk/asked',
}


class FirstScreen(Case):
    def commands(self):
        """The lines of the README's first code block, without prompts and comments."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        block = re.search(r"^```\w*\n(.*?)^```", text, re.M | re.S)
        self.assertTrue(block, "the README has no code block")
        self.assertLess(text[:block.start()].count("\n"), 25, "not on the first screen")
        lines = [re.sub(r"^\$ |\s+#.*$", "", line).strip() for line in block[1].splitlines()]
        return [line for line in lines if line and not line.startswith("#")]

    def test_its_commands_are_scripts_of_the_tree(self):
        scripts = [line for line in self.commands() if line.startswith("./scripts/")]
        self.assertTrue(any(line.startswith("./scripts/run") for line in scripts), scripts)
        self.assertTrue(any(line.startswith("./scripts/test") for line in scripts), scripts)
        for line in scripts:
            self.assertTrue(os.access(ROOT / line.split()[0], os.X_OK), line)

    def test_run_without_arguments_is_a_demo_that_answers_and_ends(self):
        build = BINARY.parents[1]
        if not (build / "build.ninja").exists():  # scripts/run would make one there
            self.skipTest(f"{BINARY} is not where it was built")
        out, err = self.folder / "out", self.folder / "err"
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            demo = subprocess.Popen([ROOT / "scripts" / "run"], stdin=subprocess.DEVNULL,
                                    stdout=stdout, stderr=stderr, cwd=self.folder,
                                    env=environment({"RELAY_BUILD_DIR": str(build)}),
                                    start_new_session=True)
        # All of it: a compiler of the script's would outlive the script.
        self.addCleanup(lambda: demo.poll() is None and os.killpg(demo.pid, signal.SIGKILL))

        def told():
            found = re.findall(r"curl[^\n]*?(http://[^\s'\"]+)", out.read_text())
            return found or demo.poll() is not None
        until(told, lambda: f"a curl line: {out.read_text()}{err.read_text()}", 50)
        self.assertIsNone(demo.poll(), out.read_text() + err.read_text())
        for url in told():
            # One of them is a gigabyte: that it comes is enough.
            with subprocess.Popen([self.program("curl"), "-sSf", "--max-time", "20", url],
                                  stdout=subprocess.PIPE) as page:
                begins = page.stdout.read(1)
                page.kill()
            self.assertEqual(len(begins), 1, url)
        demo.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(20), 0, err.read_text())


class Walk(Packaged):
    """The five steps, word for word: with their ports, in a network where these are free."""

    def setUp(self):
        super().setUp()
        self.text = document.section(document.read("README.md"), "Five steps")
        self.steps = re.split(r"^\*\*\d\. ", self.text, flags=re.M)[1:]
        self.walk = self.folder / "walk"
        (self.walk / "bin").mkdir(parents=True)
        (self.walk / "bin" / "relay").symlink_to(BINARY)

    def commands(self, step):
        """The commands of a step, block by block."""
        found = document.blocks(self.steps[step - 1], "sh")
        self.assertTrue(found, f"step {step} has no commands")
        return found

    def shell(self, commands, code=0):
        """Runs a block to its end; what it said."""
        done = subprocess.run(["bash", "-ec", commands], cwd=self.walk, timeout=30, text=True,
                              env=environment({"PATH": f"{self.walk}/bin:{os.environ['PATH']}"}),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, code, f"{commands}\n{done.stdout}")
        return done.stdout

    def started(self, block):
        """The relay that a block starts, on port 5000."""
        program, *words = shlex.split(block)
        self.assertEqual(program, "relay")
        return self.start(*words, ports=[5000], cwd=self.walk)

    def test_there_are_five(self):
        self.assertEqual(len(self.steps), 5)

    def test_start_go_through_and_read_the_line(self):
        self.program("curl")
        in_own_network(self.see_the_demo)

    def see_the_demo(self):
        (start,), (curl,) = self.commands(1), self.commands(2)
        demo = self.started(start)
        (begins,) = document.words(self.steps[1])
        self.assertIn(begins, self.shell(curl))
        demo.wait_text("session done")
        (line,) = re.findall(r"session done (.*)", demo.out())[:1]
        told = re.findall(r"(\w+)=", line)
        explained = {}
        for names, meaning in document.rows(self.steps[2]):
            explained.update(dict.fromkeys(document.words(names), meaning))
        self.assertLessEqual({"id", "client", "remote", "up", "down", "ms", "end"}, set(told))
        self.assertLessEqual(set(told), set(explained), "each field of the line is explained")
        (shown,) = document.blocks(self.steps[2], "text")
        self.assertLessEqual(set(told), set(re.findall(r"(\w+)=", shown)), "each is shown")
        self.assertIn(re.search(r"end=(\w+)", line)[1], explained["end"])

    def test_a_mistake_is_found_mended_and_served(self):
        in_own_network(self.write_and_check)

    def write_and_check(self):
        wrong, mend, serve = self.commands(4)
        said = self.shell(wrong, code=78)
        for essential in ("relay.toml:9:1", "did you mean", "tcp_timeout"):
            self.assertIn(essential, said)
            self.assertIn(essential, self.steps[3])
        self.assertIn("configuration ok: 1 endpoint", self.shell(mend))
        self.serves_the_own_server(lambda: self.started(serve))

    def serves_the_own_server(self, start):
        with Server(named("the own server"), port=8000):
            start()
            self.assertEqual(hear(5000), b"the own server")

    @unittest.skipIf(SANITIZED, "nobody installs a sanitized build")
    def test_it_becomes_a_service(self):
        package = self.built()
        wrong, mend, _ = self.commands(4)  # they make relay.toml
        self.shell(wrong, code=78)
        self.shell(mend)
        copy = Overlay(self)
        copy.run("mkdir", "-p", "/walk/build/release")
        copy.write("/walk/package.deb", package.read_bytes())
        copy.write("/walk/relay.toml", (self.walk / "relay.toml").read_bytes())
        for name, does in STAND_INS.items():
            copy.write(f"/walk/{name}", f"#!/bin/sh\n{does}\n".encode())
            copy.run("chmod", "755", f"/walk/{name}")
        (install,) = self.commands(5)
        done = copy.run("bash", "-ec", "cd /walk\n" + install, seconds=120,
                        env={"PATH": "/walk:/usr/sbin:/usr/bin:/sbin:/bin"})
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("restart relay\n", copy.run("cat", "/walk/asked").stdout)
        in_own_network(lambda: self.serves_the_own_server(lambda: self.as_the_unit(copy)))

    def as_the_unit(self, copy):
        manager = unit.Manager(self, abstract=True)
        self.launch_unit(copy, manager)
        manager.wait_for("READY")
