"""The base of the test classes: a relay is started in one line and surely ended."""

import pathlib
import shutil
import tempfile
import unittest

from support import relay
from support.ports import free_port


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="relay-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        if not relay.BINARY.exists():
            self.fail(f"no binary: {relay.BINARY}")

    # -- running the binary

    def cli(self, *args, code=0, **options):
        """Runs relay to its end and checks the exit code; the answer has stdout and stderr."""
        options.setdefault("cwd", self.folder)
        done = relay.run(*args, **options)
        said = f"relay {args}\n-- stdout\n{done.stdout}\n-- stderr\n{done.stderr}"
        self.assertEqual(done.returncode, code, said)
        for alarm in relay.ALARMS:
            self.assertNotIn(alarm, done.stderr)
        return done

    def launch(self, *args, **options):
        """Starts relay without waiting for anything."""
        folder = tempfile.mkdtemp(prefix="run-", dir=self.folder)
        options.setdefault("cwd", self.folder)
        started = relay.Relay(folder, args, **options)
        self.addCleanup(started.stop)
        return started

    def start(self, *args, ports, tcp=True, udp=False, **options):
        """Starts relay and waits until it listens on these ports."""
        started = self.launch(*args, **options)
        if not started.wait_listening(set(ports), tcp=tcp, udp=udp):
            self.fail(f"did not start: {started.story()}")
        return started

    def start_on_free_port(self, make_args, tcp=True, udp=False, **options):
        """start(*make_args(port)) with a port that nobody took meanwhile; the relay has .port."""
        for attempt in range(5):
            port = free_port()
            started = self.launch(*make_args(port), **options)
            if started.wait_listening({port}, tcp=tcp, udp=udp):
                started.port = port
                return started
            if attempt == 4 or "in use" not in started.err():
                break
        return self.fail(f"did not start: {started.story()}")

    def as_realm(self):
        """Options that start relay under the name `realm`."""
        link = self.folder / "as" / "realm"
        if not link.exists():
            link.parent.mkdir()
            link.symlink_to(relay.BINARY)
        return {"launcher": ("sh", "-c", 'shift; exec "$0" "$@"', link)}

    def relay_to(self, remote, *more, **options):
        """A relay from a free local port to `remote` (a port or host:port)."""
        where = remote if isinstance(remote, str) else f"127.0.0.1:{remote}"
        return self.start_on_free_port(lambda port: ("-l", f"127.0.0.1:{port}", "-r", where, *more),
                                       **options)

    def configured(self, text, **options):
        """A relay with a config file; LISTEN in the text is replaced by a free port."""
        def args(port):
            return "-c", self.file("relay.toml", text.replace("LISTEN", str(port)))
        return self.start_on_free_port(args, **options)

    # -- files and programs

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def program(self, name):
        """The path of a program; the test is skipped when it is not installed."""
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if not found:
            self.skipTest(f"{name} is not installed")
        return found
