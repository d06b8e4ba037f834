"""One thread of another process stands still while the others go on. Needs the right to trace it."""

import ctypes
import os
import pathlib
import unittest

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def find(pid, name):
    """The id of the thread that is called so."""
    for each in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (each / "comm").read_text(encoding="ascii").rstrip("\n") == name:
            return int(each.name)
    raise AssertionError(f"process {pid} has no thread {name}")


class Frozen:
    """A context manager: the thread runs not a single instruction meanwhile."""

    def __init__(self, thread):
        self.thread = thread

    def __enter__(self):
        if _libc.ptrace(PTRACE_SEIZE, self.thread, None, None) != 0:
            raise unittest.SkipTest(f"cannot trace: {os.strerror(ctypes.get_errno())}")
        _libc.ptrace(PTRACE_INTERRUPT, self.thread, None, None)
        os.waitpid(self.thread, WALL)
        return self

    def wait_for_its_end(self):
        """For when the process ends; before this its end cannot be seen."""
        while os.WIFSTOPPED(os.waitpid(self.thread, WALL)[1]):
            pass

    def __exit__(self, *_):
        _libc.ptrace(PTRACE_DETACH, self.thread, None, None)  # fails when it has ended
