"""A network of the test's own, where system settings can be changed. Needs root."""

import ctypes
import os
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
