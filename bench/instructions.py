"""Instructions that relay spends in user space for each unit of some fixed works, by room. Unlike
time, that hardly changes from run to run or with what else the machine does."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import callgrind
import configs
import documents
import network
import process
import programs

# (title, the generator's words, amount of the short run, of the long run, one unit)
WORKS = (
    ("64 B exchange, 8 connections", ("exchange", "--connections", "8", "--request", "64"),
     2000, 18000, 1),
    ("32 KiB exchange, 8 connections", ("exchange", "--connections", "8", "--request", "32768"),
     200, 2200, 1),
    ("connect, exchange, close", ("connect", "--connections", "4", "--request", "64"), 200, 1200, 1),
    ("MiB of bulk, 1 connection", ("stream", "--direction", "up"), 16 << 20, 80 << 20, 1 << 20),
)
PORT, REMOTE = 2000, 2001
SHOWN = 0.02  # rooms with a smaller share of every work have no column


def count(given, folder, words, amount):
    """Instructions by room of one run of relay."""
    found = folder / "callgrind.out"
    job = programs.Job(folder=folder, listen=f"127.0.0.1:{PORT}", remote=f"127.0.0.1:{REMOTE}", hop="")
    config = job.file("relay.toml", configs.relay(job))
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={found}", given.relay,
               "-c", config]
    with process.Running("relay", command, {"RELAY_WORKERS": "1"}, (), folder, [PORT]):
        subprocess.run(
            [given.generator, *words, "--to", job.listen, "--listen", job.remote, "--warm-up", "0",
             "--seconds", "120", "--amount", str(amount)], stdout=subprocess.DEVNULL, check=True, timeout=200)
    with open(found, encoding="utf-8", errors="replace") as lines:
        return callgrind.instructions(lines)


def table(rows):
    """rows: (title, instructions by room). Rooms that matter nowhere are `other`."""
    def share(room):
        return max(one.get(room, 0) / max(sum(one.values()), 1) for _, one in rows)
    rooms = sorted({room for _, one in rows for room in one}, key=share, reverse=True)
    shown = [room for room in rooms if share(room) >= SHOWN]
    lines = ["| work | all | " + " | ".join([*shown, "other"]) + " |",
             "|---|---:|" + "---:|" * (len(shown) + 1)]
    for title, one in rows:
        cells = [one.get(room, 0) for room in shown]
        everything = sum(one.values())
        numbers = [everything, *cells, everything - sum(cells)]
        lines.append(f"| {title} | " + " | ".join(f"{number:,.0f}" for number in numbers) + " |")
    return "\n".join(lines)


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/bench --instructions", description=__doc__)
    parser.add_argument("--relay", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--generator", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/")
    given = parser.parse_args(words)
    try:
        network.enter()
    except PermissionError as refused:
        print(f"scripts/bench: {refused} (it takes root, or sudo without a password)", file=sys.stderr)
        return 77
    rows = []
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name:
        for title, generator, short, long, unit in WORKS:
            print(f"counting: {title}", file=sys.stderr, flush=True)
            few, many = (count(given, pathlib.Path(name), generator, amount) for amount in (short, long))
            rows.append((title, callgrind.per_unit(few, many, (long - short) / unit)))
    print(table(rows))
    if given.write_docs:
        documents.write(table(rows), marks=documents.INSTRUCTIONS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
