"""nginx and haproxy with TLS, on one side or the other."""

import os

from support import programs
from support.ports import free_port


def nginx_tls(case, cert, key, locations):
    """https on a port of its own; `locations` is what the server block holds besides."""
    port = free_port()
    folder = case.folder / f"nginx-tls-{port}"
    files = folder / "files"
    files.mkdir(parents=True)
    os.chmod(case.folder, 0o755)  # its worker may run as another user
    config = folder / "nginx.conf"
    config.write_text(f"""
{"user root;" if os.getuid() == 0 else ""}
daemon off;
worker_processes 1;
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
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root {files};
    {locations}
  }}
}}
""", encoding="utf-8")
    started = programs.Program(case, "nginx", ["-p", folder, "-c", config, "-e",
                                               folder / "error.log"], port)
    started.files = files
    return started


def passing_websockets(port, host):
    """A location of nginx in front of a ws listener: its Host and Upgrade are not passed by
    themselves."""
    return f"""
    location /x {{
      proxy_pass http://127.0.0.1:{port};
      proxy_http_version 1.1;
      proxy_set_header Host {host};
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 60s;
    }}"""


def haproxy_tls(case, to, bind="", server=""):
    """From a port of its own to a port of this machine; `bind` and `server` are options of both."""
    return programs.haproxy(case, ("127.0.0.1", to), bind=bind, server=server)
