"""docs/coming-from.md: every command line and key that it tells newcomers to write is a good one."""

import re
import shlex

from support import document
from support.case import Case
from support.tls import with_certificates

TIMEOUT = 60
DOCUMENT = document.read("docs/coming-from.md")
PROGRAMS = ("nginx (`stream`)", "haproxy (`mode tcp`)", "socat", "rinetd", "iptables and nftables",
            "frp", "gost")
TABLES = ("log", "process", "network", "endpoints")
# Believes the authority of the certificates that other snippets name, so that nothing warns of it.
BESIDE = """
[[endpoints]]
listen = "127.0.0.1:1"
remote = "127.0.0.1:2"
remote_transport = "tls;sni=www.example.com;ca=/etc/relay/ca.pem"
"""


def homes():
    """The table of each key, as docs/configuration.md lists them; the last one wins."""
    text = document.read("docs/configuration.md")
    return {key: table for table in TABLES
            for row in document.rows(document.section(text, f"Table `{table}`"))
            for key in document.words(row[0])}


def configuration(settings):
    """A whole configuration with these `key = value` lines where they belong."""
    where = homes()
    lines = {table: [] for table in TABLES}
    for each in settings:
        lines[where[each.split(" = ")[0]]].append(each)
    text = "".join(f"[{table}]\n" + "\n".join(lines[table]) + "\n" for table in ("log", "process"))
    return (text + BESIDE + '[[endpoints]]\nlisten = "0.0.0.0:5000"\nremote = "10.0.0.7:443"\n'
            + "\n".join(lines["endpoints"]) + "\n[endpoints.network]\n" + "\n".join(lines["network"]))


class ComingFrom(Case):
    def written(self):
        """What the middle cells of all tables have in code, cell by cell."""
        return [(row[0], document.words(row[1])) for row in document.rows(DOCUMENT) if row[1] != "–"]

    def check(self, text, said):
        text = re.sub(r'"eth\d"', '"lo"', with_certificates(self, text))  # a device of this machine
        text = text.replace("/var/log/relay/", f"{self.folder}/")
        path = self.file("relay.toml", text)
        try:
            self.cli("check", "--strict", path)
        except AssertionError as failure:
            self.fail(f"{said}\n{text}\n{failure}")

    def test_every_program_has_a_table(self):
        for name in PROGRAMS:
            rows = document.rows(document.section(DOCUMENT, name))
            self.assertGreater(len(rows), 5, name)
            self.assertIn("–", [row[1] for row in rows], f"what {name} has and relay has not")
            self.assertTrue(any(row[1].startswith("`relay ") for row in rows), name)
            self.assertEqual({len(row) for row in rows}, {3}, name)

    def test_every_command_line_is_one(self):
        lines = {word for _, words in self.written() for word in words if word.startswith("relay ")}
        self.assertGreaterEqual(len(lines), 5)
        for line in lines:
            with self.subTest(line):
                words = shlex.split(line)[1:]
                if words[0].startswith("-"):
                    self.cli("check", "--strict", *words)
                else:  # a command
                    self.cli(*words, "--help")

    def test_every_key_stands_a_strict_check(self):
        cells = [(had, words) for had, words in self.written() if not words[0].startswith("relay ")]
        self.assertGreater(len(cells), 50)
        for had, words in cells:
            with self.subTest(had):
                for word in words:
                    self.assertRegex(word, r"^\w+ = \S", "neither a command line nor a key")
                self.check(configuration(words), had)

    def test_whole_configurations_stand_it_too(self):
        found = document.blocks(DOCUMENT, "toml")
        self.assertTrue(found)
        for text in found:
            self.check(text + BESIDE, "a block of the document")

    def test_keys_in_the_notes_exist(self):
        known = set(homes())
        notes = " ".join(row[2] for row in document.rows(DOCUMENT))
        for word in document.words(notes):
            if re.fullmatch(r"[a-z]+(_[a-z]+)+", word) and word not in ("proxy_responses",
                                                                        "proxy_ssl_verify"):
                self.assertIn(word, known)
