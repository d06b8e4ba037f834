"""Programs that the benchmark starts: each is known by its pid, and only those are ended."""

import os
import pathlib
import resource
import signal
import subprocess
import time


def tree(pid):
    """The process and all that descend from it."""
    found = [pid]
    for thread in _tasks(pid):
        children = _read(f"/proc/{pid}/task/{thread}/children")
        for child in children.split():
            found += tree(int(child))
    return found


def threads_cpu(pid):
    """Seconds that each living thread of a process has used, from the scheduler's nanoseconds."""
    used = {}
    for thread in _tasks(pid):
        spent = _read(f"/proc/{pid}/task/{thread}/schedstat").split()
        used[int(thread)] = int(spent[0]) * 1e-9 if spent else 0
    return used


def cpu_seconds(pid):
    """CPU time of the living threads of a tree."""
    return sum(sum(threads_cpu(one).values()) for one in tree(pid))


def name_of(pid):
    return _read(f"/proc/{pid}/comm").strip()


def resident_bytes(pid):
    """Resident memory of a tree; what several processes share is counted once."""
    total = 0
    for process in tree(pid):
        for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _read(path):
    try:
        return pathlib.Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:  # it has ended
        return ""


def raise_descriptor_limit(wanted=262144):
    """For us and for what we start; root may raise the hard limit, others take what there is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(wanted, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit
        except (ValueError, OSError):
            continue
    return hard


def go_first(priority=-15):
    """Ahead of whatever else runs, with all we start; not everybody may, and then it is not needed on
    a machine of one's own."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
    except PermissionError:
        pass


def listening(table):
    """Ports of /proc/net/tcp that listen, or all of /proc/net/udp."""
    ports = set()
    for name in (table, table + "6"):
        for line in _read(f"/proc/net/{name}").splitlines()[1:]:
            fields = line.split()
            if table == "udp" or fields[3] == "0A":
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


class Failed(Exception):
    """A program did not do what it was started for."""


class Running:
    """One program; a context manager that ends it. `ports` are those it has to listen on."""

    def __init__(self, name, command, environment, cores, folder, ports, table="tcp"):
        self.name = name
        self.said = folder / f"{name}.log"
        with open(self.said, "wb") as log:
            self.process = subprocess.Popen(
                [*on_cores(cores), *map(str, command)], env={**os.environ, **environment}, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            self._wait_for(set(ports), table)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    def _wait_for(self, ports, table, limit=20):
        end = time.monotonic() + limit
        while not ports <= listening(table):
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                raise Failed(f"{self.name} does not listen: {self.last_words()}")
            time.sleep(0.005)

    def last_words(self):
        return self.said.read_text(encoding="utf-8", errors="replace").strip()[-400:]

    def stop(self):
        everybody = tree(self.pid)
        for pid in everybody[:1] + everybody[:0:-1]:
            _kill(pid, signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            pass
        for pid in everybody[1:]:  # children that outlived their parent
            if _alive(pid):
                _kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end = time.monotonic() + 2
        while any(_alive(pid) for pid in everybody) and time.monotonic() < end:
            time.sleep(0.002)  # they must not use the next one's time

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _alive(pid):
    """False for those who only wait for their parent to notice their end, too."""
    state = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def _kill(pid, how):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


def on_cores(cores):
    """The words that pin what follows; none for no cores."""
    return ["taskset", "-c", listed(cores)] if cores else []


def listed(cores):
    return ",".join(map(str, cores))
