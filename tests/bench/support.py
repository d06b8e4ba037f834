"""Lets the tests import the modules of bench/."""

import pathlib
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "bench"))


def results(runs):
    """Results of {(work, program): [one dictionary for each round]}."""
    import figures  # pylint: disable=import-outside-toplevel
    made = figures.Results()
    for (work, program), rounds in runs.items():
        for one in rounds:
            made.add(work, program, one)
    return made
