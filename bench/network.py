"""Networks of the benchmark's own. They live as long as this process has their descriptors open, so
nothing is left behind, however it ends."""

import ctypes
import os
import subprocess
import threading

CLONE_NEWNET = 0x40000000
MTU = 1500

# What the kernel does by default differs between machines: BBR paces on loopback and halves the rate,
# and saved metrics make a run depend on the one before it.
SETTINGS = {
    "net/ipv4/tcp_no_metrics_save": "1",
    "net/ipv4/ip_local_port_range": "20000 65535",
    "net/ipv4/tcp_tw_reuse": "1",
    "net/ipv4/ip_forward": "1",
    "net/core/somaxconn": "16384",
}
CONGESTION_CONTROL = ("cubic", "reno")


def _unshare():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        failure = ctypes.get_errno()
        raise PermissionError(failure, f"a network of its own: {os.strerror(failure)}")


def _prepare():
    """Settings of the calling thread's new network; returns its congestion control."""
    _run("ip link set lo up")
    for name, value in SETTINGS.items():
        _write(name, value)
    for name in CONGESTION_CONTROL:
        try:
            _write("net/ipv4/tcp_congestion_control", name)
            return name
        except OSError:  # not there, or not for everybody
            continue
    raise OSError("neither cubic nor reno is available")


def _write(name, value):
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as setting:
        setting.write(value)


def _run(words, inside=None):
    enter = ["nsenter", f"--net={inside.path}"] if inside else []
    subprocess.run([*enter, *words.split()], check=True, timeout=20)


class Far:
    """A network beside this process's; `path` is where setns() finds it."""

    def __init__(self):
        self._fd = None
        thread = threading.Thread(target=self._make)
        thread.start()
        thread.join()
        if self._fd is None:
            raise OSError("a second network cannot be made")
        self.path = f"/proc/{os.getpid()}/fd/{self._fd}"

    def _make(self):
        _unshare()
        _prepare()
        self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def wire(self, device, here, there):
        """A veth pair between here and there; `here` and `there` are addresses of one /24."""
        _run(f"ip link add {device} type veth peer name far")
        _run(f"ip link set far netns {self.path}")
        _run(f"ip addr add {here}/24 dev {device}")
        _run(f"ip link set {device} mtu {MTU} up")
        _run(f"ip addr add {there}/24 dev far", self)
        _run(f"ip link set far mtu {MTU} up", self)
        _run(f"ip route add default via {here}", self)


class Loopback:
    """Client, program and server on 127.0.0.1."""
    name = "loopback"
    program = remote = "127.0.0.1"
    generator = ()


class Chain:
    """client - program - server, each in a network of its own, with an MTU as on the Internet. What
    goes straight to the server (`direct`) is forwarded by the kernel."""
    name = "veth"
    program, remote = "10.7.1.2", "10.7.2.1"

    def __init__(self):
        self._client, self._server = Far(), Far()
        self._client.wire("to-client", self.program, "10.7.1.1")
        self._server.wire("to-server", "10.7.2.2", self.remote)
        self.generator = ("--client-net", self._client.path, "--server-net", self._server.path)


class Delayed:
    """The server is 100 ms away: a path of our own, since the kernel need not have netem. Close it."""
    name = "far"
    program, remote = "127.0.0.1", "10.8.0.1"
    ROUND_TRIP_MS = 100

    def __init__(self, generator):
        self.server = Far()
        self.generator = ("--server-net", self.server.path)
        self._path = subprocess.Popen(
            [generator, "delay", "--delay-ms", str(self.ROUND_TRIP_MS // 2), *self.generator,
             "--client-device", "to-far", "--server-device", "to-near"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self._path.stdout.readline():
            raise OSError("a delayed path cannot be made")
        _run("ip addr add 10.8.0.2/24 dev to-far")
        _run("ip link set to-far up")
        _run(f"ip addr add {self.remote}/24 dev to-near", self.server)
        _run("ip link set to-near up", self.server)

    def close(self):
        self._path.communicate()  # it ends with its input, also when we do not get here


def enter():
    """Puts this process, and what it starts, into a network of its own; returns the name of the
    congestion control that holds there. Call it before there are threads."""
    _unshare()
    return _prepare()
