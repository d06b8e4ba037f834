"""Does the machine belong to the benchmark? CPU that somebody else used spoils a figure."""

import glob
import os
import pathlib

# Of one core, during one run. The kernel's own housekeeping stays far below.
MOST_BY_OTHERS = 0.05
MOST_STOLEN = 0.01


def parse_stat(text):
    """(busy, stolen) of all cores in clock ticks, from the text of /proc/stat."""
    fields = [int(word) for word in text.split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq, steal = (fields + [0] * 8)[:8]
    return user + nice + system + irq + softirq, steal


def sample():
    """(busy, stolen, kernel's network threads) in seconds since the machine started."""
    tick = os.sysconf("SC_CLK_TCK")
    busy, stolen = parse_stat(pathlib.Path("/proc/stat").read_text(encoding="ascii"))
    return busy / tick, stolen / tick, _network_threads()


_softirq_threads = []


def _network_threads():
    """CPU of ksoftirqd, which works for us when a device of ours is busy."""
    if not _softirq_threads:
        for comm in glob.glob("/proc/[0-9]*/comm"):
            try:
                if pathlib.Path(comm).read_text(encoding="ascii").startswith("ksoftirqd/"):
                    _softirq_threads.append(os.path.dirname(comm))
            except (OSError, UnicodeDecodeError):
                continue
        _softirq_threads.append("/nowhere")  # looked for once, also when there are none
    total = 0
    for thread in _softirq_threads:
        try:
            spent = pathlib.Path(thread, "schedstat").read_text(encoding="ascii").split()
            total += int(spent[0])
        except (OSError, IndexError):
            continue
    return total * 1e-9


def disturbance(before, after, seconds, ours):
    """What is wrong with a run that lasted `seconds` and used `ours` seconds of CPU itself, in one
    sentence; None when nothing is."""
    others = after[0] - before[0] - (after[2] - before[2]) - ours
    stolen = after[1] - before[1]
    if others > MOST_BY_OTHERS * seconds:
        return f"other programs used {others / seconds:.0%} of a core"
    if stolen > MOST_STOLEN * seconds:
        return f"the hypervisor took {stolen / seconds:.0%} of a core"
    return None
