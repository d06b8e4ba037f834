"""The Debian package: what is in it, and its life from install to purge in a copy of the system."""

import gzip
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from support import ports, relay, unit
from support.case import Case
from support.overlay import Overlay
from support.package import BUILD, Packaged
from support.servers import Server, ask, echo

TIMEOUT = 180
SERIAL = True  # cpack writes into the build folder
NAME = "relay-proxy"
INSTALLED = {
    "etc/relay/relay.toml", "etc/logrotate.d/relay-proxy", "usr/bin/relay",
    "usr/lib/systemd/system/relay.service", "usr/lib/systemd/system/relay.socket",
    "usr/share/man/man1/relay.1.gz", "usr/share/man/man5/relay.toml.5.gz",
    "usr/share/bash-completion/completions/relay", "usr/share/fish/vendor_completions.d/relay.fish",
    "usr/share/zsh/vendor-completions/_relay", *(f"usr/share/doc/{NAME}/{name}" for name in
                                                 ("README.md", "configuration.md", "operations.md",
                                                  "realm.md", "coming-from.md", "control.md",
                                                  "copyright"))}
WANTED = "/etc/systemd/system/multi-user.target.wants/relay.service"
SOCKETS = "/etc/systemd/system/sockets.target.wants/relay.socket"


@unittest.skipIf(relay.SANITIZED, "nobody installs a sanitized build")
class Package(Packaged):
    def unpacked(self):
        package = self.built()
        subprocess.run(["dpkg-deb", "-R", package, self.folder / "deb"], check=True, timeout=60)
        return self.folder / "deb"

    def test_everything_is_in_it_and_nothing_else(self):
        deb = self.unpacked()
        files = {str(path.relative_to(deb)) for path in deb.rglob("*") if path.is_file()}
        self.assertLessEqual(INSTALLED, files)
        examples = f"usr/share/doc/{NAME}/examples/"
        others = {name for name in files - INSTALLED
                  if not name.startswith((examples, "DEBIAN/"))}
        self.assertEqual(others, set())
        for path in deb.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o022, 0, f"{path} can be written by anybody")

    def test_its_fields_and_its_binary(self):
        deb = self.unpacked()
        fields = dict(line.split(": ", 1) for line in
                      (deb / "DEBIAN/control").read_text(encoding="utf-8").splitlines()
                      if ": " in line and not line.startswith(" "))
        self.assertEqual(fields["Package"], NAME)
        self.assertRegex(fields["Depends"], r"libc6 \(>= .*libc-?ares2|libc-?ares2.*libc6 \(>= ")
        self.assertEqual(fields["Recommends"], "ca-certificates")
        self.assertEqual(self.told("file", deb / "usr/bin/relay").split(", ")[-1], "stripped")
        self.assertEqual((deb / "DEBIAN/conffiles").read_text(encoding="utf-8"),
                         "/etc/logrotate.d/relay-proxy\n/etc/relay/relay.toml\n")
        for name in ("postinst", "prerm", "postrm"):
            self.assertTrue(os.access(deb / "DEBIAN" / name, os.X_OK), name)
            self.told("sh", "-n", deb / "DEBIAN" / name)

    def test_symbols_are_in_a_package_beside_it(self):
        deb = self.unpacked()
        subprocess.run(["dpkg-deb", "-R", self.symbols, self.folder / "ddeb"], check=True, timeout=60)
        identity = re.search(r"Build ID: (\w\w)(\w+)", self.told("readelf", "-n",
                                                                deb / "usr/bin/relay"))
        symbols = (self.folder / "ddeb/usr/lib/debug/.build-id" / identity[1] /
                   f"{identity[2]}.debug")
        self.assertIn("with debug_info", self.told("file", symbols))

    def test_pages_and_completions_are_those_of_this_binary(self):
        deb = self.unpacked() / "usr/share"
        page = gzip.decompress((deb / "man/man1/relay.1.gz").read_bytes()).decode()
        self.assertIn(self.cli("--version").stdout.split()[1], page)
        for shell, path in (("bash", "bash-completion/completions/relay"),
                            ("zsh", "zsh/vendor-completions/_relay"),
                            ("fish", "fish/vendor_completions.d/relay.fish")):
            self.assertEqual((deb / path).read_text(encoding="utf-8"),
                             self.cli("completion", shell).stdout)

    def told(self, *command):
        return subprocess.run([str(word) for word in command], check=True, timeout=60, text=True,
                              stdout=subprocess.PIPE).stdout.strip()


@unittest.skipIf(relay.SANITIZED, "nobody installs a sanitized build")
class Installed(Packaged):
    """Nothing of this happens to the machine itself."""

    def setUp(self):
        super().setUp()
        for name in ("dpkg", "dpkg-query"):
            self.program(name)
        self.outside = self.marks()
        self.copy = Overlay(self)
        self.copy.write("/tmp/package.deb", self.built().read_bytes())

    @staticmethod
    def marks():
        """What a mistake would change on the machine."""
        places = ("/etc/relay", "/usr/bin/relay", "/var/log/relay", WANTED)
        mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        return [os.path.lexists(place) for place in places], "relay-overlay" in mounts

    def dpkg(self, *words):
        done = self.copy.run("dpkg", *words, seconds=120)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_its_life_from_install_to_purge(self):
        self.dpkg("--install", "/tmp/package.deb")
        self.assertEqual(self.copy.run("dpkg-query", "-W", "-f", "${db:Status-Status}", NAME).stdout,
                         "installed")
        for name in INSTALLED:
            # Containers' dpkg leaves documents out where it is told to.
            if not name.startswith("usr/share/"):
                self.assertTrue(self.copy.has(f"/{name}"), name)
        if shutil.which("deb-systemd-helper"):
            self.assertTrue(self.copy.has(WANTED), "the unit is enabled")
        self.assertFalse(self.copy.has(SOCKETS), "the sockets are not")
        self.copy.run("mkdir", "-p", os.path.dirname(SOCKETS))  # as somebody enables them
        self.copy.run("ln", "-s", "/usr/lib/systemd/system/relay.socket", SOCKETS)
        self.starts()
        self.dpkg("--remove", NAME)
        self.assertFalse(self.copy.has("/usr/bin/relay"))
        self.assertTrue(self.copy.has("/etc/relay/relay.toml"), "the configuration stays")
        self.dpkg("--purge", NAME)
        self.assertNotEqual(self.copy.run("dpkg-query", "-W", NAME).returncode, 0)
        for place in ("/etc/relay", "/etc/logrotate.d/relay-proxy", "/var/log/relay",
                      "/var/log/private/relay", WANTED, SOCKETS,
                      "/var/lib/systemd/deb-systemd-helper-enabled/relay.service.dsh-also"):
            self.assertFalse(self.copy.has(place), place)
        self.copy.close()
        self.assertEqual(self.marks(), self.outside)

    def starts(self):
        """As it comes it ends in order; with an endpoint it serves until SIGTERM."""
        manager = unit.Manager(self, abstract=True)
        empty = self.launch_unit(self.copy, manager)
        self.assertEqual(empty.wait(20), 0)
        self.assertIn("nothing to serve", manager.wait_for("READY")["STATUS"])
        port = ports.free_port()
        with Server(echo) as server:
            self.copy.write("/etc/relay/relay.toml", (
                f'[log]\noutput = "/var/log/relay/relay.log"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:{port}"\nremote = "127.0.0.1:{server.port}"\n').encode())
            self.copy.run("mkdir", "-p", "/var/log/relay")  # LogsDirectory=
            serving = self.launch_unit(self.copy, manager)
            self.assertEqual(manager.wait_for("READY")["MAINPID"], str(serving.pid))
            self.assertEqual(ask(port, b"through the package"), b"through the package")
            serving.send_signal(signal.SIGTERM)
            manager.wait_for("STOPPING")
            self.assertEqual(serving.wait(20), 0)

    def test_an_upgrade_keeps_the_configuration_and_a_disabled_unit(self):
        if not shutil.which("deb-systemd-helper"):
            self.skipTest("deb-systemd-helper is not installed")
        self.dpkg("--install", "/tmp/package.deb")
        self.copy.write("/etc/relay/relay.toml", b"endpoints = [] # mine\n")
        self.copy.run("rm", WANTED)
        self.dpkg("--install", "--force-confold", "/tmp/package.deb")
        self.assertIn("mine", self.copy.run("cat", "/etc/relay/relay.toml").stdout)
        self.assertFalse(self.copy.has(WANTED), "what was disabled stays disabled")


class CmakeInstall(Case):
    def install(self, build, *words):
        """Installs below a prefix of its own; the prefix."""
        prefix = self.folder / "prefix"
        done = subprocess.run([self.program("cmake"), "--install", build, "--prefix", prefix, *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=120, check=False,
                              env=relay.environment())
        self.assertEqual(done.returncode, 0, done.stdout)
        for line in done.stdout.splitlines():
            if line.startswith("-- Installing: "):
                self.assertTrue(line[15:].startswith(str(prefix)), line)
        return prefix

    def setUp(self):
        super().setUp()
        if not (BUILD / "CMakeCache.txt").exists():
            self.skipTest(f"{BUILD} is no build folder")

    def test_without_a_package_everything_is_below_the_prefix(self):
        prefix = self.install(BUILD)
        for name in ("bin/relay", "share/man/man1/relay.1.gz", "share/man/man5/relay.toml.5.gz",
                     "share/zsh/site-functions/_relay", "share/fish/vendor_completions.d/relay.fish",
                     "share/bash-completion/completions/relay", "share/doc/relay/README.md",
                     "share/doc/relay/realm.md", "share/doc/relay/coming-from.md",
                     "lib/systemd/system/relay.socket", "etc/logrotate.d/relay"):
            self.assertTrue((prefix / name).is_file(), name)
        start = unit.value(prefix / "lib/systemd/system/relay.service", "ExecStart")
        self.assertEqual(start, f"{prefix}/bin/relay -c /etc/relay")
        self.assertFalse(os.path.lexists(prefix / "bin/realm"), "the link is set on demand")
        self.assertFalse(os.path.lexists(prefix / "bin/.debug"), "symbols are set on demand")

    def test_the_program_is_stripped_and_finds_its_symbols(self):
        prefix = self.install(BUILD)
        program = prefix / "bin/relay"
        said = subprocess.run([self.program("file"), program], check=True, timeout=20, text=True,
                              stdout=subprocess.PIPE).stdout
        self.assertEqual(said.strip().split(", ")[-1], "stripped")
        self.assertLess(program.stat().st_size, relay.BINARY.stat().st_size)
        self.install(BUILD, "--component", "debug")
        link = subprocess.run([self.program("readelf"), "--string-dump=.gnu_debuglink", program],
                              check=True, timeout=20, stdout=subprocess.PIPE).stdout
        self.assertIn(b"relay.debug", link)  # a checksum stands behind the name
        sections = subprocess.run([self.program("readelf"), "--sections", "--wide",
                                   prefix / "bin/.debug/relay.debug"],
                                  check=True, timeout=20, stdout=subprocess.PIPE).stdout
        self.assertIn(b".debug_info", sections)

    def test_the_component_realm_is_the_link_and_nothing_else(self):
        prefix = self.install(BUILD, "--component", "realm")
        self.assertEqual([path.name for path in prefix.rglob("*") if not path.is_dir()], ["realm"])
        self.assertEqual(os.readlink(prefix / "bin/realm"), "relay")

    def test_the_link_is_the_installed_program_under_the_other_name(self):
        self.install(BUILD)
        prefix = self.install(BUILD, "--component", "realm")
        said = subprocess.run([prefix / "bin/realm", "--version"], check=True, timeout=20, text=True,
                              stdout=subprocess.PIPE, env=relay.environment()).stdout
        self.assertTrue(said.startswith("Realm 2."), said)

    def test_the_option_sets_the_link_with_everything_else(self):
        build = self.folder / "build"
        done = subprocess.run([self.program("cmake"), "-S", relay.ROOT, "-B", build, "-G", "Ninja",
                               "-DRELAY_TESTS=OFF", "-DRELAY_INSTALL_REALM_LINK=ON"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        (build / "src").mkdir(exist_ok=True)
        shutil.copy(relay.BINARY, build / "src" / "relay")  # no need to build it a second time
        self.assertEqual(os.readlink(self.install(build) / "bin/realm"), "relay")
