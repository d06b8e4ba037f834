"""Waiting for something to become true, never for time to pass."""

import time

PACE = 0.01


class Deadline:
    """Seconds that are left of a limit; under sanitizers every limit is longer."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self._end - time.monotonic())

    def over(self):
        return self.left() == 0.0


def until(condition, what, seconds=10.0):
    """The first true value of condition(); AssertionError when it stays false."""
    limit = Deadline(seconds)
    while True:
        value = condition()
        if value:
            return value
        if limit.over():
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(PACE)


def stays(condition, what, seconds):
    """Fails as soon as condition() becomes false; returns when it has held all the time."""
    limit = Deadline(seconds)
    while not limit.over():
        if not condition():
            raise AssertionError(f"did not last {seconds} s: {what}")
        time.sleep(PACE)
