"""A machine to try recipes on, word for word: a copy of the system, and a network whose ports are
free. Nothing of it stays."""

import os
import subprocess

from support import relay
from support.case import Case
from support.network import in_own_network
from support.overlay import Overlay

# In place of programs that the copy may lack, or that no service manager runs for.
STAND_INS = {"sudo": 'exec "$@"', "systemctl": 'echo "$@" >>/walk/asked'}
WORDS = {"PATH": "/walk:/usr/sbin:/usr/bin:/sbin:/bin"}


class Machine(Overlay):
    def __init__(self, case, stand_ins=()):
        super().__init__(case)
        self.case = case
        self.run("mkdir", "-p", "/walk", os.path.dirname(relay.BINARY))
        if not self.has(relay.BINARY):  # on a file system that the copy has not
            self.write(relay.BINARY, relay.BINARY.read_bytes())
            self.run("chmod", "755", relay.BINARY)
        for name, does in {**STAND_INS, **dict(stand_ins)}.items():
            self.write(f"/walk/{name}", f"#!/bin/sh\n{does}\n".encode())
            self.run("chmod", "755", f"/walk/{name}")

    def shell(self, commands, env=None):
        """Runs a block of commands in the folder /walk; what it said."""
        done = self.run("bash", "-ec", f"cd /walk\n{commands}", env={**WORDS, **(env or {})})
        self.case.assertEqual(done.returncode, 0, f"{commands}\n{done.stdout}")
        return done.stdout

    def read(self, path):
        return subprocess.run(self.words("cat", path), stdout=subprocess.PIPE, timeout=30,
                              check=True).stdout

    def asked(self):
        """What the service manager was asked, line by line."""
        return self.read("/walk/asked").decode().splitlines()

    def relay(self, text, port, env=None, **options):
        """A relay with this configuration, in there, that listens on this port."""
        self.write("/walk/relay.toml", text.encode())
        return self.case.start("-c", "/walk/relay.toml", ports=[port], launcher=self.words(),
                               env=env, **options)


class MachineCase(Case):
    def on_a_machine(self, body, stand_ins=()):
        """body(machine), in a network of its own."""
        made = Machine(self, stand_ins)
        in_own_network(lambda: body(made))
