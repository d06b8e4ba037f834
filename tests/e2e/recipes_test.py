"""Recipes of docs/operations.md about files: keys, certificates, the log. Commands, hooks and
configurations are taken from the document and run on a copy of the system."""

import re
import shutil
import ssl
import subprocess

from support import document, relay, unit
from support.machine import MachineCase
from support.servers import Server, dial, hear, named, read_all
from support.tls import NAME, Authority, client_context
from support.wait import until

TIMEOUT = 120
OPERATIONS = document.read("docs/operations.md")
SERVICE = relay.ROOT / "examples" / "relay.service"
LOGROTATE = relay.ROOT / "packaging" / "logrotate"


def endpoint(port, remote, more):
    return f'[[endpoints]]\nlisten = "127.0.0.1:{port}"\nremote = "127.0.0.1:{remote}"\n{more}'


def credentials(machine):
    """What systemd makes of the unit's LoadCredential= lines: a folder with copies."""
    for _, key, text in unit.settings(SERVICE):
        if key == "LoadCredential":
            name, _, source = text.partition(":")
            machine.run("install", "-D", "-m", "400", f"/etc/credstore/{source}",
                        f"/run/credentials/relay.service/{name}")
    return {"CREDENTIALS_DIRECTORY": "/run/credentials/relay.service"}


def heard(port, authority):
    """(what the server says through TLS, the number of its certificate)"""
    with client_context(authority.file).wrap_socket(dial(port), server_hostname=NAME) as tls:
        return read_all(tls), tls.getpeercert()["serialNumber"]


class Keys(MachineCase):
    def setUp(self):
        super().setUp()
        self.text = document.section(OPERATIONS, "Keys")
        self.authority = Authority(self)

    def issue(self, machine, folder):
        cert, key = self.authority.issue(label=folder.strip("/").replace("/", "-"))
        machine.run("mkdir", "-p", folder)
        machine.write(f"{folder}/fullchain.pem", cert.read_bytes())
        machine.write(f"{folder}/privkey.pem", key.read_bytes())

    def test_keys_that_rarely_change(self):
        self.on_a_machine(self.rarely_change)

    def rarely_change(self, machine):
        self.issue(machine, "/walk")
        machine.shell(document.blocks(self.text, "sh")[0])
        for name in ("cert.pem", "key.pem"):
            said = machine.run("stat", "-c", "%a %U", f"/etc/credstore/relay.{name}").stdout
            self.assertEqual(said, "600 root\n")
        with Server(named("behind")) as server:
            machine.relay(endpoint(8443, server.port, document.blocks(self.text, "toml")[0]), 8443,
                          credentials(machine))
            self.assertEqual(heard(8443, self.authority)[0], b"behind")

    def test_keys_that_certbot_renews(self):
        self.on_a_machine(self.renew)

    def renew(self, machine):
        drop_in = "\n".join(document.blocks(self.text, "ini"))
        group = unit.value(self.file("drop-in", drop_in), "SupplementaryGroups")
        machine.shell(f"groupadd -f {group}\nmkdir -p /etc/ssl/private\n"  # as the package does
                      f"chgrp {group} /etc/ssl/private\nchmod 710 /etc/ssl/private")
        _, hook, user = document.blocks(self.text, "sh")
        machine.write("/walk/hook", hook.encode())
        machine.shell(user + "chmod +x hook")
        self.issue(machine, "/live/old")
        machine.shell("./hook", {"RENEWED_LINEAGE": "/live/old"})
        _, transport, process = document.blocks(self.text, "toml")
        with Server(named("behind")) as server:
            running = machine.relay(process + '[log]\nlevel = "info"\n'
                                    + endpoint(8443, server.port, transport), 8443)
            said, number = heard(8443, self.authority)
            self.assertEqual(said, b"behind")
            self.issue(machine, "/live/new")
            machine.shell("./hook", {"RENEWED_LINEAGE": "/live/new"})
            until(lambda: heard(8443, self.authority)[1] != number, running.story)
        self.assertNotIn("warning: user relay cannot read", running.err())


class Certificate(MachineCase):
    def setUp(self):
        super().setUp()
        self.program("openssl")
        self.text = document.section(OPERATIONS, "A certificate of your own")
        self.make, self.trust = document.blocks(self.text, "sh")
        self.far, self.near = document.blocks(self.text, "toml")

    def test_both_ends_believe_each_other(self):
        self.on_a_machine(self.make_and_believe)

    def make_and_believe(self, machine):
        machine.run("mkdir", "-p", "/etc/relay")  # as the package does
        machine.shell(self.make + self.trust)
        self.assertFalse(machine.has("/walk/key.pem"))
        (address,) = re.findall(r'remote = "([\d.]+):8443"', self.near)
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True, timeout=10)
        env = credentials(machine)
        with Server(named("behind"), port=8000):
            far = machine.relay(self.far, 8443, env)
            machine.relay(self.near, 5000)
            self.assertEqual(hear(5000), b"behind")
            for wrong, essential in ((("sni=relay.", "sni=other."), "is for another name"),
                                     ((";ca=/etc/relay/cert.pem", ""), "is self-signed")):
                self.assertIn(essential, self.text)
                text = '[log]\nlevel = "error"\n' + self.near.replace(*wrong).replace("5000", "5001")
                near = machine.relay(text, 5001)
                self.assertEqual(hear(5001), b"")
                near.wait_text(essential)
                near.stop()
        self.assertEqual(far.err(), "")

    def test_an_authority_for_mutual_tls(self):
        """The commands of the section on transports; what follows from them is tried elsewhere."""
        (commands,) = [block for block in document.blocks(OPERATIONS, "") if "openssl req" in block]
        subprocess.run(["bash", "-ec", commands], cwd=self.folder, check=True, timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        transport = f"tls;cert={self.folder}/cert.pem;key={self.folder}/key.pem;" \
                    f"client_ca={self.folder}/ca.pem"
        with Server(named("behind")) as server:
            far = self.configured(endpoint("LISTEN", server.port,
                                           f'listen_transport = "{transport}"'))
            context = ssl.create_default_context(cafile=self.folder / "ca.pem")
            context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
            with context.wrap_socket(dial(far.port), server_hostname="near.example.com") as tls:
                self.assertEqual(read_all(tls), b"behind")


class Logrotate(MachineCase):
    def test_no_line_is_lost(self):
        self.on_a_machine(self.rotate, {"systemctl": '[ "$*" = "kill --signal=USR1 relay.service" ]'
                                                     ' && kill -USR1 "$(cat /walk/pid)"'})

    def rotate(self, machine):
        place = "/etc/logrotate.d/relay-proxy"
        (command,) = [word for word in document.words(document.section(OPERATIONS, "logrotate"))
                      if "logrotate --force" in word]
        self.assertIn(place, command)
        machine.run("mkdir", "-p", "/etc/logrotate.d", "/var/log/relay", "/var/lib/logrotate")
        machine.write(place, LOGROTATE.read_bytes())
        log = "/var/log/relay/relay.log"
        with Server(named("behind")) as server:
            running = machine.relay(f'[log]\nlevel = "debug"\noutput = "{log}"\n'
                                    + endpoint(5000, server.port, ""), 5000)
            machine.write("/walk/pid", str(running.pid).encode())
            self.assertEqual(hear(5000), b"behind")
            until(lambda: b"session done id=1" in machine.read(log), running.story)
            if shutil.which("logrotate"):
                machine.shell(command)
            else:
                self.by_hand(machine, log)
            until(lambda: machine.has(log), running.story)
            self.assertEqual(hear(5000), b"behind")
            until(lambda: b"session done id=2" in machine.read(log), running.story)
        self.assertIn(b"session done id=1", machine.read(f"{log}.1"))
        self.assertNotIn(b"id=1 ", machine.read(log))
        self.assertEqual(running.err(), "")

    @staticmethod
    def by_hand(machine, log):
        """What logrotate would do with this file."""
        said = LOGROTATE.read_text(encoding="utf-8")
        script = re.search(r"^\tpostrotate\n(.*?)^\tendscript$", said, re.M | re.S)[1]
        machine.shell(f"mv {log} {log}.1\n{script}")

    def test_the_file_says_what_the_unit_s_log_needs(self):
        said = LOGROTATE.read_text(encoding="utf-8")
        folder = unit.value(SERVICE, "LogsDirectory")
        self.assertIn(f"\n/var/log/{folder}/*.log {{\n", said)
        words = {line.strip() for line in said.splitlines() if not line.startswith("#")}
        self.assertIn("nocreate", words)
        self.assertNotIn("copytruncate", words)
        self.assertRegex(said, rf"postrotate\n.*--signal=USR1 {SERVICE.name}")
