"""The benchmark; scripts/bench builds what it needs and starts it."""

import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile

import arguments
import documents
import figures
import goals
import machine
import network
import picture
import process
import programs
import session
import table
from configs import NAME
from runner import Runner

NOT_A_RESULT = 3


def certificate(folder):
    """A key and a certificate of our own, for as long as this run lasts."""
    made = programs.Certificate(folder / "cert.pem", folder / "key.pem", folder / "both.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
         "-keyout", made.key, "-out", made.chain], check=True, capture_output=True, timeout=30)
    made.both.write_bytes(made.chain.read_bytes() + made.key.read_bytes())
    return made


def cores_for(workers):
    """(of the programs, of the generator): apart when the programs have one worker."""
    available = sorted(os.sched_getaffinity(0))
    if workers > 1 or len(available) < 2:
        return (), ()
    return (available[0],), (available[-1],)


def networks_for(given):
    """Those that the works need; works whose network cannot be made here are left out."""
    kinds = {"loopback": network.Loopback, "veth": network.Chain,
             "far": lambda: network.Delayed(given.generator)}
    made = {}
    for name in dict.fromkeys(work.network for work in given.works):
        try:
            made[name] = kinds[name]()
        except (OSError, subprocess.SubprocessError) as failure:
            print(f"{name}: {failure}; its works are left out", file=sys.stderr)
            given.works = [work for work in given.works if work.network != name]
    return made


def present(chosen):
    for program in chosen:
        if program.missing():
            print(f"{program.name}: {program.binary} is not there; left out", file=sys.stderr)
    return [program for program in chosen if not program.missing()]


def report(done, given, control):
    """Prints the table and what has to be said about it; True when it is a result."""
    cores = "one core each" if given.workers == 1 else "all cores"
    workers = "one worker" if given.workers == 1 else f"{given.workers} workers"
    text = table.markdown(done.results, given.works) + "\n" + table.EXPLANATION.format(
        rounds=given.rounds, cores=cores, workers=workers) + f"Congestion control: {control}.\n"
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    text += f"Machine: {machine.describe(cpuinfo, platform.release())}.\n"
    if given.shared and done.stolen:
        text += table.SHARED.format(median=figures.median(done.stolen), most=max(done.stolen))
    for problem in dict.fromkeys(done.problems):
        text += f"- {problem}\n"
    if done.disturbed:
        print(f"**NOT A RESULT**: something else used the machine in {len(done.disturbed)} of "
              f"{done.runs} runs, for example {done.disturbed[0]}.\n")
    print(text)
    if given.goals:
        print(goals.markdown(done.results))
    if given.json:
        pathlib.Path(given.json).write_text(json.dumps(
            {"result": not done.disturbed, "rounds": given.rounds, "workers": given.workers,
             "stolen": done.stolen, "problems": done.problems, "disturbed": done.disturbed, "runs": done.results.runs()},
            indent=1) + "\n", encoding="utf-8")
    drawing = picture.svg(done.results, f"Medians; rounds: {given.rounds}; {workers}.")
    if given.svg and drawing:
        pathlib.Path(given.svg).write_text(drawing, encoding="utf-8")
    if given.write_docs:
        if done.disturbed:
            print("--write-docs: this is not a result, so nothing was written", file=sys.stderr)
        else:
            documents.write(text, drawing)
    return not done.disturbed


def main(words):
    given = arguments.parse(words)
    for one in (signal.SIGINT, signal.SIGTERM):  # either ends what we have started
        signal.signal(one, signal.default_int_handler)
    try:
        control = network.enter()
    except PermissionError as refused:
        print(f"scripts/bench: {refused} (it takes root, or sudo without a password)", file=sys.stderr)
        return 77
    networks = networks_for(given)
    process.raise_descriptor_limit()
    process.go_first()
    chosen = present(given.programs)
    long = session.estimate(given.works, chosen, given.rounds, given.seconds)
    print(f"{len(given.works)} works, {len(chosen)} programs, {given.rounds} rounds: this will take about "
          f"{session.clock(long)}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o755)  # a program may run as somebody else
        on = Runner(given.generator, folder, networks, certificate(folder), cores_for(given.workers),
                    given.workers, given.seconds, given.shared)
        done = session.Session(on)
        try:
            done.go(given.works, chosen, given.rounds, given.seconds)
        except KeyboardInterrupt:
            print("interrupted; so far:", file=sys.stderr)
            given.write_docs = False
            report(done, given, control)
            return 130
        finally:
            if "far" in networks:
                networks["far"].close()
    return 0 if report(done, given, control) else NOT_A_RESULT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
