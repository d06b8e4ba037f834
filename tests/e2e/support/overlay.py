"""A copy of the whole system that costs nothing and vanishes: an overlay over / in a mount namespace
of its own. What is installed in it changes no file outside."""

import os
import subprocess

SET_UP = """
set -e
mount -t tmpfs -o size=512m,mode=755 relay-overlay "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay relay-overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
echo ready
read -r end || true
"""


class Overlay:
    """Lives as long as the process that holds the namespace, which is as long as its stdin."""

    def __init__(self, case):
        if os.geteuid() != 0:
            case.skipTest("mounting takes root")
        for name in ("unshare", "nsenter", "chroot", "mount"):
            case.program(name)
        place = case.folder / "overlay"
        place.mkdir()
        self.root = place / "root"
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "sh", place],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        case.addCleanup(self.close)
        if self.holder.stdout.readline() != "ready\n":
            case.skipTest(f"no overlay can be mounted here: {self.holder.stderr.read().strip()}")

    def words(self, *command):
        """The words that run a command in there; the process is the command's own."""
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "chroot", str(self.root),
                *map(str, command)]

    def run(self, *command, seconds=60, env=None):
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                 "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
        return subprocess.run(self.words(*command), stdin=subprocess.DEVNULL, env=clean, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              check=False)

    def write(self, path, content):
        """A file in there, from bytes."""
        subprocess.run(self.words("tee", path), input=content, stdout=subprocess.DEVNULL, timeout=30,
                       check=True)

    def has(self, path):
        return self.run("test", "-e", path).returncode == 0

    def close(self):
        if self.holder.poll() is None:
            self.holder.stdin.close()
            try:
                self.holder.wait(20)
            except subprocess.TimeoutExpired:
                self.holder.kill()
                self.holder.wait()
        for stream in (self.holder.stdin, self.holder.stdout, self.holder.stderr):
            stream.close()
