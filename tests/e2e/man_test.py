"""The man pages that scripts/man makes: sound, and nothing of the help and the documents is missing."""

import gzip
import re
import subprocess
import sys

from support.case import Case
from support.relay import BINARY, ROOT

TIMEOUT = 60
PAGES = ("relay.1", "relay.toml.5")


class Pages(Case):
    def setUp(self):
        super().setUp()
        self.made = self.folder / "man"
        self.make("-o", self.made)

    def make(self, *words):
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts" / "man", *words, BINARY],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def read(self, page):
        """The page as a reader sees it, on lines so long that nothing is broken."""
        done = subprocess.run([self.program("mandoc"), "-T", "utf8", "-O", "width=900",
                               self.made / page], stdout=subprocess.PIPE, text=True, timeout=30,
                              check=True)
        return re.sub(".\b", "", done.stdout)

    def test_they_are_sound(self):
        for page in PAGES:
            done = subprocess.run([self.program("mandoc"), "-T", "lint", "-W", "warning",
                                   self.made / page], stdout=subprocess.PIPE, text=True, timeout=30,
                                  check=False)
            self.assertEqual((done.stdout, done.returncode), ("", 0))

    def test_every_option_and_command_of_the_help_is_there(self):
        page = self.read("relay.1")
        texts = [self.cli(*words, code=code).stdout for words, code in
                 ((["--help"], 0), (["check", "--help"], 0), (["completion", "--help"], 0))]
        texts.append(self.cli("convert", code=2).stderr)
        options = {option for text in texts for option in re.findall(r"--[a-z0-9-]+", text)}
        self.assertGreater(len(options), 30)
        for option in options:
            self.assertRegex(page, rf"(?m)^ .*{option}\b")
        for name, text in re.findall(r"^  ([a-z]+) {2,}(.+)$", texts[0], re.M):
            self.assertRegex(page, rf"(?m)^RELAY {name.upper()}$")
            self.assertIn(text, page)

    def test_every_key_and_variable_of_the_document_is_there_with_its_meaning(self):
        page = self.read("relay.toml.5")
        document = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", document, re.M)
        self.assertGreater(len(rows), 50)
        for key, meaning in rows:
            self.assertRegex(page, rf"(?m)^ +{key}( \(|  |$)")
            text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", meaning)  # a link is its text
            self.assertIn(re.sub(r"[`*]", "", text), page)
        for title in re.findall(r"^## (.+)$", document, re.M):
            self.assertRegex(page, rf"(?m)^{title.replace('`', '').upper()}$")

    def test_signals_and_exit_codes_are_those_of_the_document(self):
        page = self.read("relay.1")
        document = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        codes = re.findall(r"^\| (\d+) \| (.+) \|$", document, re.M)
        self.assertGreaterEqual(len(codes), 5)
        for code, meaning in codes:
            self.assertRegex(page, rf"(?m)^ +{code}\b")
            text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", meaning)  # a link is its text
            self.assertIn(re.sub(r"[`*]", "", text), page)
        for word in ("SIGTERM", "SIGUSR1", "RELAY_CONF", "relay.toml(5)"):
            self.assertIn(word, page)

    def test_nothing_of_the_source_s_markup_is_left(self):
        for page in PAGES:
            text = self.read(page)
            self.assertNotIn("`", text.replace("\\`", ""))
            self.assertNotIn("**", text)
            self.assertNotRegex(text, r"(?m)^\s*\|")

    def test_compressed_pages_are_the_same_every_time(self):
        self.make("--gzip", "-o", self.made)
        first = (self.made / "relay.1.gz").read_bytes()
        self.make("--gzip", "-o", self.made)
        self.assertEqual((self.made / "relay.1.gz").read_bytes(), first)
        self.assertEqual(gzip.decompress(first), (self.made / "relay.1").read_bytes())
