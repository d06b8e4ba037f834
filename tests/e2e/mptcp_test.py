"""Multipath TCP on both sides (spec 1.2 `-m`, 2.4), and kernels that have none."""

import pathlib
import socket
import struct
import sys
import threading

from support import seccomp
from support.case import Case
from support.network import in_own_network
from support.ports import free_port
from support.servers import Server, ask, dial, echo, hash_after_end, digest, pattern, read_all, \
    read_exactly

TIMEOUT = 60
MPTCP = 262
SCRIPT = pathlib.Path(seccomp.__file__)


def lacks():
    """Why this machine has no Multipath TCP; empty when it has."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP).close()
        return ""
    except OSError as error:
        return str(error)


def protocol(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL)


class Remote:
    """An echo (or another talk) that listens with Multipath TCP and notes what its clients speak."""

    def __init__(self, talk=echo, proto=MPTCP):
        self.talk = talk
        self.spoken = []
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.settimeout(60)
            self.spoken.append(protocol(client))
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            try:
                self.talk(client)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def dial_mptcp(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", port))
    return sock


class Spoken(Case):
    def setUp(self):
        super().setUp()
        if why := lacks():
            self.skipTest(f"no Multipath TCP on this machine: {why}")

    def test_both_sides_speak_it_with_m(self):
        for flag in ("-m", "--mtcp", "--mptcp"):
            with Remote() as remote:
                relay = self.relay_to(remote.port, flag)
                self.assertIn("accept-mptcp=true", relay.out())
                self.assertIn("send-mptcp=true", relay.out())
                with dial_mptcp(relay.port) as client:
                    client.sendall(b"hello")
                    self.assertEqual(read_exactly(client, 5), b"hello")
                    # A client that has fallen back to plain TCP says so here.
                    info = client.getsockopt(284, 1, 64)  # SOL_MPTCP, MPTCP_INFO
                    flags = struct.unpack_from("I", info, 8)[0]
                    self.assertEqual(flags & 1, 0, "the client's side fell back to plain TCP")
                self.assertEqual(remote.spoken, [MPTCP])
                relay.stop()

    def test_plain_clients_are_served_by_the_same_listener(self):
        with Server(hash_after_end) as remote:
            relay = self.configured(f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                                    f'remote = "127.0.0.1:{remote.port}"\n'
                                    'network = { accept_mptcp = true }\n')
            data = pattern(3_000_000)
            self.assertEqual(ask(relay.port, data), digest(data))
            with dial_mptcp(relay.port) as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(client), digest(data))

    def test_a_plain_remote_is_served_with_send_mptcp(self):
        with Server(hash_after_end) as remote:
            relay = self.configured(f'[network]\nsend_mptcp = true\n[[endpoints]]\n'
                                    f'listen = "127.0.0.1:LISTEN"\n'
                                    f'remote = "127.0.0.1:{remote.port}"\n')
            data = pattern(3_000_000)
            self.assertEqual(ask(relay.port, data), digest(data))

    def test_each_side_is_chosen_alone(self):
        for key, remote_speaks in (("send_mptcp", MPTCP), ("accept_mptcp", socket.IPPROTO_TCP)):
            with Remote() as remote:
                relay = self.configured(f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                                        f'remote = "127.0.0.1:{remote.port}"\n'
                                        f'network = {{ {key} = true }}\n')
                with dial_mptcp(relay.port) as client:
                    client.sendall(b"hello")
                    self.assertEqual(read_exactly(client, 5), b"hello")
                self.assertEqual(remote.spoken, [remote_speaks], key)
                relay.stop()

    def test_bulk_goes_through_both_ways_at_once(self):
        up, down = pattern(40_000_000, 1), pattern(40_000_000, 2)

        def talk(sock):
            sender = threading.Thread(target=sock.sendall, args=(down,))
            sender.start()
            heard = read_all(sock)
            sender.join()
            sock.sendall(digest(heard))

        with Remote(talk) as remote:
            relay = self.relay_to(remote.port, "-m")
            with dial_mptcp(relay.port) as client:
                def send():
                    client.sendall(up)
                    client.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                heard = read_all(client)
                sender.join()
            self.assertEqual(heard[:-64], down)
            self.assertEqual(heard[-64:], digest(up))

    def test_a_reset_stays_a_reset(self):
        def talk(sock):
            read_exactly(sock, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with Remote(talk) as remote:
            relay = self.relay_to(remote.port, "-m")
            with dial_mptcp(relay.port) as client:
                client.sendall(b"x")
                with self.assertRaises(ConnectionResetError):
                    client.recv(1)

    def test_many_workers_share_the_listener(self):
        with Remote() as remote:
            relay = self.relay_to(remote.port, "-m", env={"RELAY_WORKERS": "4"})
            for _ in range(40):
                with dial_mptcp(relay.port) as client:
                    client.sendall(b"hi")
                    self.assertEqual(read_exactly(client, 2), b"hi")

    def test_sockets_that_are_passed_on_keep_their_kind(self):
        with Server(echo) as remote:
            for proto in (MPTCP, 0):
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto) as listener:
                    listener.bind(("127.0.0.1", 0))
                    listener.listen(8)
                    port = listener.getsockname()[1]
                    passer = ("import os,sys; os.dup2(int(sys.argv[1]), 3, inheritable=True); "
                              "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
                              "os.execv(sys.argv[2], sys.argv[2:])")
                    relay = self.launch("-l", f"127.0.0.1:{port}", "-r", f"127.0.0.1:{remote.port}",
                                        "-m", "--log-level", "info",
                                        launcher=(sys.executable, "-c", passer,
                                                  str(listener.fileno())),
                                        pass_fds=(listener.fileno(),))
                    relay.wait_text("listening on 1 address")
                    with dial(port) as client:
                        client.sendall(b"hi")
                        self.assertEqual(read_exactly(client, 2), b"hi")
                    warned = "has no effect on the inherited socket" in relay.out()
                    self.assertEqual(warned, proto == 0, relay.story())
                    relay.stop()


class Lacking(Case):
    """The kernel's two ways of saying no."""

    KEYS = (("accept_mptcp", "cannot listen on 127.0.0.1:"), ("send_mptcp", "cannot use `send_mptcp`"))

    def refused(self, launcher, kernel, advice):
        for key, phrase in self.KEYS:
            path = self.file(f"{key}.toml", '[[endpoints]]\nlisten = "127.0.0.1:0"\n'
                             f'remote = "127.0.0.1:1"\nnetwork = {{ {key} = true }}\n')
            relay = self.launch("-c", path, launcher=launcher)
            self.assertEqual(relay.wait_exit(), 69, relay.story())
            said = relay.err()
            for part in (f"{key}.toml:2", phrase, "opening a Multipath TCP socket: " + kernel, advice,
                         f"or remove `{key}` (`-m`)"):
                self.assertIn(part, said)

    def test_switched_off_in_this_network(self):
        if why := lacks():
            self.skipTest(f"no Multipath TCP on this machine: {why}")
        in_own_network(lambda: self.refused((), "protocol not available",
                                            "sysctl -w net.mptcp.enabled=1"),
                       {"net/mptcp/enabled": "0"})

    def test_not_in_this_kernel(self):
        # What a kernel without CONFIG_MPTCP says to socket().
        launcher = (sys.executable, "-B", str(SCRIPT), "--refuse-mptcp", "socket")
        self.refused(launcher, "protocol not supported", "CONFIG_MPTCP")

    def test_other_endpoints_run(self):
        launcher = (sys.executable, "-B", str(SCRIPT), "--refuse-mptcp", "socket")
        with Server(echo) as remote:
            port = free_port()
            path = self.file("two.toml", f'''
                [[endpoints]]
                listen = "127.0.0.1:0"
                remote = "127.0.0.1:1"
                network = {{ send_mptcp = true }}
                [[endpoints]]
                listen = "127.0.0.1:{port}"
                remote = "127.0.0.1:{remote.port}"
                ''')
            relay = self.start("-c", path, ports=[port], launcher=launcher)
            with dial(port) as client:
                client.sendall(b"hi")
                self.assertEqual(read_exactly(client, 2), b"hi")
            self.assertIn("send_mptcp", relay.err())

    def test_it_matters_not_where_there_is_no_tcp(self):
        launcher = (sys.executable, "-B", str(SCRIPT), "--refuse-mptcp", "socket")
        self.start_on_free_port(lambda port: ("-l", f"127.0.0.1:{port}", "-r", "127.0.0.1:1", "-m",
                                              "-t", "-u"), tcp=False, udp=True, launcher=launcher)

    def test_without_shared_ports_one_socket_serves_all_workers(self):
        # The first kernels with Multipath TCP had no options for its sockets.
        if why := lacks():
            self.skipTest(f"no Multipath TCP on this machine: {why}")
        launcher = (sys.executable, "-B", str(SCRIPT), "--refuse-mptcp", "reuseport")
        with Remote() as remote:
            relay = self.relay_to(remote.port, "-m", launcher=launcher,
                                  env={"RELAY_WORKERS": "3"})
            clients = [dial_mptcp(relay.port) for _ in range(9)]
            for client in clients:
                client.sendall(b"hi")
                self.assertEqual(read_exactly(client, 2), b"hi")
            for client in clients:
                client.close()
