"""Ports that are free, and who listens where."""

import os
import random
import socket

WAITING = {"tcp": "0A", "udp": "07"}  # the state of a socket that waits for anybody


def _ephemeral_start():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        return int(text.read().split()[0])


def _is_free(port, only=None):
    anywhere = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
    for family, host in ((socket.AF_INET, only),) if only else anywhere:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as probe:
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((host, port))
            except OSError as error:
                if family == socket.AF_INET6 and not isinstance(error, PermissionError) \
                        and error.errno in (97, 99):  # no IPv6 on this machine
                    continue
                return False
    return True


def free_port(host=None):
    """A port nobody uses, TCP and UDP, below those the kernel hands out to outgoing connections.

    With `host`: nobody uses it at that IPv4 address."""
    top = _ephemeral_start()
    if top < 12000:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return probe.getsockname()[1]
    for _ in range(200):
        port = random.randrange(10240, top)
        if _is_free(port, host):
            return port
    raise RuntimeError("no free port")


def own_address():
    """An IPv4 address of this machine that hardly anybody else listens on."""
    return "127.{}.{}.{}".format(*(random.randrange(100, 250) for _ in range(3)))


def free_ports(count, host=None):
    """A run of `count` adjacent free ports; the first of them."""
    for _ in range(200):
        first = free_port(host)
        if all(_is_free(first + step, host) for step in range(1, count)):
            return first
    raise RuntimeError("no run of free ports")


def _listening_inodes(kind, pid):
    found = {}
    for table in (f"/proc/{pid}/net/{kind}", f"/proc/{pid}/net/{kind}6"):  # of its network
        try:
            with open(table, encoding="ascii") as lines:
                next(lines)
                for line in lines:
                    fields = line.split()
                    if fields[3] == WAITING[kind]:
                        found[fields[9]] = int(fields[1].rsplit(":", 1)[1], 16)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def listening(pid=None, kind="tcp"):
    """The ports that somebody, or the process `pid`, listens on; for UDP, that it has at all."""
    inodes = _listening_inodes(kind, pid or "self")
    if pid is None:
        return set(inodes.values())
    mine = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                port = inodes.get(target[8:-1])
                if port is not None:
                    mine.add(port)
    except PermissionError:
        # Only root sees what a process has open that may not be dumped (process.core_dumps).
        return set(inodes.values())
    except OSError:
        pass
    return mine
