"""The command line of scripts/bench."""

import argparse
import os
import re

import programs
import works

QUICK_PROGRAMS = ("direct", "relay", "haproxy", "haproxy-splice", "nginx")

EPILOG = """\
works (--only takes beginnings of names as well):
  {works}
programs (--peers): {programs}
In --peer, {{listen}} and {{remote}} stand for "address:port"; {{config}} for a file in realm's format,
with which UDP and the chains of two hops can be run too: --peer realm='/usr/bin/realm -c {{config}}'.
Ends with 3 when something else used the machine: then nothing is a result.
"""


def parser():
    names = [one.name for one in programs.from_debian("relay")]
    made = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares relay with other programs, on this machine, in networks of its own.",
        epilog=EPILOG.format(works=" ".join(work.name for work in works.WORKS), programs=" ".join(names)))
    made.add_argument("--quick", action="store_true", help="a few works, one short round; within 90 s")
    made.add_argument("--only", metavar="TEST,…", type=_words, help="these works")
    made.add_argument("--peers", metavar="NAME,…", type=_words,
                      help="these of the programs instead of all; relay always takes part")
    made.add_argument("--peer", metavar="NAME='CMD'", action="append", type=_peer, default=[],
                      help="one more program: NAME='CMD {listen} {remote}'; may be repeated")
    made.add_argument("--rounds", type=_positive, help="how often each is measured (5)")
    made.add_argument("--seconds", type=_seconds, help="how long each time (1.5)")
    made.add_argument("--workers", metavar="N|all", type=_workers, default=1,
                      help="threads of each program; 1 (the default) pins it to one core")
    made.add_argument("--goals", action="store_true", help="a second table: which goals are met")
    made.add_argument("--shared", action="store_true",
                      help="on a virtual machine: say what the hypervisor took instead of refusing it")
    made.add_argument("--json", metavar="FILE", help="every figure of every round")
    made.add_argument("--svg", metavar="FILE", help="a picture of the medians")
    made.add_argument("--write-docs", action="store_true",
                      help="put table and picture into docs/, if they are a result")
    made.add_argument("--relay", metavar="BINARY", help=argparse.SUPPRESS)
    made.add_argument("--generator", metavar="BINARY", help=argparse.SUPPRESS)
    return made


def parse(words):
    given = parser().parse_args(words)
    given.rounds = given.rounds or (1 if given.quick else 5)
    given.seconds = given.seconds or (0.5 if given.quick else 1.5)
    try:
        given.works = _chosen_works(given)
        given.programs = _chosen_programs(given)
    except ValueError as problem:
        parser().error(str(problem))
    return given


def _chosen_works(given):
    if given.only:
        return works.select(given.only)
    return [work for work in works.WORKS if work.quick or not given.quick]


def _chosen_programs(given):
    known = programs.from_debian(given.relay or "relay")
    wanted = given.peers or (QUICK_PROGRAMS if given.quick else [one.name for one in known])
    for name in wanted:
        if name not in {one.name for one in known}:
            raise ValueError(f"--peers: no program of the name {name}; there are: "
                             + ", ".join(one.name for one in known))
    chosen = [one for one in known if one.name in wanted or one.name == "relay"]
    if given.workers == 1:
        chosen = [one for one in chosen if one.name != "relay-one"]
    chosen += [programs.Peer(name, command) for name, command in given.peer]
    names = [one.name for one in chosen]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two programs are called {name}")
    return chosen


def _words(text):
    return [word for word in text.split(",") if word]


def _peer(text):
    name, equals, command = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not command:
        raise argparse.ArgumentTypeError(f"NAME='CMD' is wanted, not {text}")
    return name, command


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _seconds(text):
    value = float(text)
    if not 0.05 <= value <= 600:
        raise argparse.ArgumentTypeError("0.05 to 600")
    return value


def _workers(text):
    return len(os.sched_getaffinity(0)) if text == "all" else _positive(text)
