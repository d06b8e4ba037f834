"""What this process may have."""

import resource
import unittest


def room_for(descriptors):
    """Raises the limit of this process; the test is skipped where that is not allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < descriptors:
        raise unittest.SkipTest(f"takes {descriptors} descriptors, the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
