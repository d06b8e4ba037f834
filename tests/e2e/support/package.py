"""The Debian package of the build under test."""

import shlex
import subprocess

from support import relay, unit
from support.case import Case

BUILD = relay.BINARY.parents[1]


class Packaged(Case):
    def built(self):
        """The package of this build."""
        if not (BUILD / "CPackConfig.cmake").exists():
            self.skipTest(f"{BUILD} is no build folder with a package")
        for name in ("cpack", "dpkg-deb", "dpkg-shlibdeps", "file"):
            self.program(name)
        done = subprocess.run(["cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B",
                               self.folder / "package"], cwd=BUILD, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        (package,) = (self.folder / "package").glob("*.deb")
        (self.symbols,) = (self.folder / "package").glob("*.ddeb")
        return package

    def launch_unit(self, copy, manager):
        """The ExecStart of the unit that is installed in a copy of the system."""
        text = copy.run("cat", "/usr/lib/systemd/system/relay.service").stdout
        start = shlex.split(unit.value(self.file("installed.service", text), "ExecStart"))
        log = open(self.folder / "log", "w+b")
        self.addCleanup(log.close)
        running = subprocess.Popen(copy.words(*start), stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env=relay.environment(manager.env))
        self.addCleanup(lambda: running.poll() is None and (running.kill(), running.wait()))
        return running
