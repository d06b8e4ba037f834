"""A whole run: verifies everybody, then measures them in turn, A B C A B C."""

import sys
import time

import figures
import runner
import works
from process import Failed

TRIES = 3  # of a run that something disturbed
REPEATED = 0.2  # of all runs, at most: a machine that is never quiet would triple the time
START_COST = {"timed": 0.5, "held": 4, "started": 1}  # seconds beside the measured ones
STEP = 5  # seconds between two words about the progress


def plan(chosen, programs):
    """(work, the programs that can do it)."""
    return [(work, [one for one in programs if one.can(work)]) for work in chosen]


def estimate(chosen, programs, rounds, seconds):
    """How long the whole will take, in seconds."""
    total = 0
    for work, able in plan(chosen, programs):
        timed = (seconds + runner.warm_up(seconds)) * work.slow if work.kind == "timed" else 0
        total += len(able) * rounds * (timed + START_COST[work.kind])
    return total + 2 * len(programs)


def clock(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class Session:
    """`results` are the figures, `problems` what programs cannot do, `disturbed` the runs that something
    else disturbed even when they were repeated."""

    def __init__(self, on, say=lambda text: print(text, file=sys.stderr, flush=True)):
        self._on = on
        self._say = say
        self.results = figures.Results()
        self.problems = []
        self.disturbed = []
        self.stolen = []  # by the hypervisor, of one core, for each run that counts
        self.runs = 0
        self._repeats = 0

    def go(self, chosen, programs, rounds, seconds):
        tasks = self._verified(plan(chosen, programs))
        total = sum(len(able) for _, able in tasks) * rounds
        self._repeats = max(TRIES, int(total * REPEATED))
        begun = told = time.monotonic()
        for work, able in tasks:
            for round_number in range(rounds):
                for program in list(able):
                    if time.monotonic() - told > STEP:
                        told = time.monotonic()
                        self._progress(total, begun, f"{work.name}, round {round_number + 1}")
                    if not self._one(work, program):
                        able.remove(program)  # it will not do better in the next round
                        total -= rounds - round_number - 1
        self._say(f"done after {clock(time.monotonic() - begun)}")

    def _progress(self, total, begun, what):
        passed = time.monotonic() - begun
        left = passed / self.runs * (total - self.runs) if self.runs else 0
        self._say(f"[{self.runs}/{total}] {what}; about {clock(left)} left")

    def _verified(self, tasks):
        """Each program is asked once for each kind of work whether it moves bytes as it should."""
        verdicts = {}
        for work, able in tasks:
            if work.kind == "started":
                continue
            for program in list(able):
                kind = (program.name, work.network == "far", work.udp, work.transport, work.settings)
                if program.name != "direct" and kind not in verdicts:
                    verdicts[kind] = self._verdict(program, work)
                if program.name != "direct" and not verdicts[kind]:
                    able.remove(program)
        return tasks

    def _verdict(self, program, work):
        wrong, half_close = self._on.verify(program, work)
        what = ", ".join([work.transport or ("udp" if work.udp else "tcp"),
                          *(f"{key} = {value}" for key, value in work.settings)])
        if wrong:
            self.problems.append(f"{program.name}, {what}: {wrong}; left out")
        elif not half_close:
            self.problems.append(f"{program.name}, {what}: loses the answer after a half-close")
        if wrong or not half_close:
            self._say(self.problems[-1])
        return not wrong

    def _one(self, work, program):
        """False when the program failed."""
        self.runs += 1
        for attempt in range(TRIES):
            try:
                figures_of_run, disturbance = self._on.run(program, work)
            except Failed as failure:
                smaller = works.fewer(work)
                if smaller:
                    self.problems.append(f"{program.name}, {work.name}: {failure}; measured with "
                                         f"{smaller.units}")
                    self._say(self.problems[-1])
                    return self._one(smaller, program)
                self.problems.append(f"{program.name}, {work.name}: {failure}")
                self._say(self.problems[-1])
                self.results.add(work.name, program.name, None)
                return False
            if not disturbance or attempt == TRIES - 1 or self._repeats == 0:
                break
            self._repeats -= 1
        if disturbance:
            self.disturbed.append(f"{work.name}, {program.name}: {disturbance}")
        if figures_of_run.get("errors"):
            self.problems.append(f"{program.name}, {work.name}: {figures_of_run['errors']} errors")
        self.stolen.append(figures_of_run.pop("stolen", 0))
        self.results.add(work.name, program.name, figures_of_run)
        return True
