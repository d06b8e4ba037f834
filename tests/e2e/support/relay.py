"""The binary under test as a child process."""

import contextlib
import os
import pathlib
import re
import resource
import signal
import subprocess
import unittest

from support import ports
from support.wait import until

ROOT = pathlib.Path(__file__).parents[3]
BINARY = pathlib.Path(os.environ.get("RELAY_BINARY") or ROOT / "build" / "release" / "src" / "relay")
SANITIZED = bool(os.environ.get("RELAY_SANITIZE"))
OWN_VARIABLES = ("REALM_CONF", "RELAY_CONF", "RELAY_WORKERS", "TOKIO_WORKER_THREADS",
                 "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS",
                 "LISTEN_FDNAMES", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")
# A line of the log.
LINE = re.compile(r"\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d(\.\d{3}(Z|[+-]\d\d:\d\d)?)?\]\[[\w:]+\]"
                  r"\[(ERROR|WARN|INFO|DEBUG|TRACE)\]\S")
ALARMS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer", "Assertion")


def environment(extra=None):
    clean = {key: value for key, value in os.environ.items() if key not in OWN_VARIABLES}
    # Many relays run at once, and no test shall find another's: as in a container there is no control
    # socket unless somebody asks for one.
    clean["container"] = "test"
    clean.update(extra or {})
    return clean


def run(*args, env=None, cwd=None, seconds=20, stdin=None, program=BINARY):
    """A run that ends by itself; the answer has returncode, stdout, stderr. `program` may be a link."""
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([program, *map(str, args)], env=environment(env), cwd=cwd, timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          **given)


@contextlib.contextmanager
def stopped(process):
    """It has done all there was to do, and stands still inside: what happens meanwhile it finds at
    once."""
    until(lambda: _states(process.pid) == {"S"}, "it is never idle")
    process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: _states(process.pid) == {"T"}, "it still runs")
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _states(pid):
    """Of its threads, as in proc(5)."""
    return {each.read_text().rpartition(")")[2].split()[0]
            for each in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")}


class Relay:
    """Owns one running relay; stop() ends it and looks for what sanitizers said."""

    def __init__(self, folder, args, env=None, cwd=None, nofile=None, launcher=(), pass_fds=()):
        """`launcher`: the words of a program that prepares something and then becomes relay."""
        self.out_file = pathlib.Path(folder, "stdout")
        self.err_file = pathlib.Path(folder, "stderr")
        self.args = [str(arg) for arg in args]

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))

        with open(self.out_file, "wb") as out, open(self.err_file, "wb") as err:
            self.process = subprocess.Popen([*launcher, BINARY, *self.args],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=environment(env), cwd=cwd, pass_fds=pass_fds,
                                            preexec_fn=limit if nofile else None)
        self.pid = self.process.pid

    def _settle(self):
        """Waits until the thread that writes the log has written what was logged before."""
        def sleeps():
            threads = self.threads()
            return threads.get("log", "S") == "S"
        until(sleeps, "the log is written all the time")

    def threads(self):
        """Name and state of each thread, as in proc(5); empty when it has ended."""
        found = {}
        for each in pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat"):
            try:
                _, name, rest = re.split(r"\((.*)\)", each.read_text(encoding="ascii"), maxsplit=1)
                found[name] = rest.split()[0]
            except OSError:
                continue  # it has ended
        return found

    def out(self):
        self._settle()
        return self.out_file.read_text(encoding="utf-8", errors="replace")

    def err(self):
        self._settle()
        return self.err_file.read_text(encoding="utf-8", errors="replace")

    def story(self):
        """For messages: what the process has said so far."""
        return (f"relay {' '.join(self.args)}\n-- exit code {self.process.poll()}"
                f"\n-- stdout\n{self.out()[-4000:]}\n-- stderr\n{self.err()[-4000:]}")

    def wait_listening(self, wanted, seconds=20, tcp=True, udp=False):
        """True when it listens on all ports; False when it ended instead."""
        kinds = [kind for kind, chosen in (("tcp", tcp), ("udp", udp)) if chosen]

        def serves():
            # Before the workers there is a moment in which it only tries whether a port is free: a
            # datagram would be lost, it still has all rights, and a signal ends it at once.
            return (all(wanted <= ports.listening(self.pid, kind) for kind in kinds)
                    and self.has_workers())
        until(lambda: self.process.poll() is not None or serves(),
              lambda: f"listening on {sorted(wanted)}\n{self.story()}", seconds)
        return self.process.poll() is None

    def has_workers(self):
        names = self.threads()
        if "worker-0" in names:
            return True
        # Where prctl is refused all have the name of the process: beside the main thread and the
        # one that writes the log there are only workers.
        return "log" not in names and self.running() and self.status("Threads") > 2

    def wait_exit(self, seconds=20):
        until(lambda: self.process.poll() is not None, lambda: f"the end of {self.story()}", seconds)
        return self.process.returncode

    def wait_text(self, text, where="out", seconds=10):
        read = self.out if where == "out" else self.err
        until(lambda: text in read(), lambda: f"{text!r} in {where} of {self.story()}", seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process.poll() is None

    def status(self, key):
        """A figure of /proc/PID/status: VmRSS in bytes, Threads, …"""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
            for line in lines:
                if line.startswith(key + ":"):
                    fields = line.split()
                    return int(fields[1]) * (1024 if fields[2:] == ["kB"] else 1)
        raise KeyError(key)

    def rss(self):
        return self.status("VmRSS")

    def descriptors(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError:
            raise unittest.SkipTest("only root counts what a process has open that may not be "
                                    "dumped") from None

    def processor_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as text:
            fields = text.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Ends it – politely, then with the second signal – and checks that it ended in order."""
        if self.running():
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(0.3)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"two signals did not end it: {self.story()}") from None
        self.check()

    def check(self):
        for alarm in ALARMS:
            if alarm in self.err() or alarm in self.out():
                raise AssertionError(f"{alarm}: {self.story()}")
        if self.process.returncode < 0:
            raise AssertionError(f"ended by signal {-self.process.returncode}: {self.story()}")
