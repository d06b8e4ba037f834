"""Goals on given figures."""

import unittest

from support import results

import goals
import works


class Goals(unittest.TestCase):
    def met(self, runs):
        return {(work, bound): met for work, _, bound, _, met in goals.check(results(runs))}

    def test_compare_with_another_program(self):
        for cost, met in ((0.59, True), (0.61, False)):
            found = self.met({("up16", "relay"): [{"cpu_per_gb": cost}],
                              ("up16", "haproxy-splice"): [{"cpu_per_gb": 1}]})
            self.assertEqual(found, {("up16", "≤ 0.600 of haproxy-splice"): met})

    def test_compare_several_workers_with_one(self):
        for cost, met in ((10.4, True), (10.6, False)):
            found = self.met({("rr64", "relay"): [{"cpu_per_unit": cost}],
                              ("rr64", "relay-one"): [{"cpu_per_unit": 10}]})
            self.assertEqual(found, {("rr64", "≤ 1.05 of relay-one"): met})

    def test_want_much_of_a_rate(self):
        found = self.met({("up16", "relay"): [{"gbits": 9}], ("up16", "realm"): [{"gbits": 10}]})
        self.assertEqual(found, {("up16", "≥ 0.950 of realm"): False})

    def test_allow_a_difference(self):
        for late, met in ((60, True), (80, False)):
            found = self.met({("pace10", "relay"): [{"p50_us": late}],
                              ("pace10", "relay-unmoderated"): [{"p50_us": 50}]})
            self.assertEqual(found, {("pace10", "≤ relay-unmoderated + 20.0"): met})

    def test_stand_alone(self):
        self.assertEqual(self.met({("idle", "relay"): [{"bytes_each": 401}]}), {("idle", "≤ 400"): False})

    def test_are_silent_about_what_was_not_measured(self):
        self.assertEqual(self.met({("idle", "nginx"): [{"bytes_each": 9}]}), {})

    def test_mark_what_is_missed(self):
        text = goals.markdown(results({("start", "relay"): [{"ms": 4.0}], ("idle", "relay"): [
            {"bytes_each": 500}]}))
        self.assertIn("| start | ms to the first echo | ≤ 5.00 | 4.00 |  |", text)
        self.assertIn("| idle | resident bytes each | ≤ 400 | 500 | **missed** |", text)

    def test_ask_for_figures_that_their_works_have(self):
        names = {work.name: {measure.key for measure in work.measures} for work in works.WORKS}
        for goal in goals.GOALS:
            for work in goal.works:
                self.assertIn(goal.key, names[work], work)


if __name__ == "__main__":
    unittest.main()
