"""The programs that are compared, and how each is started for a job."""

import dataclasses
import pathlib
import shlex
import shutil
import subprocess

import configs


@dataclasses.dataclass(frozen=True)
class Certificate:
    chain: pathlib.Path
    key: pathlib.Path
    both: pathlib.Path  # in one file, as haproxy wants it


@dataclasses.dataclass(frozen=True)
class Job:
    """What a program has to do: relay `listen` to `remote` (both "address:port"). With a transport it
    does so in two hops, from `listen` to `hop` and from there, decrypting, to `remote`."""
    folder: pathlib.Path
    listen: str
    remote: str
    hop: str
    workers: int = 1
    udp: bool = False
    transport: str = ""
    certificate: Certificate = None
    endpoints: int = 1
    form: str = "flags"
    settings: tuple = ()

    @property
    def probe(self):
        """Where to ask: the last of many endpoints, as it may be the last to listen."""
        host, port = self.listen.split(":")
        return f"{host}:{int(port) + self.endpoints - 1}"

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def for_all(work):
    """Nothing in it that only relay has."""
    return not work.settings and not work.alone


class Program:
    """`name` is its column. Further on: can(work) says whether the program knows how to do it at all,
    command(job) returns its words and its environment."""

    def __init__(self, name, binary=None):
        self.name = name
        self.binary = binary or name

    def missing(self):
        return shutil.which(self.binary) is None

    def can(self, work):
        return work.endpoints == 1 and not work.udp and not work.transport and for_all(work)

    def command(self, job):
        raise NotImplementedError


class Direct(Program):
    """No program: the limit of machine and generator."""

    def missing(self):
        return False

    def can(self, work):
        return work.kind == "timed" and not work.transport and for_all(work)


class Relay(Program):
    def __init__(self, binary, name="relay", network=None, workers=None, when=lambda work: True):
        super().__init__(name, binary)
        self.workers = workers
        self.network = network
        self.when = when

    def can(self, work):
        return self.when(work)

    def refusal(self, job):
        """What this relay says against the job's settings; None when it takes them."""
        words, _ = self.command(job)
        told = subprocess.run([words[0], "check", *words[1:]], capture_output=True, text=True,
                              timeout=20, check=False)
        return None if told.returncode == 0 else (told.stderr or told.stdout).strip().split("\n")[0]

    def command(self, job, part="whole"):
        if job.endpoints > 1:
            form = "json" if job.form == "json" else "toml"
            text = configs.many(job.form, job.listen, job.remote, job.endpoints)
        else:
            form, text = "toml", configs.relay(job, self.network, part)
        config = job.file(f"{self.name}-{part}.{form}", text)
        return [self.binary, "-c", config], {"RELAY_WORKERS": str(self.workers or job.workers)}


class Haproxy(Program):
    def __init__(self, splice=False):
        super().__init__("haproxy-splice" if splice else "haproxy", "haproxy")
        self.splice = splice

    def can(self, work):
        if work.transport:
            return work.transport == "tls" and not self.splice and for_all(work)
        return super().can(work)

    def command(self, job):
        config = job.file("haproxy.cfg", configs.haproxy(job, self.splice))
        return [self.binary, "-db", "-f", config], {}


class Nginx(Program):
    def can(self, work):
        return work.endpoints == 1 and work.transport in ("", "tls") and for_all(work)

    def command(self, job):
        config = job.file("nginx.conf", configs.nginx(job))
        return [self.binary, "-p", job.folder, "-c", config, "-e", job.folder / "nginx-start.log"], {}


class Socat(Program):
    """One process for each connection, so thousands of them are out of the question."""

    def can(self, work):
        return super().can(work) and work.kind != "held"

    def command(self, job):
        (host, port), remote = job.listen.split(":"), job.remote
        listen = f"TCP4-LISTEN:{port},bind={host},reuseaddr,fork,nodelay,backlog=4096"
        return [self.binary, "-b", "65536", listen, f"TCP4:{remote},nodelay"], {}


class Rinetd(Program):
    def can(self, work):
        return work.endpoints == 1 and not work.transport and for_all(work)

    def command(self, job):
        return [self.binary, "-f", "-c", job.file("rinetd.conf", configs.rinetd(job))], {}


class Peer(Program):
    """A program that the command line names. {config} is a file that realm understands; without it
    only one hop can be asked for."""

    def __init__(self, name, command):
        self.words = shlex.split(command)
        if not self.words or not any("{config}" in word or "{listen" in word for word in self.words):
            raise ValueError(f"--peer {name}: the command has to contain {{listen}} or {{config}}")
        super().__init__(name, self.words[0])

    @property
    def takes_config(self):
        return any("{config}" in word for word in self.words)

    def can(self, work):
        if not for_all(work):
            return False
        if work.endpoints > 1:
            return work.form != "range" and self.takes_config
        return self.takes_config or not work.transport

    def command(self, job):
        known = {"{listen}": job.listen, "{remote}": job.remote}
        if self.takes_config:
            if job.endpoints > 1:
                text = configs.many(job.form, job.listen, job.remote, job.endpoints)
            else:
                text = configs.relay(job)
            known["{config}"] = job.file(f"{self.name}.{'json' if job.form == 'json' else 'toml'}", text)
        for end, where in (("listen", job.listen), ("remote", job.remote)):
            known[f"{{{end}_host}}"], known[f"{{{end}_port}}"] = where.split(":")
        words = []
        for word in self.words:
            for name, value in known.items():
                word = word.replace(name, str(value))
            words.append(word)
        workers = str(job.workers)
        return words, {"RELAY_WORKERS": workers, "TOKIO_WORKER_THREADS": workers, "GOMAXPROCS": workers}


def from_debian(relay):
    """Everybody who takes part without being named, in the order of the columns."""
    return [Direct("direct"), Relay(relay),
            Relay(relay, "relay-unmoderated", {"moderation": "off"}, when=lambda work: work.moderated),
            Relay(relay, "relay-one", workers=1,  # beside several workers, to compare
                  when=lambda work: work.generator[0] == "exchange" and not work.transport),
            Haproxy(), Haproxy(splice=True), Nginx("nginx"), Socat("socat"), Rinetd("rinetd")]
