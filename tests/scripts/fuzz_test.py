"""scripts/fuzz in a tree of its own, with parsers that are shell scripts: what it runs and says."""

import base64
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).parents[2] / "scripts"
# What libFuzzer does with an input that it finds.
FINDS = """for word; do case $word in -artifact_prefix=*) where=${word#*=};; esac; done
printf 'a\\000b' > "${where}crash-1"; echo 'SUMMARY: a crash'; exit 77"""


class Fuzz(unittest.TestCase):
    def setUp(self):
        self.tree = pathlib.Path(tempfile.mkdtemp(prefix="relay-fuzz-"))
        self.addCleanup(shutil.rmtree, self.tree)
        (self.tree / "scripts").mkdir()
        for name in ("fuzz", "lib.sh"):
            shutil.copy(SCRIPTS / name, self.tree / "scripts" / name)
        self.program("scripts/install", "exit 0")
        self.program("bin/cmake", "exit 0")
        self.program("bin/ninja", "echo no work to do")

    def program(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def parser(self, name, text):
        """A parser: its source, its corpus, and a program in the place of the built one."""
        (self.tree / "tests/fuzz/corpus" / name).mkdir(parents=True)
        (self.tree / "tests/fuzz" / f"{name}_fuzz.cpp").touch()
        self.program(f"build/fuzz/tests/fuzz/relay_fuzz_{name}", text)

    def fuzz(self, *words, code=0):
        path = f"{self.tree / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run([self.tree / "scripts/fuzz", *words], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20, check=False,
                              env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_every_parser_is_searched_for_the_time_given_with_its_corpus(self):
        for name in ("one", "two"):
            self.parser(name, 'echo "$0" "$@"')
        said = self.fuzz("7")
        for name in ("one", "two"):
            self.assertRegex(said, rf"relay_fuzz_{name} -max_total_time=7 .* tests/fuzz/corpus/{name}\n")
            self.assertIn(f"[       OK ] fuzz.{name}\n", said)
        self.assertIn("\n[  PASSED  ] 2 tests.\n", said)

    def test_only_the_parsers_that_are_named(self):
        for name in ("one", "two"):
            self.parser(name, "echo ran")
        said = self.fuzz("1", "two")
        self.assertNotIn("fuzz.one", said)
        self.assertIn("[  PASSED  ] 1 tests.", said)

    def test_what_is_found_is_printed_in_base64_and_the_others_are_searched_all_the_same(self):
        self.parser("bad", FINDS)
        self.parser("good", "exit 0")
        said = self.fuzz("1", code=1)
        self.assertIn("input build/fuzz/found/bad/crash-1, in base64:\n" +
                      base64.b64encode(b"a\0b").decode() + "\n", said)
        self.assertIn("[  FAILED  ] fuzz.bad\n", said)
        self.assertIn("[       OK ] fuzz.good\n", said)
        self.assertRegex(said, r"(?m)^\[  PASSED  \] 1 tests\.\n\[  FAILED  \] 1 tests, see ")

    def test_what_was_found_in_another_run_is_not_printed(self):
        self.parser("bad", FINDS)
        self.fuzz("1", code=1)
        old = self.tree / "build/fuzz/found/bad/crash-0"
        old.write_text("old", encoding="utf-8")
        os.utime(old, (1, 1))
        self.assertNotIn("crash-0", self.fuzz("1", code=1))

    def test_a_time_that_is_none_is_refused(self):
        self.parser("one", "exit 0")
        self.assertEqual(self.fuzz("long", code=1), "")


if __name__ == "__main__":
    unittest.main()
