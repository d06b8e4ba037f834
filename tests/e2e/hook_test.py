"""Pre-connect hooks: libraries in C, built here and loaded with -j (spec 1.2, 1.7, 1.8, 10)."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess

from support.case import Case
from support.relay import ROOT, SANITIZED
from support.servers import Refusing, Server, ask, dial, echo, ended_by_reset, hear, named, \
    pattern, read_all, read_exactly
from support.udp import Remote, ask as ask_udp, open_socket
from support.wait import until

TIMEOUT = 60
EXAMPLES = ROOT / "examples"
HEAD = """#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
"""


class HookCase(Case):
    def library(self, length="0", decide="0", name="hook.so"):
        """A library that wants `length` bytes and answers the expression, or body, `decide`."""
        body = decide if "return" in decide else f"return {decide};"
        return self.built(f"{HEAD}uint32_t realm_first_pkt_len(void) {{ return {length}; }}\n"
                          "int32_t realm_decide_remote_idx(int32_t max, const char *pkt) "
                          f"{{ (void)max; (void)pkt; {body} }}\n", name)

    def built(self, source, name="hook.so"):
        made = self.folder / name
        subprocess.run([self.program("cc"), "-shared", "-fPIC", "-O1", "-x", "c", "-o", made, "-"],
                       input=source, text=True, check=True, timeout=30)
        return made

    def hooked(self, library, *remotes, network="", more="", **options):
        """A relay with one endpoint and a hook."""
        first, *others = [f'"127.0.0.1:{port}"' for port in remotes]
        text = (f'[log]\nlevel = "debug"\n[process]\nshutdown_timeout = "300ms"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = {first}\n'
                f'extra_remotes = [{", ".join(others)}]\n{more}\nnetwork = {{ {network} }}\n')

        def args(port):
            return ("-j", library, "-c",
                    self.file("relay.toml", text.replace("LISTEN", str(port))))
        return self.start_on_free_port(args, **options)


class Decisions(HookCase):
    def test_the_start_says_which_hook_there_is(self):
        library = self.library()
        with Server(echo) as remote:
            relay = self.relay_to(remote.port, "-j", library, "-p", "32")
            lines = [line.partition(":")[0] for line in relay.out().splitlines()]
            self.assertEqual(lines[:5], ["fd", "pipe capacity", "hook", "log", "dns"])
            self.assertIn(f"\nhook: {library}\n", relay.out())
            self.assertIn("[hook]", self.cli("-v").stdout)

    def test_a_hook_that_needs_no_bytes_lets_the_remote_speak_first(self):
        with Server(named("banner")) as remote:
            relay = self.hooked(self.library(), remote.port)
            self.assertEqual(hear(relay.port), b"banner")

    def test_the_bytes_are_waited_for_however_they_come_and_still_delivered(self):
        library = self.library("7", 'memcmp(pkt, "magic!!", 7) == 0 ? 0 : -1')
        with Server(echo) as remote:
            relay = self.hooked(library, remote.port)
            for pieces in ([b"magic!!"], [b"m", b"a", b"g", b"i", b"c", b"!", b"!"],
                           [b"magic", b"!! and more"], [b"magic!!" + pattern(500_000)]):
                seen = len(remote.seen)
                with dial(relay.port) as client:
                    for piece in pieces[:-1]:
                        client.sendall(piece)
                        self.acknowledged(client)
                    self.assertEqual(len(remote.seen), seen, "nothing is dialled before")
                    client.sendall(pieces[-1])
                    client.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(client), b"".join(pieces))

    @staticmethod
    def acknowledged(client):
        """What was sent has arrived in the relay's socket."""
        def unsent():
            queued = bytearray(4)
            fcntl.ioctl(client, 0x5411, queued)  # SIOCOUTQ
            return int.from_bytes(queued, "little")
        until(lambda: unsent() == 0, "the acknowledgement")

    def test_rejected_clients_are_closed_and_cost_no_connection(self):
        library = self.library("1", "pkt[0] == 'y' ? 0 : -5")
        with Server(echo) as remote:
            relay = self.hooked(library, remote.port)
            for _ in range(3):
                with dial(relay.port) as client:
                    client.sendall(b"no")
                    ended_by_reset(client)
            self.assertEqual(ask(relay.port, b"yes"), b"yes")
            self.assertEqual(len(remote.seen), 1)
            self.assertRegex(relay.out(), r"\[realm_core::tcp\]\[ERROR\]\[tcp\]127\.0\.0\.1:\d+ => "
                             rf"127\.0\.0\.1:{remote.port}, error: rejected by pre-connect hook "
                             rf"\(on 127\.0\.0\.1:{relay.port}\)\n")
            until(lambda: relay.out().count("end=hook_rejected") == 3, relay.story)

    def test_the_index_chooses_a_remote_where_nothing_is_balanced(self):
        library = self.library("1", "pkt[0] - '0'")
        with Server(named("zero")) as zero, Server(named("one")) as one, \
                Server(named("two")) as two:
            relay = self.hooked(library, zero.port, one.port, two.port)
            for sent, heard in ((b"0", b"zero"), (b"2", b"two"), (b"1", b"one"), (b"2", b"two")):
                with dial(relay.port) as client:
                    client.sendall(sent)
                    self.assertEqual(read_exactly(client, len(heard)), heard)
            with dial(relay.port) as client:  # there is no third
                client.sendall(b"3")
                ended_by_reset(client)
            relay.wait_text("the pre-connect hook chose a remote that does not exist")
            self.assertIn("end=hook_rejected", relay.out())
            self.assertEqual(len(zero.seen + one.seen + two.seen), 4)

    def test_the_index_only_allows_where_something_is_balanced(self):
        library = self.library("0", "max")
        with Server(named("a")) as first, Server(named("b")) as second:
            relay = self.hooked(library, first.port, second.port,
                                more='balance = "roundrobin: 1, 1"')
            heard = [hear(relay.port) for _ in range(6)]
            self.assertEqual(sorted(heard), [b"a"] * 3 + [b"b"] * 3)

    def test_a_chosen_remote_has_no_substitute_but_an_allowed_client_has(self):
        library = self.library("1", "pkt[0] - '0'")
        with Server(named("zero")) as zero, Refusing() as down, Server(named("two")) as two:
            relay = self.hooked(library, zero.port, down.port, two.port)
            with dial(relay.port) as client:
                client.sendall(b"1")
                ended_by_reset(client)
            until(lambda: "end=connect_failed" in relay.out(), relay.story)
            self.assertEqual(zero.seen + two.seen, [])
            relay.stop()
            relay = self.hooked(library, down.port, zero.port)
            with dial(relay.port) as client:
                client.sendall(b"0")
                self.assertEqual(read_exactly(client, 4), b"zero")

    def test_datagrams_are_not_asked_about(self):
        with Remote() as remote, open_socket() as client:
            relay = self.hooked(self.library("0", "-1"), remote.port, network="use_udp = true",
                                udp=True)
            self.assertEqual(ask_udp(client, b"hello", ("127.0.0.1", relay.port)), b"hello")

    def test_each_client_is_asked_about_once(self):
        count = self.folder / "calls"
        append = (f'int f = open("{count}", O_WRONLY | O_CREAT | O_APPEND, 0600); '
                  'if (write(f, "%s", 1) != 1) abort(); close(f); return %s;')
        library = self.built(
            f"{HEAD}uint32_t realm_first_pkt_len(void) {{ {append % ('l', '2')} }}\n"
            "int32_t realm_decide_remote_idx(int32_t max, const char *pkt) "
            f"{{ (void)max; (void)pkt; {append % ('d', '0')} }}\n")
        with Server(echo) as remote:
            relay = self.hooked(library, remote.port)
            for _ in range(3):
                self.assertEqual(ask(relay.port, b"hello"), b"hello")
        self.assertEqual(count.read_text(encoding="ascii"), "ldldld")


class TooFewBytes(HookCase):
    def test_a_silent_client_has_a_limit(self):
        with Server(echo) as remote:
            relay = self.hooked(self.library("4"), remote.port,
                                network='handshake_timeout = "300ms"')
            with dial(relay.port) as client:
                client.sendall(b"abc")
                ended_by_reset(client)
            relay.wait_text("end=hook_timeout")
            self.assertEqual(remote.seen, [])

    def test_a_client_that_ends_before_is_closed(self):
        with Server(echo) as remote:
            relay = self.hooked(self.library("4"), remote.port)
            for sent in (b"", b"abc"):
                with dial(relay.port) as client:
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                    ended_by_reset(client)
            until(lambda: relay.out().count("end=client_eof") == 2, relay.story)
            self.assertEqual(remote.seen, [])

    def test_a_hook_that_wants_more_than_there_can_be_rejects(self):
        with Server(echo) as remote:
            relay = self.hooked(self.library("32769"), remote.port)
            with dial(relay.port) as client:
                ended_by_reset(client)
            relay.wait_text("the pre-connect hook wants more than 32768 bytes")

    def test_as_much_as_there_can_be_is_waited_for(self):
        data = pattern(32768)
        with Server(echo) as remote:
            relay = self.hooked(self.library("32768", "pkt[32767] == '\\x%02x' ? 0 : -1" % data[-1]),
                                remote.port)
            self.assertEqual(ask(relay.port, data), data)

    def test_the_end_of_the_process_does_not_wait_for_them(self):
        with Server(echo) as remote:
            relay = self.hooked(self.library("4"), remote.port)
            with dial(relay.port) as client:
                client.sendall(b"abc")
                Decisions.acknowledged(client)
                relay.signal(signal.SIGTERM)
                self.assertEqual(relay.wait_exit(), 0)


class Hanging(HookCase):
    """A hook that waits until somebody opens a fifo for writing."""

    def setUp(self):
        super().setUp()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)
        self.mark = self.folder / "hangs"
        self.hang = self.library("1", f"""if (pkt[0] == 'h') {{
            close(open("{self.mark}", O_WRONLY | O_CREAT, 0600));
            close(open("{self.fifo}", O_RDONLY));
        }}
        return 0;""")

    def release(self):
        with open(self.fifo, "wb"):
            pass

    def wait_until_it_hangs(self, relay):
        until(self.mark.exists, relay.story)

    def test_nobody_else_notices(self):
        with Server(echo) as remote:
            relay = self.hooked(self.hang, remote.port, env={"RELAY_WORKERS": "1"})
            with dial(relay.port) as other, dial(relay.port) as stuck, dial(relay.port) as late:
                other.sendall(b"go")
                self.assertEqual(read_exactly(other, 2), b"go")
                stuck.sendall(b"hang")
                self.wait_until_it_hangs(relay)
                late.sendall(b"late")
                data = pattern(2_000_000)
                other.settimeout(20)
                for _ in range(3):
                    for at in range(0, len(data), 50_000):
                        other.sendall(data[at:at + 50_000])
                        self.assertEqual(read_exactly(other, 50_000), data[at:at + 50_000])
                self.release()
                self.assertEqual(read_exactly(stuck, 4), b"hang")
                self.assertEqual(read_exactly(late, 4), b"late")

    def test_the_process_ends_in_time(self):
        with Server(echo) as remote:
            relay = self.hooked(self.hang, remote.port)
            with dial(relay.port) as client, dial(relay.port) as other:
                client.sendall(b"hang")
                self.wait_until_it_hangs(relay)
                other.sendall(b"go")
                relay.signal(signal.SIGTERM)
                self.assertEqual(relay.wait_exit(10), 0)
                self.assertIn("stopped, although the hook has not answered", relay.out())

    def test_clients_that_leave_meanwhile_make_room(self):
        with Server(echo) as remote:
            relay = self.hooked(self.hang, remote.port, more="max_connections = 2")
            with dial(relay.port) as stuck, dial(relay.port) as leaver:
                stuck.sendall(b"hang")
                self.wait_until_it_hangs(relay)
                leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                leaver.close()
                until(lambda: "end=reset_by_client" in relay.out(), relay.story)
                with dial(relay.port) as late:
                    late.sendall(b"late")
                    self.release()
                    self.assertEqual(read_exactly(late, 4), b"late")

    def test_the_log_says_so_once(self):
        with Server(echo) as remote:
            relay = self.hooked(self.hang, remote.port)
            clients = [dial(relay.port) for _ in range(3)]
            for client in clients:
                client.sendall(b"hang")
            relay.wait_text("[relay::hook][ERROR]the hook has not answered for 10 s", seconds=20)
            self.release()
            relay.wait_text("the hook has answered after 1")
            self.assertEqual(relay.out().count("the hook has not answered"), 1)
            for client in clients:
                self.release_until(client)
                client.close()

    def release_until(self, client):
        """The other clients hang one after the other."""
        client.setblocking(False)

        def answered():
            try:
                os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody waits for it
                pass
            try:
                return client.recv(4) == b"hang"
            except BlockingIOError:
                return False
        until(answered, "the answer")


class Libraries(HookCase):
    ENDPOINT = ("-l", "127.0.0.1:0", "-r", "127.0.0.1:1")

    def refused(self, library, *parts):
        for first in ((), ("check",)):
            done = self.cli(*first, "-j", library, *self.ENDPOINT, code=78)
            for part in ("error: ", str(library), *parts):
                self.assertIn(part, done.stderr)
            self.assertNotIn("hook:", done.stdout)

    def test_a_good_one_passes_the_check(self):
        self.cli("check", "-j", self.library(), *self.ENDPOINT)

    def test_one_that_is_missing(self):
        self.refused("/no/such/hook.so", "cannot load the hook library", "No such file")

    def test_one_that_is_no_library(self):
        self.refused(self.file("hook.so", "just text"), "cannot load the hook library")

    def test_one_without_the_functions(self):
        for lacking, source in (("realm_first_pkt_len", "int x;"),
                                ("realm_decide_remote_idx",
                                 HEAD + "uint32_t realm_first_pkt_len(void) { return 0; }")):
            self.refused(self.built(source, lacking + ".so"), f"has no function `{lacking}`")

    def test_one_in_this_folder_needs_a_slash(self):
        self.library(name="here.so")
        self.refused("here.so", "write ./here.so")
        self.cli("check", "-j", "./here.so", *self.ENDPOINT)

    def test_a_crash_takes_the_process_with_it(self):
        if SANITIZED:
            self.skipTest("the sanitizer would report the crash of the hook")
        relay = self.hooked(self.library("0", "abort(); return 0;"), 1)
        with dial(relay.port) as client:
            ended_by_reset(client)
        self.assertEqual(relay.wait_exit(), -signal.SIGABRT)
        relay.check = lambda: None  # that is what this test is about


class Example(HookCase):
    def test_the_example_is_built_as_it_says_and_tells_https_from_ssh(self):
        shutil.copy(EXAMPLES / "hook.c", self.folder)
        build = next(line for line in (EXAMPLES / "hook.c").read_text(encoding="utf-8").splitlines()
                     if " cc " in line).strip(" *")
        said = (EXAMPLES / "hook.toml").read_text(encoding="utf-8")
        self.assertIn(build, said)
        self.assertTrue(build.startswith("cc "))
        subprocess.run([self.program("cc"), *build.split()[1:], "-Wextra", "-Werror"],
                       cwd=self.folder, check=True, timeout=30)
        with Server(named("https")) as https, Server(named("ssh")) as ssh:
            text = said.replace("0.0.0.0:443", "127.0.0.1:LISTEN") \
                .replace("10.0.0.7:443", f"127.0.0.1:{https.port}") \
                .replace("10.0.0.7:22", f"127.0.0.1:{ssh.port}")
            relay = self.start_on_free_port(
                lambda port: ("-j", self.folder / "hook.so", "-c",
                              self.file("hook.toml", text.replace("LISTEN", str(port)))))
            for sent, heard in ((b"\x16\x03\x01\x02", b"https"), (b"SSH-2.0-x\r\n", b"ssh")):
                with dial(relay.port) as client:
                    client.sendall(sent)
                    self.assertEqual(read_exactly(client, len(heard)), heard)
            with dial(relay.port) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                ended_by_reset(client)
            self.assertEqual(len(https.seen), 1)
            self.assertEqual(len(ssh.seen), 1)
