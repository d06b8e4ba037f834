"""The first screen of the README does what it says."""

import os
import re
import signal
import subprocess

from support.case import Case
from support.relay import BINARY, ROOT, environment
from support.wait import until

TIMEOUT = 60


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
