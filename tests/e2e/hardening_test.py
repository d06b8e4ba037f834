"""What a release build has against memory errors, as the binary itself says; and that its symbols are
kept apart."""

import json
import os
import re
import shlex
import subprocess
import unittest

from support import relay
from support.case import Case

TIMEOUT = 180
SERIAL = True  # cpack writes into the build folder
BUILD = relay.BINARY.parents[1]


def optimised():
    """Whether this build is one that is released."""
    try:
        text = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(\w*)", text, re.M)[1]
    return kind in ("Release", "RelWithDebInfo", "MinSizeRel") and not relay.SANITIZED


@unittest.skipUnless(optimised(), "debug and sanitizer builds are not released")
class ReleaseBuild(Case):
    def readelf(self, *words):
        return subprocess.run([self.program("readelf"), "--wide", *words, relay.BINARY], check=True,
                              timeout=60, text=True, stdout=subprocess.PIPE).stdout

    def test_it_can_be_loaded_anywhere(self):
        self.assertRegex(self.readelf("--file-header"), r"Type:\s+DYN \(Position-Independent Exec")
        self.assertRegex(self.readelf("--dynamic"), r"FLAGS_1\).*\bPIE\b")

    def test_its_tables_of_addresses_are_read_only_from_the_start_on(self):
        self.assertRegex(self.readelf("--program-headers"), r"GNU_RELRO")
        self.assertRegex(self.readelf("--dynamic"), r"FLAGS(_1)?\).*\b(BIND_NOW|NOW)\b")
        self.assertNotIn("TEXTREL", self.readelf("--dynamic"))

    def test_no_memory_is_written_and_executed(self):
        headers = self.readelf("--program-headers")
        self.assertRegex(headers, r"GNU_STACK.* RW ")
        self.assertNotRegex(headers, r"(LOAD|GNU_STACK).* RWE ")

    def test_overflows_are_noticed(self):
        symbols = self.readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk\b(?<!stack_chk)")

    def commands(self):
        """How each file of ours was compiled; nothing without a list."""
        done = subprocess.run([self.program("ninja"), "-C", BUILD, "-t", "compdb"], check=True,
                              timeout=60, stdout=subprocess.PIPE, text=True)
        return [each["command"] for each in json.loads(done.stdout)]

    def test_branches_go_to_marked_places_where_the_machine_checks_that(self):
        sources = [each for each in self.commands() if "/src/main.cpp" in each and " -c " in each]
        self.assertEqual(len(sources), 1)
        if "-fcf-protection" not in sources[0]:
            self.skipTest("this compiler has no -fcf-protection")
        # The mark of a place to jump to begins every function. (The note that tells the loader so
        # is missing where the C library has no marks, as Debian's.)
        self.assertGreater(relay.BINARY.read_bytes().count(b"\xf3\x0f\x1e\xfa"), 1000)

    def test_it_has_what_debian_asks_of_its_packages(self):
        """Each flag of `dpkg-buildflags` with all hardening, or a stronger one of its kind."""
        wanted = []
        for name in ("CXXFLAGS", "CPPFLAGS", "LDFLAGS"):
            wanted += subprocess.run(
                [self.program("dpkg-buildflags"), "--get", name], check=True, timeout=30, text=True,
                stdout=subprocess.PIPE, cwd=self.folder,
                env={**os.environ, "DEB_BUILD_MAINT_OPTIONS": "hardening=+all"}
            ).stdout.split()
        wanted = {word for word in wanted if re.match(r"-f(stack|cf-)|-Wl,-z|-Werror=format", word)}
        self.assertIn("-Wl,-z,now", wanted)
        commands = self.commands()
        compiled = [each for each in commands if re.search(r"src/\S+\.cpp$", each)
                    and " -c " in each and "/relay_" in each]
        self.assertGreater(len(compiled), 100)
        linked = [each for each in commands if re.search(r"-o src/relay\b", each)]
        self.assertEqual(len(linked), 1)
        for command in compiled:
            words = set(shlex.split(command))
            if "-fcf-protection=full" in words:
                words.add("-fcf-protection")  # means the same
            self.assertIn("-D_FORTIFY_SOURCE=3", words)
            self.assertIn("-fPIE", words)
            self.assertLessEqual({word for word in wanted if not word.startswith("-Wl,")}, words)
        for word in wanted:
            if word.startswith("-Wl,"):
                self.assertIn(word, linked[0])
        self.assertIn("-pie", linked[0])
