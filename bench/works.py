"""The works: what is done through each program, and what is told about it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Measure:
    """One figure of a work: where it is found in a run's answer, and how it is told."""
    key: str
    title: str
    better: str = "less"  # or "more"


CPU_GB = Measure("cpu_per_gb", "CPU s/GB")
CPU_UNIT = Measure("cpu_per_unit", "CPU µs each")
BOX_GB = Measure("box_per_gb", "whole box, CPU s/GB")
GBITS = Measure("gbits", "Gbit/s", "more")
RATE = Measure("rate", "per second", "more")
P50 = Measure("p50_us", "p50 µs")
P99 = Measure("p99_us", "p99 µs")
P999 = Measure("p999_us", "p99.9 µs")
WORST = Measure("max_us", "longest µs")
LOST = Measure("lost", "lost %")
OFF = Measure("off_percent", "% off the rate")
FIRST_BYTE = Measure("p50_us", "µs to the answer, p50")
FIRST_BYTE_99 = Measure("p99_us", "µs to the answer, p99")
EACH = Measure("bytes_each", "resident bytes each")
MS = Measure("ms", "ms to the first echo")
MEMORY = Measure("mib", "resident MiB")


@dataclasses.dataclass(frozen=True)
class Work:
    """`generator` are the words of the load generator. `kind` says how it is run: timed (the default),
    held (memory while it holds what it opened) or started (the program is started by it)."""
    name: str
    generator: tuple
    measures: tuple
    kind: str = "timed"
    network: str = "loopback"
    udp: bool = False
    transport: str = ""
    moderated: bool = False  # wake-up moderation makes a difference, so it is also run without
    quick: bool = False
    endpoints: int = 1
    form: str = "flags"  # of relay's configuration: flags, toml, json, range
    settings: tuple = ()  # (key, value) of relay's `network`; such works are relay's alone
    alone: bool = False  # so are these
    megabits: int = 0  # what a rate limit should let through
    slow: int = 1  # how many times longer than others it takes to tell something

    @property
    def units(self):
        """How many connections or flows a held work holds."""
        words = dict(zip(self.generator[1::2], self.generator[2::2]))
        return int(words.get("--connections", words.get("--flows", 1)))


def _bulk(name, direction, connections, **more):
    measures = (CPU_GB, GBITS)
    if more.get("network") == "veth":
        measures += (BOX_GB,)
    return Work(name, ("stream", "--direction", direction, "--connections", str(connections)),
                measures, moderated=not more.get("transport"), **more)


def _exchange(name, size, **more):
    return Work(name, ("exchange", "--connections", "64", "--request", str(size)),
                (CPU_UNIT, RATE, P50, P99, P999), **more)


def _response(name, size, **more):
    return Work(name, ("exchange", "--connections", "1", "--request", "64", "--response", str(size)),
                (CPU_GB, P50, P99), moderated=True, **more)


def _paced(megabits):
    return Work(f"pace{megabits}", ("paced", "--rate", str(megabits * 1_000_000)),
                (CPU_GB, P50, P99, WORST), moderated=True)


def _datagrams(name, size, rate, *more, **how):
    return Work(name, ("datagrams", "--size", str(size), "--rate", str(rate), *more),
                (CPU_UNIT, RATE, LOST), udp=True, **how)


def _connect(name, **more):
    return Work(name, ("connect", "--connections", "16", "--request", "64"),
                (CPU_UNIT, RATE, P50, P99), **more)


def _idle(name, connections, **more):
    return Work(name, ("idle", "--connections", str(connections)), (EACH,), kind="held", **more)


def _chains():
    for transport in ("tls", "ws", "wss"):
        how = {"transport": transport}
        yield _bulk(f"{transport}-up16", "up", 16, **how)
        yield _exchange(f"{transport}-rr64", 64, **how)
        yield _connect(f"{transport}-conn", **how)
        yield _idle(f"{transport}-idle", 1000, **how)


def _rated():
    """Works with a limit of their rate: 100 Mbit/s for one, 400 for sixteen together."""
    for name, connections, key, megabits in (("rate100", 1, "byte_rate", 100),
                                             ("rate400", 16, "endpoint_byte_rate", 400)):
        yield Work(name, ("stream", "--direction", "up", "--connections", str(connections)),
                   (CPU_GB, GBITS, OFF), settings=((key, f"{megabits}Mbit/s"),), megabits=megabits)


def _far():
    """New connections to a server that is 100 ms away, with and without warm ones."""
    for transport in ("", "tls", "wss"):
        for warm in (0, 4):
            yield Work(f"far-{transport or 'tcp'}" + ("-warm" if warm else ""),
                       ("connect", "--connections", "1", "--request", "64"),
                       (FIRST_BYTE, FIRST_BYTE_99), network="far", transport=transport, alone=True, slow=3,
                       settings=(("warm", warm),) if warm else ())


def _starts():
    yield Work("start", ("start",), (MS, MEMORY), kind="started")
    for form in ("toml", "json"):
        yield Work(f"many-{form}", ("start",), (MS, MEMORY), kind="started", endpoints=10_000, form=form)
    yield Work("ports9000", ("start",), (MS, MEMORY), kind="started", endpoints=9000, form="range")


WORKS = (
    _bulk("up1", "up", 1), _bulk("up16", "up", 16, quick=True), _bulk("up200", "up", 200),
    _bulk("down1", "down", 1), _bulk("down16", "down", 16), _bulk("down200", "down", 200),
    _bulk("both1", "both", 1), _bulk("both16", "both", 16), _bulk("both200", "both", 200),
    _bulk("veth-up16", "up", 16, network="veth"), _bulk("veth-down16", "down", 16, network="veth"),
    _bulk("veth-both16", "both", 16, network="veth"),
    _bulk("veth-up200", "up", 200, network="veth"), _bulk("veth-down200", "down", 200, network="veth"),
    _exchange("rr64", 64, quick=True), _exchange("rr1k", 1024), _exchange("rr32k", 32768, quick=True),
    _connect("conn", quick=True),
    _response("resp64k", 65536), _response("resp256k", 262144, quick=True),
    _response("resp1m", 1 << 20), _response("resp4m", 4 << 20), _response("resp16m", 16 << 20),
    _paced(10), _paced(100), _paced(1000),
    _idle("idle", 8000, quick=True),
    _datagrams("udp64", 64, 40_000, quick=True), _datagrams("udp512", 512, 40_000),
    _datagrams("udp1400", 1400, 40_000), _datagrams("udp-gso", 1400, 100_000, "--gso", "1"),
    Work("udp-rr", ("datagram-exchange", "--flows", "64", "--size", "64"),
         (CPU_UNIT, RATE, P50, P99), udp=True),
    Work("udp-idle", ("datagram-idle", "--flows", "4000"), (EACH,), kind="held", udp=True),
    *_chains(), *_rated(), *_far(), *_starts(),
)


def fewer(work, most=3000):
    """The same with fewer idle connections, for a program that runs out of descriptors: some take six
    for each connection (two sockets, two pipes). None when it asks for no more than that anyway."""
    if work.kind != "held" or work.units <= most:
        return None
    words = list(work.generator)
    words[words.index(str(work.units))] = str(most)
    return dataclasses.replace(work, generator=tuple(words))


def derive(answer, megabits=0, watched=True):
    """The figures of a timed run, from what the generator told; those of a program's CPU only where
    there was a program to be `watched`."""
    figures = {key: answer[key] for key in ("p50_us", "p99_us", "p999_us", "max_us") if key in answer}
    seconds, cpu = answer["seconds"], answer["cpu"]
    box = cpu + answer["own_cpu"]
    if answer.get("bytes"):
        gigabytes = answer["bytes"] / 1e9
        if watched:
            figures["cpu_per_gb"] = cpu / gigabytes
        figures["box_per_gb"] = box / gigabytes
        figures["gbits"] = gigabytes * 8 / seconds
    if megabits:
        figures["off_percent"] = abs(answer["bytes"] * 8e-6 / seconds / megabits - 1) * 100
    if answer.get("units"):
        if watched:
            figures["cpu_per_unit"] = cpu / answer["units"] * 1e6
        figures["rate"] = answer["units"] / seconds
    if answer.get("sent"):
        figures["lost"] = max(0.0, 1 - answer.get("units", 0) / answer["sent"]) * 100
    return figures


def select(names):
    """The works of these names, or beginnings of names, in their own order."""
    known = {work.name for work in WORKS}
    for name in names:
        if not any(one.startswith(name) for one in known):
            raise ValueError(f"no work of the name {name}; there are: {', '.join(sorted(known))}")
    exact = set(names) & known
    loose = tuple(name for name in names if name not in exact)
    return [work for work in WORKS
            if work.name in exact or loose and work.name.startswith(loose)]
