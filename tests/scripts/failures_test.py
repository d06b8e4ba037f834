"""scripts/failures finds the tests that failed in what ctest and gtest print."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "failures"

CTEST = """\
[12/12] Linking CXX executable tests/unit/relay_unit
    Start  1: Ip.ParsesV4
    Start  2: e2e.cli.Help.names_every_option
 1/4 Test  #1: Ip.ParsesV4 ............................   Passed    0.01 sec
    Start  3: e2e.udp.Plain.echoes
 2/4 Test  #2: e2e.cli.Help.names_every_option ........***Failed    0.31 sec
test_names_every_option (cli_test.Help) ... FAIL
AssertionError: '--quic' not found

    Start  4: e2e.container.Image.runs
 3/4 Test  #4: e2e.container.Image.runs ...............***Skipped   0.02 sec
skipped: no namespaces
 4/4 Test  #3: e2e.udp.Plain.echoes ...................***Timeout  30.01 sec
still waiting

50% tests passed, 2 tests failed out of 4

Total Test time (real) =  30.33 sec

The following tests did not run:
\t  4 - e2e.container.Image.runs (Skipped)

The following tests FAILED:
\t  2 - e2e.cli.Help.names_every_option (Failed)
\t  3 - e2e.udp.Plain.echoes (Timeout)
Errors while running CTest
"""

GTEST = """\
[==========] Running 3 tests from 2 test suites.
[ RUN      ] Server.Stops
[       OK ] Server.Stops (12 ms)
[ RUN      ] Server.Drains
server_test.cpp:41: Failure
Expected equality of these values: 1 and 2
[  FAILED  ] Server.Drains (7 ms)
[ RUN      ] Names/Route.Picks/2
route_test.cpp:9: Failure
[  FAILED  ] Names/Route.Picks/2, where GetParam() = 3 (1 ms)
[  PASSED  ] 1 test.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Server.Drains
[  FAILED  ] Names/Route.Picks/2, where GetParam() = 3
"""


def told(**logs):
    with tempfile.TemporaryDirectory() as name:
        for log, text in logs.items():
            pathlib.Path(name, log).write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, SCRIPT, *(f"{name}/{log}" for log in logs)],
                              stdout=subprocess.PIPE, text=True, timeout=20, check=True).stdout


def names(text):
    """What the list at the end holds."""
    return [line.strip() for line in text.rsplit("\nfailed:\n", 1)[1].splitlines()]


class Failures(unittest.TestCase):
    def test_ctest(self):
        text = told(tests=CTEST)
        self.assertEqual(names(text), ["tests: e2e.cli.Help.names_every_option",
                                       "tests: e2e.udp.Plain.echoes"])
        for line in ("AssertionError: '--quic' not found", "***Timeout", "still waiting"):
            self.assertEqual(text.count(line), 1, text)
        for line in ("no namespaces", "Linking", "Passed", "Total Test time"):
            self.assertNotIn(line, text)

    def test_a_ctest_log_without_output_still_has_the_list(self):
        text = told(tests=CTEST[CTEST.index("50% tests"):])
        self.assertEqual(names(text), ["tests: e2e.cli.Help.names_every_option",
                                       "tests: e2e.udp.Plain.echoes"])

    def test_a_ctest_that_was_killed_has_no_list(self):
        text = told(tests=CTEST[:CTEST.index("    Start  4")])
        self.assertEqual(names(text), ["tests: e2e.cli.Help.names_every_option"])

    def test_a_gtest_program_under_ctest_is_told_once(self):
        text = told(tests=CTEST.replace("still waiting\n", GTEST))
        self.assertEqual(names(text), ["tests: e2e.cli.Help.names_every_option",
                                       "tests: e2e.udp.Plain.echoes"])
        self.assertIn("server_test.cpp:41: Failure", text)

    def test_gtest(self):
        text = told(threads=GTEST)
        self.assertEqual(names(text), ["threads: Server.Drains", "threads: Names/Route.Picks/2"])
        self.assertEqual(text.count("server_test.cpp:41: Failure"), 1)
        self.assertEqual(text.count("route_test.cpp:9: Failure"), 1)
        self.assertNotIn("Server.Stops", text)

    def test_a_gtest_program_that_died(self):
        text = told(threads=GTEST[:GTEST.index("[  FAILED  ] Server.Drains (")] + "Aborted\n")
        self.assertEqual(names(text), ["threads: Server.Drains"])
        self.assertIn("Aborted\nit did not end", text)

    def test_a_test_that_passed_with_a_sanitizer_s_report(self):
        race = "WARNING: ThreadSanitizer: data race (pid=7)\n"
        text = told(threads=GTEST.replace("[       OK ]", race + "[       OK ]"))
        self.assertIn("threads: Server.Stops", names(text))
        self.assertIn(race, text)

    def test_a_log_of_no_test_is_told_by_its_end(self):
        build = "".join(f"line {i}\n" for i in range(100)) + "ip.cpp:3: error: expected ';'\n"
        text = told(format="would change ip.cpp\n", tests=build, threads=GTEST)
        self.assertEqual(len(names(text)), 4)
        self.assertTrue(names(text)[1].startswith("tests: "))
        self.assertIn("ip.cpp:3: error: expected ';'", text)
        self.assertIn("would change ip.cpp", text)
        self.assertIn("\nline 61\n", text)
        self.assertNotIn("\nline 60\n", text)

    def test_output_is_cut_at_its_beginning(self):
        long = "".join(f"line {i}\n" for i in range(100))
        text = told(tests=CTEST.replace("still waiting\n", long))
        self.assertIn("\nline 99\n", text)
        self.assertNotIn("\nline 59\n", text)

    def test_of_many_failures_the_names_are_told_and_the_first_outputs(self):
        many = "".join(f"[ RUN      ] Many.No{i}\nwhy {i}\n[  FAILED  ] Many.No{i} (0 ms)\n"
                       for i in range(30))
        text = told(threads=many)
        self.assertEqual(names(text), [f"threads: Many.No{i}" for i in range(30)])
        self.assertEqual(text.count("\nwhy "), 10)
        self.assertIn("and 20 more", text)


if __name__ == "__main__":
    unittest.main()
