"""A far place on this machine: a path with a delay of its own, for whole packets, so that connects
and handshakes take as long as they do over a long way. Needs root and /dev/net/tun."""

import collections
import fcntl
import os
import select
import struct
import subprocess
import threading
import time
import unittest

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


class FarPlace:
    """Whatever is sent to HERE_FROM_FAR arrives at this machine's own HERE `delay` seconds later, as
    if it came from there; so does what is answered. A context manager, for a network of one's own."""

    HERE, HERE_FROM_FAR = "10.99.0.1", "10.99.0.2"

    def __init__(self, delay):
        self.delay = delay
        self.packets = 0

    def __enter__(self):
        try:
            self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            raise unittest.SkipTest(f"no tunnel device: {error}") from None
        fcntl.ioctl(self._tun, TUNSETIFF, struct.pack("16sH", b"far0", IFF_TUN | IFF_NO_PI))
        for words in (f"addr add {self.HERE}/24 dev far0", "link set far0 up mtu 9000"):
            subprocess.run(["ip", *words.split()], check=True, timeout=10)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._pass_on)
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._stopped)
        self._thread.join()
        os.close(self._stop)
        os.close(self._tun)

    def _pass_on(self):
        waiting = collections.deque()
        while True:
            left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            readable, _, _ = select.select([self._tun, self._stop], [], [], left)
            if self._stop in readable:
                return
            now = time.monotonic()
            if self._tun in readable:
                packet = os.read(self._tun, 1 << 16)
                if packet[0] >> 4 == 4:
                    # Source and destination change places, which leaves all checksums as they are.
                    turned = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                    waiting.append((now + self.delay, turned))
            while waiting and waiting[0][0] <= now:
                os.write(self._tun, waiting.popleft()[1])
                self.packets += 1
