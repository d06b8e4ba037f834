"""docs/threat-model.md: each test that it names is there."""

import re
import unittest

from support import relay

DOCUMENT = relay.ROOT / "docs" / "threat-model.md"
# `e2e.udp.Clients.some_test` as ctest calls it, or `Suite.Name` of a C++ test.
OF_E2E = re.compile(r"^e2e\.(\w+)\.(\w+)\.(\w+)$")
OF_UNIT = re.compile(r"^([A-Z]\w+)\.([A-Z]\w+)$")


HEADER = "| promise | against | held by |"


def promises():
    """The tests that each promise names, by its row."""
    found, inside = {}, False
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line == HEADER or not line.startswith("|"):
            inside = line == HEADER
        elif inside and "---" not in line:
            found[line] = re.findall(r"`([^`]+)`", line.split("|")[3])
    return found


class Promises(unittest.TestCase):
    def setUp(self):
        self.units = {}
        for path in (relay.ROOT / "tests").rglob("*_test.cpp"):
            text = path.read_text(encoding="utf-8")
            for suite, name in re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text, re.M):
                self.units[suite, name] = path

    def is_there(self, name):
        if (of := OF_E2E.match(name)):
            file, group, test = of.groups()
            path = relay.ROOT / "tests" / "e2e" / f"{file}_test.py"
            if not path.exists():
                return False
            body = re.search(rf"^class {group}\(.*?(?=^class |\Z)",
                             path.read_text(encoding="utf-8"), re.M | re.S)
            return bool(body) and f"    def test_{test}(" in body[0]
        if (of := OF_UNIT.match(name)):
            return of.groups() in self.units
        return (relay.ROOT / name).exists()  # a file, such as a fuzz target

    def test_every_test_that_is_named_exists(self):
        missing = [name for names in promises().values() for name in names
                   if not self.is_there(name)]
        self.assertEqual(missing, [])

    def test_every_promise_names_a_test(self):
        self.assertGreater(len(promises()), 30)
        self.assertEqual([row for row, names in promises().items() if not names], [])

    def test_a_name_that_is_none_is_noticed(self):
        for name in ("e2e.promises.Promises.no_such", "e2e.promises.Nobody.is_there",
                     "NoSuch.Test", "tests/fuzz/no_such.cpp"):
            self.assertFalse(self.is_there(name), name)
