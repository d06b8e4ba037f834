"""Runs e2e tests: run.py FILE[.CLASS[.TEST]] …   (no argument: all of them)

The binary is $RELAY_BINARY or that of build/release. Ends with 77 when everything was skipped, so
that ctest says so too.
"""

import faulthandler
import pathlib
import signal
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))


def main():
    faulthandler.register(signal.SIGUSR1)  # where does it hang?
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*_test.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    if outcome.testsRun == 0 and not outcome.skipped or not outcome.wasSuccessful():
        return 1
    return 77 if len(outcome.skipped) >= max(outcome.testsRun, 1) else 0


if __name__ == "__main__":
    sys.exit(main())
