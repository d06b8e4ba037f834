"""Medians and ratios of figures that were taken in rounds."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Ratio:
    """relay's figure by another program's: the median over the rounds, and the extremes."""
    median: float
    least: float
    most: float


def median(values):
    return statistics.median(values)


def ratio(ours, theirs):
    """Round by round, because the machine drifts between rounds; rounds that one of the two lacks are
    left out. None when there is nothing to compare."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if a is not None and b]
    if not pairs:
        return None
    each = sorted(a / b for a, b in pairs)
    return Ratio(statistics.median(each), each[0], each[-1])


class Results:
    """The figures of a whole run, by work, program and round; a round that failed is None."""

    def __init__(self):
        self._runs = {}  # (work, program) -> list of dictionaries or None

    def add(self, work, program, figures):
        self._runs.setdefault((work, program), []).append(figures)

    def works(self):
        return list(dict.fromkeys(work for work, _ in self._runs))

    def programs(self):
        return list(dict.fromkeys(program for _, program in self._runs))

    def values(self, work, program, key):
        """One for each round, None where it is missing."""
        return [run.get(key) if run else None for run in self._runs.get((work, program), [])]

    def median(self, work, program, key):
        present = [value for value in self.values(work, program, key) if value is not None]
        return median(present) if present else None

    def ratio(self, work, program, key, base="relay"):
        return ratio(self.values(work, base, key), self.values(work, program, key))

    def runs(self):
        """For the file of --json."""
        return [{"work": work, "program": program, "rounds": rounds}
                for (work, program), rounds in self._runs.items()]
