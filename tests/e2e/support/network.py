"""A network of the test's own, where system settings can be changed. Needs root."""

import ctypes
import os
import queue
import subprocess
import threading
import unittest

CLONE_NEWNET = 0x40000000


def in_own_network(body, settings=None, mtu=65536):
    """Runs body() on a thread that is alone in a new network with a loopback device, and so is what
    it starts. `settings` are paths below /proc/sys and their values; `mtu` is the device's."""
    if os.getuid() != 0:
        raise unittest.SkipTest("a network of its own takes root")
    failures = []

    def work():
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                raise unittest.SkipTest(f"no network of its own: {os.strerror(ctypes.get_errno())}")
            subprocess.run(["ip", "link", "set", "lo", "up", "mtu", str(mtu)], check=True,
                           timeout=10)
            for name, value in (settings or {}).items():
                with open(f"/proc/sys/{name}", "w", encoding="ascii") as setting:
                    setting.write(value)
            body()
        except BaseException as failure:  # pylint: disable=broad-except  (handed on)
            failures.append(failure)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


class SecondNetwork:
    """Another network beside the calling thread's, for the far end of a device. A context manager,
    to be used inside of in_own_network()."""

    def __enter__(self):
        self._work = queue.Queue()
        self._done = queue.Queue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.run(lambda: ctypes.CDLL(None).unshare(CLONE_NEWNET))
        self.id = self.run(threading.get_native_id)
        return self

    def __exit__(self, *_):
        self._work.put(None)
        self._thread.join()

    def _serve(self):
        for work in iter(self._work.get, None):
            try:
                self._done.put((work(), None))
            except BaseException as failure:  # pylint: disable=broad-except  (handed on)
                self._done.put((None, failure))

    def run(self, work):
        """What work() returns there; sockets it opens stay there."""
        self._work.put(work)
        answer, failure = self._done.get(timeout=20)
        if failure:
            raise failure
        return answer


def ip(words):
    subprocess.run(["ip", *words.split()], check=True, timeout=10)


def connect_networks(other, device="near", here="10.7.0.1/24", there="10.7.0.2/24"):
    """A wire from `device` in this network to the other one."""
    ip(f"link add {device} type veth peer name far")
    ip(f"link set far netns {other.id}")
    ip(f"addr add {here} dev {device}")
    ip(f"link set {device} up")
    other.run(lambda: ip(f"addr add {there} dev far"))
    other.run(lambda: ip("link set far up"))
