"""Instructions by room, from what callgrind writes."""

import pathlib
import unittest

import support  # noqa: F401  pylint: disable=unused-import

import callgrind
import instructions

OUTPUT = """\
version: 1
positions: line
events: Ir
ob=(1) /opt/relay
fl=(1) /tree/src/pump/session.cpp
fn=(1) relay::pump::session::wake()
10 100
+2 5
cfi=(2) /tree/include/relay/net/poller.hpp
cfn=(2) relay::net::poller::take()
calls=7 20
* 999
fi=(3) /usr/include/boost/intrusive/list.hpp
-3 30
fe=(1)
4 1

fl=(2)
fn=(2)
20 40

ob=(2) /usr/lib/x86_64-linux-gnu/libc.so.6
fl=(4) ???
fn=(3) memcpy
0 8
ob=(1)
fl=(5) /usr/include/c++/12/bits/vector.h
fn=(4) std::vector::push_back
1 3
summary: 1186
"""


class Instructions(unittest.TestCase):
    def test_every_room_is_known(self):
        source = pathlib.Path(__file__).parents[2] / "src"
        self.assertEqual(sorted(callgrind.ROOMS), sorted(at.name for at in source.iterdir() if at.is_dir()))

    def test_are_counted_where_they_are_spent(self):
        self.assertEqual(callgrind.instructions(OUTPUT.splitlines(True)),
                         {"pump": 106, "boost": 30, "net": 40, "libc": 8, "standard library": 3})

    def test_of_a_unit_leave_out_start_and_end(self):
        made = callgrind.per_unit(callgrind.collections.Counter(app=500, pump=10),
                                  callgrind.collections.Counter(app=500, pump=110), 50)
        self.assertEqual(made, {"app": 0, "pump": 2})

    def test_table_joins_rooms_that_matter_nowhere(self):
        text = instructions.table([("one", {"pump": 1000, "app": 0.6, "base": 0.9}), ("two", {"net": 3})])
        self.assertEqual(text.splitlines()[0], "| work | all | net | pump | other |")
        self.assertEqual(text.splitlines()[2:], ["| one | 1,002 | 0 | 1,000 | 2 |", "| two | 3 | 3 | 0 | 0 |"])


if __name__ == "__main__":
    unittest.main()
