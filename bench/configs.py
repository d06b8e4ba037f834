"""The configurations that the programs run with: each the best that is known for it."""

import json
import resource

NAME = "bench.example"

HAPROXY = """\
global
  nbthread {workers}
  maxconn {connections}
  tune.ssl.default-dh-param 2048
{pipes}defaults
  mode tcp
{splice}  timeout connect 10s
  timeout client 1h
  timeout server 1h
"""

NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root;
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log crit;
events {{ worker_connections {connections}; }}
stream {{
  proxy_buffer_size 64k;
  proxy_half_close on;
  proxy_timeout 1h;
{servers}}}
"""


def haproxy(job, splice):
    """`splice`: zero copy with pipes of 1 MiB, which is best for bulk and costs small messages."""
    head = HAPROXY.format(
        workers=job.workers, connections=_haproxy_connections(),
        pipes="  maxpipes 500\n  tune.pipesize 1048576\n" if splice else "",
        splice="  option splice-request\n  option splice-response\n" if splice else "")
    if not job.transport:
        return head + _section("one", job.listen, job.remote)
    secret = f"ssl crt {job.certificate.both} alpn h2"
    return (head + _section("near", job.listen, job.hop, server=f"ssl verify none sni str({NAME})")
            + _section("far", job.hop, job.remote, bind=secret))


def _haproxy_connections():
    """As many as it can have descriptors for; asking for more keeps it from starting."""
    return min(40000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1500) // 2)


def _section(name, listen, remote, bind="", server=""):
    return f"listen {name}\n  bind {listen} backlog 16384 {bind}\n  server s {remote} {server}\n"


def nginx(job):
    near, far = "", ""
    if job.transport:
        near = "proxy_ssl on; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse on;"
        far = (f"ssl_certificate {job.certificate.chain}; ssl_certificate_key {job.certificate.key}; "
               "ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:S:1m;")
        servers = (_server(job.listen, job.hop, more=near)
                   + _server(job.hop, job.remote, "ssl", far))
    else:
        servers = _server(job.listen, job.remote, "udp" if job.udp else "")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return NGINX.format(workers=job.workers, connections=min(50000, limit), folder=job.folder,
                        servers=servers)


def _server(listen, remote, kind="", more=""):
    backlog = "" if kind == "udp" else "backlog=16384"
    return f"  server {{ listen {listen} {kind} reuseport {backlog}; proxy_pass {remote}; {more} }}\n"


def rinetd(job):
    proto = "/udp" if job.udp else ""
    (host, port), (to, to_port) = job.listen.split(":"), job.remote.split(":")
    return f"{host} {port}{proto} {to} {to_port}{proto}\n"


def _layers(job):
    """The two ends of the encrypted hop, in realm's words."""
    websocket = f"ws;host={NAME};path=/bench"
    server = f"tls;cert={job.certificate.chain};key={job.certificate.key}"
    client = f"tls;sni={NAME};insecure"
    return {"tls": (server, client), "ws": (websocket, websocket),
            "wss": (f"{websocket};{server}", f"{websocket};{client}")}[job.transport]


def relay(job, network=None, part="whole"):
    """TOML for relay, and for realm, which reads the same. `network` are further settings; `part` is
    "near" or "far" where the two ends of an encrypted hop are two processes."""
    settings = {**dict(job.settings), **(network or {})} if part != "far" else {}
    if job.udp:
        settings.update(use_udp=True, no_tcp=True)
    lines = ["[network]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    if not settings:
        lines = []
    if not job.transport:
        lines += endpoint(job.listen, job.remote)
    else:
        far, near = _layers(job)
        if part != "far":
            lines += endpoint(job.listen, job.hop, remote_transport=near)
        if part != "near":
            lines += endpoint(job.hop, job.remote, listen_transport=far)
    return "\n".join(lines) + "\n"


def endpoint(listen, remote, **more):
    settings = {"listen": listen, "remote": remote, **more}
    return ["[[endpoints]]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]


def many(form, listen, remote, count):
    """`count` endpoints on successive ports that begin with that of `listen`; the first is used."""
    host, first = listen.split(":")
    first = int(first)
    if form == "range":
        lines = endpoint(f"{host}:{first}-{first + count - 1}", remote)
        return "\n".join(lines) + "\n"
    places = [f"{host}:{first + i}" for i in range(count)]
    if form == "json":
        return json.dumps({"endpoints": [{"listen": one, "remote": remote} for one in places]}, indent=1)
    return "\n".join(line for one in places for line in endpoint(one, remote)) + "\n"
