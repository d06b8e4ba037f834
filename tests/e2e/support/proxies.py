"""PROXY headers, written by hand here so that the relay's own codec is not what judges it, and
the programs that speak the protocol."""

import ipaddress
import struct

from support import programs
from support.ports import free_port

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


def bracketed(host):
    return f"[{host}]" if ":" in host else host


def v1(source, destination):
    """The line about two (address, port)."""
    kind = "TCP6" if ":" in source[0] else "TCP4"
    return (f"PROXY {kind} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n").encode()


def v2(source, destination, kind=1, tlvs=b""):
    """The block about two (address, port); kind 2 is for datagrams."""
    packed = [ipaddress.ip_address(host).packed for host, _ in (source, destination)]
    block = b"".join(packed) + struct.pack(">HH", source[1], destination[1]) + tlvs
    family = 0x10 if len(packed[0]) == 4 else 0x20
    return SIGNATURE + bytes([0x21, family | kind]) + struct.pack(">H", len(block)) + block


def header(version, source, destination):
    return (v1 if version == 1 else v2)(source, destination)


def nowhere(host):
    """What stands for a destination that nobody knows."""
    return ("::" if ":" in host else "0.0.0.0", 0)


def haproxy(case, to, send="", accept=False, host="127.0.0.1"):
    """From a port of its own to `to` (host, port), with or without headers on either side."""
    return programs.haproxy(case, to, host, "accept-proxy" if accept else "", send)


def nginx_stream(case, to, send=False, accept=False, host="127.0.0.1"):
    """The same with nginx, which sends version 1 and takes both; `.seen()` are the clients that
    were told to it."""
    port = free_port()
    folder = case.folder / f"nginx-{port}"
    folder.mkdir()
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    config = folder / "nginx.conf"
    config.write_text(f"""
load_module {module};
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
stream {{
  log_format told "{'$proxy_protocol_addr $proxy_protocol_port' if accept else '-'}";
  access_log {folder}/access.log told;
  server {{
    listen {bracketed(host)}:{port} {"proxy_protocol" if accept else ""};
    proxy_pass {bracketed(to[0])}:{to[1]};
    {"proxy_protocol on;" if send else ""}
  }}
}}
""", encoding="utf-8")
    started = programs.Program(case, "nginx", ["-p", folder, "-c", config, "-e",
                                               folder / "error.log"], port)
    started.seen = lambda: (folder / "access.log").read_text(encoding="utf-8").split("\n")[:-1]
    return started
