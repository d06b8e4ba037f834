"""What many clients leave behind when they have gone: nothing."""

import contextlib
import unittest

from support.relay import SANITIZED
from support.servers import dial, read_all
from support.tls import client_context
from support.transport import TEXTS, TransportCase, endpoint
from support.wait import until

LABEL = "e2e"
TIMEOUT = 120

MIB = 1 << 20


@unittest.skipIf(SANITIZED, "a sanitizer has an allocator of its own")
class Floods(TransportCase):
    COUNT = 400

    def relay(self):
        server = self.server(read_all)
        text = endpoint("LISTEN", server.port, inside=TEXTS["tls"][0])
        return self.configured(text, env={"RELAY_WORKERS": "1"})  # it hears one after the other

    def test_half_a_hello_costs_little(self):
        started = self.relay()
        with contextlib.ExitStack() as clients:
            before = started.status("VmRSS")
            for _ in range(self.COUNT):
                clients.enter_context(dial(started.port)).sendall(b"\x16")
            last = clients.enter_context(dial(started.port))
            clients.enter_context(client_context().wrap_socket(last))
            self.assertLess(started.status("VmRSS") - before, self.COUNT * 8192 + MIB)

    def test_memory_comes_back_when_it_gets_calm(self):
        started = self.relay()
        context = client_context()  # one for all: making it costs more than a handshake
        with context.wrap_socket(dial(started.port)):
            before = started.status("VmRSS")
        with contextlib.ExitStack() as clients:
            for _ in range(self.COUNT):
                sock = clients.enter_context(dial(started.port))
                clients.enter_context(context.wrap_socket(sock))
            most = started.status("VmRSS")
        self.assertGreater(most - before, 4 * MIB, "each had an object of TLS")
        until(lambda: started.status("VmRSS") - before < (most - before) / 2, started.story)
