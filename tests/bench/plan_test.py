"""What is measured and with whom: the command line, the works, the programs and their order."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import support  # noqa: F401  pylint: disable=unused-import

import arguments
import configs
import programs
import session
import works
from process import Failed


class CommandLine(unittest.TestCase):
    def refused(self, *words):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            arguments.parse(words)
        self.assertEqual(ended.exception.code, 2)
        return said.getvalue()

    def test_measures_everything_five_times_by_default(self):
        given = arguments.parse([])
        self.assertEqual((given.rounds, given.workers), (5, 1))
        self.assertEqual(given.works, list(works.WORKS))
        self.assertIn("rinetd", [one.name for one in given.programs])

    def test_quick_is_estimated_below_ninety_seconds(self):
        given = arguments.parse(["--quick"])
        long = session.estimate(given.works, given.programs, given.rounds, given.seconds)
        self.assertLess(long, 90)
        self.assertGreater(long, 10)

    def test_only_takes_names_and_their_beginnings(self):
        chosen = arguments.parse(["--only", "up1,udp6"]).works
        self.assertEqual([one.name for one in chosen], ["up1", "udp64"])

    def test_relay_takes_part_whoever_is_asked_for(self):
        given = arguments.parse(["--peers", "nginx", "--peer", "old=/opt/relay -c {config}"])
        self.assertEqual([one.name for one in given.programs], ["relay", "nginx", "old"])

    def test_one_worker_is_compared_only_with_several(self):
        for workers, among in (("1", False), ("2", True)):
            names = [one.name for one in arguments.parse(["--workers", workers]).programs]
            self.assertEqual("relay-one" in names, among)

    def test_says_what_is_wrong(self):
        self.assertIn("no work of the name fast", self.refused("--only", "fast"))
        self.assertIn("no program of the name envoy", self.refused("--peers", "envoy"))
        self.assertIn("NAME='CMD'", self.refused("--peer", "realm"))
        self.assertIn("{listen} or {config}", self.refused("--peer", "realm=realm --help"))
        self.assertIn("two programs", self.refused("--peer", "nginx=x {listen}"))
        self.assertIn("at least 1", self.refused("--rounds", "0"))


class Works(unittest.TestCase):
    def test_have_names_of_their_own(self):
        names = [work.name for work in works.WORKS]
        self.assertEqual(len(names), len(set(names)))

    def test_derive_cost_and_rate(self):
        made = works.derive({"seconds": 2, "cpu": 0.5, "own_cpu": 0.3, "bytes": 2_000_000_000})
        self.assertEqual((made["cpu_per_gb"], made["box_per_gb"], made["gbits"]), (0.25, 0.4, 8))
        made = works.derive({"seconds": 2, "cpu": 0.5, "own_cpu": 0, "units": 1000, "sent": 4000})
        self.assertEqual((made["cpu_per_unit"], made["rate"], made["lost"]), (500, 500, 75))

    def test_derive_no_cost_where_there_is_no_program(self):
        made = works.derive({"seconds": 1, "cpu": 0, "own_cpu": 0.5, "bytes": 10**9}, watched=False)
        self.assertEqual(made, {"box_per_gb": 0.5, "gbits": 8})

    def test_derive_how_far_off_a_rate_is(self):
        made = works.derive({"seconds": 2, "cpu": 0, "own_cpu": 0, "bytes": 26_000_000}, megabits=100)
        self.assertAlmostEqual(made["off_percent"], 4)

    def test_fewer_connections_for_who_runs_out_of_descriptors(self):
        idle = works.select(["idle"])[0]
        self.assertEqual((idle.units, works.fewer(idle).units), (8000, 3000))
        self.assertIsNone(works.fewer(works.fewer(idle)))
        self.assertIsNone(works.fewer(works.select(["rr64"])[0]))


def job(**more):
    folder = pathlib.Path(tempfile.mkdtemp())
    files = programs.Certificate(folder / "c", folder / "k", folder / "b")
    return programs.Job(folder=folder, listen="127.0.0.1:2000", remote="127.0.0.1:2001",
                        hop="127.0.0.1:2002", certificate=files, **more)


class Programs(unittest.TestCase):
    def test_peers_get_addresses_or_a_config(self):
        words, _ = programs.Peer("x", "x -l {listen_port} {remote}").command(job())
        self.assertEqual(words, ["x", "-l", "2000", "127.0.0.1:2001"])
        words, environment = programs.Peer("y", "y {config}").command(job(udp=True, workers=2))
        self.assertIn("use_udp = true", pathlib.Path(words[1]).read_text(encoding="utf-8"))
        self.assertEqual(environment["TOKIO_WORKER_THREADS"], "2")

    def test_chains_are_for_those_who_can_encrypt(self):
        chain = works.select(["wss-rr64"])[0]
        able = [one.name for one in programs.from_debian("relay") if one.can(chain)]
        self.assertEqual(able, ["relay"])
        self.assertFalse(programs.Peer("x", "x {listen}").can(chain))
        self.assertTrue(programs.Peer("x", "x {config}").can(chain))

    def test_unmoderated_runs_only_where_it_matters(self):
        plain = next(one for one in programs.from_debian("relay") if one.name == "relay-unmoderated")
        self.assertTrue(plain.can(works.select(["up16"])[0]))
        self.assertFalse(plain.can(works.select(["rr64"])[0]))
        words, _ = plain.command(job())
        self.assertIn('moderation = "off"', pathlib.Path(words[2]).read_text(encoding="utf-8"))

    def test_one_worker_stays_one(self):
        one = next(each for each in programs.from_debian("relay") if each.name == "relay-one")
        self.assertEqual(one.command(job(workers=4))[1], {"RELAY_WORKERS": "1"})
        self.assertTrue(one.can(works.select(["rr64"])[0]))
        self.assertFalse(one.can(works.select(["up16"])[0]))

    def test_chains_decrypt_in_the_second_hop(self):
        text = configs.relay(job(transport="wss"))
        near, far = text.split("[[endpoints]]")[1:]
        self.assertIn("remote_transport", near)
        self.assertIn("127.0.0.1:2002", near)
        self.assertIn("listen_transport", far)

    def test_many_endpoints_follow_each_other(self):
        made = json.loads(configs.many("json", "127.0.0.1:10", "127.0.0.1:9", 3))
        self.assertEqual([one["listen"] for one in made["endpoints"]],
                         ["127.0.0.1:10", "127.0.0.1:11", "127.0.0.1:12"])
        self.assertEqual(configs.many("toml", "127.0.0.1:10", "127.0.0.1:9", 3).count("listen"), 3)
        self.assertIn('"127.0.0.1:10-12"', configs.many("range", "127.0.0.1:10", "127.0.0.1:9", 3))
        self.assertEqual(job(endpoints=3).probe, "127.0.0.1:2002")


class Named(programs.Program):
    def can(self, work):
        return True


class Scripted:
    """Stands for the runner: notes who ran, and fails or is disturbed as told."""

    def __init__(self, broken=(), disturbed=0, half_close=True):
        self.ran = []
        self.broken = broken
        self.disturbed = disturbed
        self.half_close = half_close

    def verify(self, program, work):
        return ("12 bytes did not arrive" if program.name == "liar" else None), self.half_close

    def run(self, program, work):
        self.ran.append(program.name)
        if program.name in self.broken:
            raise Failed("it fell over")
        self.disturbed -= 1
        return {"cpu_per_gb": 1.0, "stolen": 0.1}, "somebody compiled" if self.disturbed >= 0 else None


class Order(unittest.TestCase):
    def go(self, names, rounds=2, **script):
        on = Scripted(**script)
        made = session.Session(on, say=lambda text: None)
        made.go(works.select(["up16"]), [Named(name) for name in names], rounds, 1)
        return on, made

    def test_is_interleaved(self):
        on, _ = self.go(["a", "b", "c"])
        self.assertEqual(on.ran, ["a", "b", "c", "a", "b", "c"])

    def test_notes_what_the_hypervisor_took_and_calls_that_no_figure(self):
        _, made = self.go(["a"], rounds=2)
        self.assertEqual(made.stolen, [0.1, 0.1])
        self.assertEqual(made.results.runs()[0]["rounds"], [{"cpu_per_gb": 1.0}] * 2)

    def test_leaves_out_who_changes_bytes(self):
        on, made = self.go(["a", "liar"])
        self.assertEqual(on.ran, ["a", "a"])
        self.assertIn("liar, tcp: 12 bytes did not arrive", made.problems[0])

    def test_tells_who_loses_the_answer_after_a_half_close(self):
        on, made = self.go(["a"], half_close=False)
        self.assertEqual(on.ran, ["a", "a"])
        self.assertIn("half-close", made.problems[0])

    def test_goes_on_without_who_fails(self):
        on, made = self.go(["a", "b"], broken=("a",))
        self.assertEqual(on.ran, ["a", "b", "b"])
        self.assertIsNone(made.results.median("up16", "a", "cpu_per_gb"))

    def test_repeats_a_disturbed_run(self):
        on, made = self.go(["a"], rounds=1, disturbed=1)
        self.assertEqual(on.ran, ["a", "a"])
        self.assertEqual(made.disturbed, [])

    def test_says_so_when_the_machine_never_gets_quiet(self):
        on, made = self.go(["a"], rounds=2, disturbed=99)
        self.assertEqual(made.disturbed, ["up16, a: somebody compiled"] * 2)
        self.assertLessEqual(len(on.ran), 5)


if __name__ == "__main__":
    unittest.main()
