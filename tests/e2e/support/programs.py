"""Real programs at both ends of a relay. Each runs in the foreground on 127.0.0.1, in a folder of
its own, and is ended by its own process id."""

import os
import pathlib
import subprocess
import tempfile

from support.ports import free_port, listening
from support.wait import until


class Program:
    """Owns one child process; start it with the port it will listen on."""

    def __init__(self, case, name, args, port, cwd=None, tcp=True):
        self.port = port
        self.said = case.folder / f"{pathlib.Path(name).name}-{port}.log"
        with open(self.said, "wb") as log:
            self.process = subprocess.Popen([case.program(name), *map(str, args)], cwd=cwd,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        case.addCleanup(self.stop)
        if tcp:
            until(lambda: self.process.poll() is not None or port in listening(),
                  lambda: f"{name} listening\n{self.said.read_text(errors='replace')}", 20)
        if self.process.poll() is not None:
            case.fail(f"{name} ended:\n{self.said.read_text(errors='replace')}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def nginx(case):
    """Serves and takes (PUT) the files of the folder `.files`."""
    folder = case.folder / "nginx"
    files = folder / "files"
    files.mkdir(parents=True)
    os.chmod(case.folder, 0o755)  # its worker may run as another user
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 1g;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port};
    root {files};
    location / {{ dav_methods PUT; dav_access all:rw; }}
  }}
}}
""", encoding="utf-8")
    started = Program(case, "nginx", ["-p", folder, "-c", config, "-e", folder / "error.log"], port)
    started.files = files
    return started


def nginx_site(case):
    """A web site of one page, which ends what is idle soon."""
    port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx-site-", dir=case.folder))
    (folder / "files").mkdir()
    (folder / "files" / "index.html").write_text("<html>a page</html>\n", encoding="utf-8")
    for each in (case.folder, folder, folder / "files"):
        os.chmod(each, 0o755)  # its worker may run as another user
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 400ms;
  client_header_timeout 400ms;
  client_body_timeout 400ms;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
  }}
}}
""", encoding="utf-8")
    return Program(case, "nginx", ["-p", folder, "-c", config, "-e", folder / "error.log"], port)


def nginx_saying(case, word, host="127.0.0.1", port=None, backlog=511, within=()):
    """Answers every request with one word. A single process, so that signals stop all of it; `within`
    is a command to run it by, such as one that enters a network namespace."""
    port = port or free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"nginx-{word}-", dir=case.folder))
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} backlog={backlog};
    location / {{ return 200 "{word}"; }}
  }}
}}
""", encoding="utf-8")
    how = [*within, case.program("nginx"), "-p", folder, "-c", config, "-e", folder / "error.log"]
    return Program(case, how[0], how[1:], port, tcp=not within)


def haproxy(case, to, host="127.0.0.1", bind="", server=""):
    """A stream of bytes from a port of its own to `to` (host, port), with options for both."""
    port = free_port()
    there = f"[{to[0]}]" if ":" in to[0] else to[0]
    config = case.file(f"haproxy-{port}.cfg", f"""
global
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen one
  bind {host}:{port} {bind}
  server s {there}:{to[1]} {server}
""")
    return Program(case, "haproxy", ["-db", "-f", config], port)


def dnsmasq(case, hosts):
    """A name server of `hosts` (text of a hosts file); reload(text) switches the answers."""
    port = free_port()
    table = case.file("dnsmasq.hosts", hosts)
    started = Program(case, "dnsmasq", [
        "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-queries",
        "--log-facility=-", "--user=root", "--pid-file=", "--listen-address=127.0.0.1",
        "--bind-interfaces", f"--addn-hosts={table}", "--local-ttl=1", f"--port={port}"], port)
    started.address = f"127.0.0.1:{port}"

    def reload(text):
        table.write_text(text, encoding="utf-8")
        started.process.send_signal(1)
    started.reload = reload
    return started


def iperf3_server(case):
    port = free_port()
    return Program(case, "iperf3", ["-s", "-B", "127.0.0.1", "-p", port], port)


def certificate(case):
    """(certificate, key) for the name `relay.test`."""
    cert, key = case.folder / "cert.pem", case.folder / "key.pem"
    subprocess.run([case.program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=relay.test",
                    "-addext", "subjectAltName=DNS:relay.test", "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=30)
    return cert, key


def openssl_server(case, cert, key, *more):
    port = free_port()
    return Program(case, "openssl", ["s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert,
                                     "-key", key, "-quiet", *more], port, cwd=case.folder)


def sshd(case):
    """A private sshd that lets the user of this test in by a key; `.ssh` are the client's options."""
    case.program("ssh")
    if os.getuid() == 0:  # sshd wants it, and nobody else made it
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder = case.folder / "sshd"
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run([case.program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f",
                        folder / name], check=True, timeout=30)
    (folder / "authorized").write_text((folder / "client.pub").read_text())
    port = free_port()
    config = case.file("sshd/config", f"""
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
""")
    started = Program(case, "sshd", ["-D", "-e", "-f", config], port)
    started.options = ["-F", "/dev/null", "-i", str(folder / "client"), "-o", "BatchMode=yes", "-o",
                       "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                       "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]
    return started
