"""What relay is measured against: goals that are checked with --goals."""

import dataclasses

import table
import works


@dataclasses.dataclass(frozen=True)
class Goal:
    """`key` of each of these works is at most `most`: as a ratio to the program `peer`, as a difference
    from it where `added`, or by itself without a peer. `least` turns it round for what should be much."""
    works: tuple
    key: str
    most: float = None
    peer: str = None
    added: bool = False
    least: float = None

    @property
    def bound(self):
        number = table.number(self.most if self.least is None else self.least)
        sign = "≤" if self.least is None else "≥"
        if self.peer is None:
            return f"{sign} {number}"
        return f"{sign} {self.peer} + {number}" if self.added else f"{sign} {number} of {self.peer}"

    def measured(self, results, work):
        """The figure that is compared with the bound, or None."""
        if self.peer is None:
            return results.median(work, "relay", self.key)
        if not self.added:
            ratio = results.ratio(work, self.peer, self.key)
            return ratio.median if ratio else None
        ours, theirs = (results.median(work, who, self.key) for who in ("relay", self.peer))
        return None if ours is None or theirs is None else ours - theirs

    def met(self, value):
        return value <= self.most if self.least is None else value >= self.least


SPLICE, REALM, PLAIN, ONE = "haproxy-splice", "realm", "relay-unmoderated", "relay-one"
BULK_16 = ("up16", "down16", "both16")
BULK_1 = ("up1", "down1", "both1")
VETH = ("veth-up16", "veth-down16", "veth-both16", "veth-up200", "veth-down200")
PACED = ("pace10", "pace100", "pace1000")
MESSAGES = ("rr64", "rr1k")
UDP = ("udp64", "udp512", "udp1400")

GOALS = (
    Goal(BULK_16, "cpu_per_gb", 0.60, SPLICE), Goal(BULK_16, "cpu_per_gb", 0.65, REALM),
    Goal(BULK_16, "gbits", least=0.95, peer=SPLICE), Goal(BULK_16, "gbits", least=0.95, peer=REALM),
    Goal(BULK_1, "cpu_per_gb", 0.75, SPLICE), Goal(BULK_1, "cpu_per_gb", 0.60, REALM),
    Goal(VETH, "cpu_per_gb", 0.75, SPLICE), Goal(VETH, "cpu_per_gb", 0.80, REALM),
    Goal(VETH, "box_per_gb", 0.92, SPLICE), Goal(VETH, "box_per_gb", 0.92, REALM),
    Goal(("resp64k", "resp256k", "resp1m"), "p50_us", 1.05, PLAIN),
    Goal(("resp4m", "resp16m"), "p50_us", 300, PLAIN, added=True),
    Goal(PACED, "max_us", 50_000, PLAIN, added=True),  # a stall; the machine makes pauses of its own
    Goal(PACED, "p50_us", 20, PLAIN, added=True), Goal(PACED, "p99_us", 300, PLAIN, added=True),
    Goal(MESSAGES, "cpu_per_unit", 0.85, "haproxy"), Goal(MESSAGES, "cpu_per_unit", 0.93, "nginx"),
    Goal(MESSAGES, "cpu_per_unit", 0.80, REALM),
    *(Goal(MESSAGES, "p99_us", 1.0, peer) for peer in ("haproxy", "nginx", REALM)),
    Goal(MESSAGES, "cpu_per_unit", 1.05, ONE),
    Goal(("rr32k",), "cpu_per_unit", 0.55, "haproxy"), Goal(("rr32k",), "cpu_per_unit", 1.0, REALM),
    Goal(("conn",), "cpu_per_unit", 0.97, "haproxy"), Goal(("conn",), "cpu_per_unit", 0.80, REALM),
    Goal(("idle",), "bytes_each", 400), Goal(("udp-idle",), "bytes_each", 1024),
    Goal(UDP, "cpu_per_unit", 0.75, "nginx"), Goal(UDP, "cpu_per_unit", 0.92, REALM),
    Goal(("udp-gso",), "cpu_per_unit", 0.35, "nginx"), Goal(("udp-gso",), "cpu_per_unit", 0.35, REALM),
    Goal(("udp-rr",), "cpu_per_unit", 0.80, "nginx"), Goal(("udp-rr",), "cpu_per_unit", 0.60, REALM),
    # A second and 300 ms are for 9,000 endpoints.
    Goal(("start",), "ms", 5), Goal(("many-toml",), "ms", 1111), Goal(("many-json",), "ms", 333),
    Goal(("many-toml", "many-json"), "mib", 64), Goal(("ports9000",), "ms", 150),
    Goal(("rate100", "rate400"), "off_percent", 2),
    Goal(("far-tcp-warm", "far-tls-warm", "far-wss-warm"), "p50_us", 105_000),
)


def _title(work, key):
    measures = next(one.measures for one in works.WORKS if one.name == work)
    return next((measure.title for measure in measures if measure.key == key), key)


def check(results):
    """(work, measure, bound, value, met) of every goal for which something was measured."""
    checked = []
    for goal in GOALS:
        for work in goal.works:
            value = goal.measured(results, work)
            if value is not None:
                checked.append((work, _title(work, goal.key), goal.bound, value, goal.met(value)))
    return checked


def markdown(results):
    lines = ["| goal | measure | bound | measured | |", "|---|---|---|---:|---|"]
    for work, title, bound, value, met in check(results):
        verdict = "" if met else "**missed**"
        lines.append(f"| {work} | {title} | {bound} | {table.number(value)} | {verdict} |")
    return "\n".join(lines) + "\n"
