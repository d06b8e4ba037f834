"""Relays that wrap what they send, and relays that unwrap it."""

from support import websocket
from support.case import Case
from support.ports import free_port
from support.servers import Server
from support.websocket import HOST

WS = websocket.TEXT_OF
# (of the clients' side, of the remote's side)
TEXTS = {
    "ws": (WS, WS),
    "tls": (f"tls;servername={HOST}", f"tls;sni={HOST};insecure"),
    "wss": (f"{WS};tls;servername={HOST}", f"{WS};tls;sni={HOST};insecure"),
}
KINDS = tuple(TEXTS)


def endpoint(listen, remote, inside="", outside="", more="", network=""):
    """An [[endpoints]] of 127.0.0.1; `inside` wraps the clients' side, `outside` the remote's."""
    lines = ["[[endpoints]]", f'listen = "127.0.0.1:{listen}"', f'remote = "127.0.0.1:{remote}"']
    if inside:
        lines.append(f'listen_transport = "{inside}"')
    if outside:
        lines.append(f'remote_transport = "{outside}"')
    return "\n".join([*lines, more, "[endpoints.network]", network, ""])


class TransportCase(Case):
    LOG = '[log]\nlevel = "debug"\n'

    def server(self, talk, **options):
        made = Server(talk, **options)
        self.addCleanup(made.close)
        return made

    def unwrapping(self, kind, remote, network="", top="", **more):
        """A relay whose clients speak `kind` (or a text of its own)."""
        text = TEXTS[kind][0] if kind in TEXTS else kind
        return self.configured(top + self.LOG + endpoint("LISTEN", remote, inside=text,
                                                         network=network, **more))

    def wrapping(self, kind, remote, network="", top="", **more):
        """A relay that speaks `kind` (or a text of its own) to its remote."""
        text = TEXTS[kind][1] if kind in TEXTS else kind
        return self.configured(top + self.LOG + endpoint("LISTEN", remote, outside=text,
                                                         network=network, **more))

    def chain(self, kind, remote, network="", top=""):
        """Two processes: clients reach .port of the first, the second is its .last."""
        last = self.unwrapping(kind, remote, network, top)
        first = self.wrapping(kind, last.port, network, top)
        first.last = last
        return first

    def chain_in_one(self, kind, remote, network=""):
        """Two endpoints of one process."""
        def args(port):
            inner = free_port()
            listen, dial = TEXTS[kind]
            text = (self.LOG + endpoint(inner, remote, inside=listen, network=network)
                    + endpoint(port, inner, outside=dial, network=network))
            return "-c", self.file("chain.toml", text)
        started = self.start_on_free_port(args)
        started.last = started
        return started
