"""scripts/check_layers finds what it is there for."""

import pathlib
import re
import runpy
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "check_layers"
ARCHITECTURE = ROOT / "docs" / "architecture.md"


def verdict(files):
    """Exit code and text of the check over a tree of these {path: text}."""
    with tempfile.TemporaryDirectory() as name:
        for path, text in files.items():
            target = pathlib.Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, name], stdout=subprocess.PIPE, text=True,
                              timeout=20, check=False)
        return done.returncode, done.stdout


class CheckLayers(unittest.TestCase):
    def accepts(self, path, line):
        self.assertEqual(verdict({path: line + "\n"}), (0, "1 files, 0 objections\n"))

    def refuses(self, path, line, why):
        code, text = verdict({path: "#pragma once\n" + line + "\n"})
        self.assertEqual(code, 1)
        self.assertIn(f"{path}:2: ", text)
        self.assertIn(why, text)

    def test_a_room_may_include_itself_and_its_rooms_of_the_table(self):
        self.accepts("src/pump/pump.cpp", "#include <relay/pump/pump.hpp>")
        self.accepts("src/pump/pump.cpp", "#include <relay/base/ip.hpp>")
        self.accepts("src/app/run.cpp", "#include <relay/ops/drain.hpp>")

    def test_a_room_may_not_include_any_other(self):
        self.refuses("src/base/ip.cpp", "#include <relay/config/config.hpp>", "may not know")
        self.refuses("include/relay/net/dial.hpp", "#  include <relay/app/serve.hpp>", "may not know")
        self.refuses("src/net/dial.cpp", '#include "relay/forward/session.hpp"', "may not know")

    def test_rooms_beside_each_other_do_not_know_each_other(self):
        self.refuses("src/wire/proxy_read.cpp", "#include <relay/balance/plan.hpp>", "may not know")
        self.refuses("src/pump/session.cpp", "#include <relay/config/config.hpp>", "may not know")
        self.refuses("src/transport/tls.cpp", "#include <relay/names/resolver.hpp>", "may not know")

    def test_the_document_tells_the_same_table(self):
        rooms = runpy.run_path(str(SCRIPT))["MAY_KNOW"]
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", ARCHITECTURE.read_text(), re.MULTILINE)
        told = {room: [] if known == "–" else known.split(", ") for room, known in rows
                if room in rooms}
        self.assertEqual(told, {room: known.split() for room, known in rooms.items()})

    def test_document_knows_base_alone(self):
        self.accepts("src/document/node.cpp", "#include <relay/base/utf8.hpp>")
        self.refuses("src/document/node.cpp", "#include <relay/config/config.hpp>", "may not know")
        self.accepts("src/config/load.cpp", "#include <relay/document/files.hpp>")

    def test_unknown_rooms_are_refused(self):
        self.refuses("src/attic/old.cpp", "#include <relay/base/ip.hpp>", "attic is no room")
        self.refuses("src/app/run.cpp", "#include <relay/attic/old.hpp>", "attic is no room")

    def test_headers_of_pure_rooms_do_without_asio(self):
        self.refuses("include/relay/pump/pump.hpp", "#include <boost/asio/post.hpp>", "Asio")
        self.refuses("include/relay/config/load.hpp", "#include <relay/net/asio.hpp>", "may not know")
        self.accepts("include/relay/handshake/proxy.hpp", "#include <relay/net/asio.hpp>")
        self.refuses("include/relay/transport/stream.hpp", "#include <relay/net/asio.hpp>", "Asio")
        self.accepts("include/relay/net/task.hpp", "#include <boost/asio/awaitable.hpp>")

    def test_heavy_libraries_stay_in_sources(self):
        self.refuses("include/relay/app/cli.hpp", "#include <CLI/CLI.hpp>", "heavy")
        self.refuses("src/config/reader.hpp", "#include <nlohmann/json.hpp>", "heavy")
        self.accepts("src/config/reader.hpp", "#include <nlohmann/json_fwd.hpp>")
        self.accepts("src/config/toml.cpp", "#include <toml.hpp>")

    def test_main_knows_only_app(self):
        self.accepts("src/main.cpp", "#include <relay/app/run.hpp>")
        self.refuses("src/main.cpp", "#include <relay/net/dial.hpp>", "only app")

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(verdict({})[0], 1)


if __name__ == "__main__":
    unittest.main()
