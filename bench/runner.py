"""One run of one work through one program."""

import contextlib
import itertools
import json
import os
import resource
import subprocess
import time

import machine
import process
import programs
import works
from process import Failed

WARM_UP = 0.5  # enough for 64 handshakes and for TCP to find its pace
SETTLE = 0.1  # what listens may still be starting its workers
FIRST_PORT, LAST_PORT = 2000, 9990  # below the ephemeral ones of our networks
MANY_PORTS = 10000  # where works with thousands of ports have theirs, up to the ephemeral ones


class Runner:
    """Knows the binaries, the cores and the networks. Each run gets ports that were not used lately."""

    def __init__(self, generator, folder, networks, certificate, cores, workers, seconds,
                 shared=False):
        self._generator = generator
        self._folder = folder
        self._networks = networks
        self._certificate = certificate
        self._program_cores, self._generator_cores = cores
        self._workers = workers
        self._seconds = seconds
        self._shared = shared
        self._ports = itertools.cycle(range(FIRST_PORT, LAST_PORT, 3))

    def job(self, work, direct=False):
        network = self._networks[work.network]
        port = next(self._ports)
        first = MANY_PORTS if work.endpoints > 1 else port
        remote = f"{network.remote}:{port + 1}"
        hop = network.remote if work.network == "far" else "127.0.0.1"
        return programs.Job(
            folder=self._folder, listen=remote if direct else f"{network.program}:{first}", remote=remote,
            hop=f"{hop}:{port + 2}", workers=self._workers, udp=work.udp, transport=work.transport,
            certificate=self._certificate, endpoints=work.endpoints, form=work.form,
            settings=work.settings)

    def verify(self, program, work):
        """What is wrong with how the program does this kind of work: (None or a sentence, half-close is
        passed on)."""
        job = self.job(work)
        refused = program.refusal(job) if work.settings else None
        if refused:
            return refused, False
        try:
            with self._start(program, job, work):
                if work.udp:
                    told = self._answer(work, job, "datagram-exchange", "--flows", "4", "--warm-up",
                                        "0.05", "--seconds", "0.2")
                    return (None if told["units"] else "no datagram came back"), True
                # A long path needs a while for each window.
                size = () if work.network != "far" else ("--bytes", str(256 << 10), "--limit", "10")
                told = self._answer(work, job, "verify", *size)
        except Failed as failure:
            return str(failure), False
        if told["both_ways"]:
            return None, bool(told["half_close"])
        return f"{told['both_ways_missing']} bytes did not arrive", False

    def run(self, program, work):
        """The figures, and what disturbed the machine meanwhile (or None)."""
        if work.kind == "started":
            return self._watched(lambda: self._started(program, work))
        if isinstance(program, programs.Direct):
            job = self.job(work, direct=True)
            return self._watched(lambda: self._timed(work, job, None))
        job = self.job(work)
        with self._start(program, job, work) as running:
            time.sleep(SETTLE)
            how = self._held if work.kind == "held" else self._timed
            return self._watched(lambda: how(work, job, running.pid), running.pid)

    def _watched(self, work, pid=None):
        before, begun, own = machine.sample(), time.monotonic(), _own_cpu()
        at_start = process.cpu_seconds(pid) if pid else 0
        figures = work()
        used = process.cpu_seconds(pid) - at_start if pid else 0
        after, seconds = machine.sample(), time.monotonic() - begun
        figures["stolen"] = machine.stolen(before, after, seconds)
        ours = used + _own_cpu() - own
        return figures, machine.disturbance(before, after, seconds, ours, self._shared)

    def _start(self, program, job, work):
        if work.network == "far" and job.transport:
            return self._start_both_ends(program, job)
        command, environment = program.command(job)
        places = [job.listen, job.hop] if job.transport else [job.listen]
        return process.Running(program.name, command, environment, self._program_cores, self._folder,
                               ports_of(places), "udp" if job.udp else "tcp")

    @contextlib.contextmanager
    def _start_both_ends(self, program, job):
        """The far end of an encrypted hop in the server's network, the near one in ours."""
        command, environment = program.command(job, "far")
        enter = ["nsenter", f"--net={self._networks['far'].server.path}"]
        with process.Running("far", [*enter, *command], environment, (), self._folder, ()):
            command, environment = program.command(job, "near")
            with process.Running("near", command, environment, self._program_cores, self._folder,
                                 ports_of([job.listen])) as near:
                yield near

    def _words(self, work, job, *generator):
        return [*process.on_cores(self._generator_cores), self._generator, *generator,
                "--to", job.probe, "--listen", job.remote, *self._networks[work.network].generator]

    def _answer(self, work, job, *generator):
        limit = 60 + self._seconds * work.slow * 3
        try:
            told = subprocess.run(self._words(work, job, *generator), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the generator did not end within {limit:.0f} s") from late
        if told.returncode != 0:
            raise Failed(told.stderr.strip() or f"the generator ended with {told.returncode}")
        return json.loads(told.stdout)

    def _timed(self, work, job, pid):
        watch = ("--watch", str(pid)) if pid else ()
        told = self._answer(work, job, *work.generator, *watch, "--seconds", str(self._seconds * work.slow),
                            "--warm-up", str(warm_up(self._seconds) * work.slow))
        if not told.get("bytes"):
            raise Failed("nothing came through")
        figures = works.derive(told, work.megabits, watched=pid is not None)
        if told.get("errors"):
            figures["errors"] = told["errors"]
        return figures

    def _held(self, work, job, pid):
        empty = process.resident_bytes(pid)
        with subprocess.Popen(self._words(work, job, *work.generator), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as generator:
            try:
                generator.stdout.readline()
                time.sleep(1)  # buffers that are given back a moment later do not count
                full = process.resident_bytes(pid)
                generator.stdin.close()
                told = json.loads(generator.stdout.readline() or "{}")
            except BaseException:
                generator.kill()
                raise
        up = told.get("units", 0)
        if up < work.units:
            raise Failed(f"only {up} of {work.units} came up")
        return {"bytes_each": (full - empty) / up}

    def _started(self, program, work):
        job = self.job(work)
        command, environment = program.command(job)
        # No `env` or `taskset` in between: each is another program to start.
        cores = ["--cores", process.listed(self._program_cores)] if self._program_cores else []
        words = [*self._words(work, job, "start"), "--hold", "1", *cores, "--", *map(str, command)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **environment}) as generator:
            try:
                told = json.loads(generator.stdout.readline() or "{}")
                time.sleep(SETTLE)
                resident = sum(process.resident_bytes(pid) for pid in process.tree(generator.pid)[1:2])
            finally:
                generator.stdin.close()
        if told.get("errors", 1):
            raise Failed("it did not answer")
        return {"ms": told["ms"], "mib": resident / 2**20}


def warm_up(seconds):
    return min(WARM_UP, seconds)


def ports_of(places):
    return [int(one.rsplit(":", 1)[1]) for one in places]


def _own_cpu():
    """CPU of this process and of the generators that have ended, programs under test included."""
    total = 0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total
