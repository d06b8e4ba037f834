"""Does the machine belong to the benchmark? CPU that somebody else used spoils a figure.

The kernel usually counts the time of cores by looking at each tick who runs, so over a second that is
right to some per cent only. What single threads used it knows to the nanosecond, but threads that came
and went meanwhile are not seen. So both are looked at, with a limit of its own each."""

import dataclasses
import os
import pathlib

import process

# Of one core, during one run. The kernel's own housekeeping stays far below.
MOST_BY_OTHERS = 0.05
MOST_BY_TICKS = 0.20  # four times the error of a second on two cores at 250 Hz
MOST_STOLEN = 0.02


@dataclasses.dataclass(frozen=True)
class Sample:
    """Seconds since the machine started: all cores busy, stolen by the hypervisor, and what each of the
    threads that are not ours has used. `network` are the kernel's threads that work for our devices."""
    busy: float
    stolen: float
    others: dict
    network: float = 0


def parse_stat(text):
    """(busy, stolen) of all cores in clock ticks, from the text of /proc/stat."""
    fields = [int(word) for word in text.split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq, steal = (fields + [0] * 8)[:8]
    return user + nice + system + irq + softirq, steal


def sample():
    tick = os.sysconf("SC_CLK_TCK")
    busy, stolen = parse_stat(pathlib.Path("/proc/stat").read_text(encoding="ascii"))
    ours = set(process.tree(os.getpid()))
    others, network = {}, 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in ours:
            continue
        used = process.threads_cpu(int(name))
        if process.name_of(int(name)).startswith("ksoftirqd/"):
            network += sum(used.values())
        else:
            others.update(used)
    return Sample(busy / tick, stolen / tick, others, network)


def describe(cpuinfo, release):
    """Cores, processor and kernel, from the text of /proc/cpuinfo and the kernel's release."""
    models = [line.partition(":")[2].strip() for line in cpuinfo.splitlines()
              if line.startswith("model name")]
    cores = cpuinfo.count("processor\t")
    named = f" of {models[0]}" if models else ""
    return f"{cores} core{'s' if cores != 1 else ''}{named}, Linux {release}"


def stolen(before, after, seconds):
    """What the hypervisor took meanwhile, of one core."""
    return (after.stolen - before.stolen) / seconds


def disturbance(before, after, seconds, ours, shared=False):
    """What is wrong with a run that lasted `seconds` and used `ours` seconds of CPU itself, in one
    sentence; None when nothing is. `shared`: the hypervisor may take what it likes."""
    others = sum(max(0, used - before.others.get(thread, 0)) for thread, used in after.others.items())
    if others > MOST_BY_OTHERS * seconds:
        return f"other programs used {others / seconds:.0%} of a core"
    unexplained = after.busy - before.busy - (after.network - before.network) - ours
    if unexplained > MOST_BY_TICKS * seconds:
        return f"other programs, which have ended, used {unexplained / seconds:.0%} of a core"
    if not shared and stolen(before, after, seconds) > MOST_STOLEN:
        return f"the hypervisor took {stolen(before, after, seconds):.0%} of a core"
    return None
