"""What an operator sees without having asked for much: the default level, the lines of sessions and
errors, the totals, and the messages of the start."""

import contextlib
import os
import pty
import re
import signal

from range_test import RangeCase
from support.case import Case
from support.ports import free_port
from support.relay import LINE
from support.servers import Refusing, Server, ask, dial, echo, hear, named, read_exactly
from support.udp import UdpCase, address
from support.wait import until


def answers(head):
    """A server of another kind: it takes a request and says this."""
    def talk(sock):
        sock.recv(65536)
        sock.sendall(head)
    return talk


def fields(started, what="session done"):
    """The fields of each such line so far."""
    return [dict(re.findall(r'([\w]+)=("[^"]*"|\S+)', line))
            for line in re.findall(f"{what} (.*)", started.out())]


class Defaults(Case):
    """No level is given."""

    def test_a_remote_that_is_down_leaves_a_line(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port)
            self.assertEqual(hear(started.port), b"")
            at, to = f"127.0.0.1:{started.port}", f"127.0.0.1:{nobody.port}"
            started.wait_text(f" => {to}, error: connecting: connection refused (on {at})\n")
            self.assertIn(f"connect to {to}: connection refused (on {at})\n", started.out())

    def test_a_storm_of_them_is_two_lines(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port)
            for _ in range(30):
                self.assertEqual(hear(started.port), b"")
            started.wait_text(", error: ")
        lines = re.findall(r"\[(?:WARN|ERROR)\]\[tcp\].*", started.out())
        self.assertEqual(len([line for line in lines if not re.search("more times|once more", line)]), 2, lines)

    def test_good_sessions_are_not_told(self):
        with Server(named("hi")) as server:
            started = self.relay_to(server.port)
            self.assertEqual(hear(started.port), b"hi")
            started.stop()
        self.assertNotIn("session done", started.out())

    def test_milliseconds_and_a_zone_on_request(self):
        forms = {"": r"\d\.\d{3}\]", '\ntime = "local"': r"\d\.\d{3}\]",
                 '\ntime = "utc"': r"\d\.\d{3}Z\]", '\ntime = "zone"': r"\d\.\d{3}\+05:30\]"}
        with Server(named("hi")) as server:
            for key, form in forms.items():
                with self.subTest(key):
                    started = self.configured(
                        f'[log]\nlevel = "info"{key}\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                        f'remote = "127.0.0.1:{server.port}"\n', env={"TZ": "XYZ-05:30"})
                    started.wait_text("listening on 1 address")
                    (line,) = re.findall(r".*listening on 1 address.*", started.out())
                    self.assertRegex(line, LINE)
                    self.assertRegex(line, form)


class Sessions(RangeCase):
    def test_a_range_has_the_very_port_on_both_sides(self):
        far = self.remote_range(2)
        started = self.range_relay(2, f"127.0.0.1:{far}-{far + 1}", udp=False, level="info")
        self.assertEqual(hear(started.first + 1, started.host), b"tcp 1")
        until(lambda: fields(started), started.story)
        (done,) = fields(started)
        self.assertEqual((done["listen"], done["remote"]),
                         (f"{started.host}:{started.first + 1}", f"127.0.0.1:{far + 1}"))

    def test_a_connection_that_was_ready_says_so(self):
        with Server(echo) as server:
            started = self.configured(
                '[log]\nlevel = "info"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{server.port}"\nnetwork = {{ warm = 1 }}\n')

            def found():  # the first clients may come before one is ready
                self.assertEqual(ask(started.port, b"hi"), b"hi")
                return [each for each in fields(started) if "warm" in each]
            until(found, started.story)
            done = found()[0]
        self.assertEqual(done["warm"], "yes")
        self.assertNotIn("connect_ms", done)
        self.assertIn("first_byte_ms", done)

    def test_a_wrong_path_of_websocket_is_told_with_the_status(self):
        with Server(answers(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")) as server:
            started = self.configured(
                '[log]\nlevel = "info"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{server.port}"\nremote_transport = "ws;host=h;path=/wrong"\n')
            self.assertEqual(hear(started.port), b"")
            until(lambda: fields(started), started.story)
        (done,) = fields(started)
        self.assertEqual(done["end"], "remote_handshake_failed")
        self.assertIn("HTTP status 404 in place of 101", done["error"])
        self.assertRegex(started.out(), r"\[ERROR\].*error: WebSocket handshake: HTTP status 404 in ")
        self.assertRegex(started.out(), r"\[WARN\].*connect to .*: HTTP status 404 in place of 101")


class Names(Case):
    """An endpoint with a name is called by it wherever it is called at all."""

    def test_in_lines_of_sessions_and_errors_and_in_commands(self):
        second = free_port()
        with Server(named("hi")) as server, Refusing() as nobody:
            control = self.folder / "c.sock"
            started = self.configured(
                f'[log]\nlevel = "info"\n[control]\npath = "{control}"\n'
                '[[endpoints]]\nname = "web"\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{server.port}"\n[[endpoints]]\nname = "mail"\n'
                f'listen = "127.0.0.1:{second}"\nremote = "127.0.0.1:{nobody.port}"\n')
            self.assertEqual(hear(started.port), b"hi")
            self.assertEqual(hear(second), b"")
            until(lambda: len(fields(started)) == 2, started.story)
            web, mail = f"127.0.0.1:{started.port}", f"127.0.0.1:{second}"
            self.assertEqual({(each["listen"], each["name"]) for each in fields(started)},
                             {(web, "web"), (mail, "mail")})
            self.assertIn(f"error: connecting: connection refused (on {mail} (mail))\n", started.out())
            self.assertIn(f"endpoint {web} (web): listening\n",
                          self.cli("status", "--control", control).stdout)
            self.assertIn(f"inited: {mail} (mail) -> [", started.out())
            started.signal(signal.SIGUSR2)
            started.wait_text(f"endpoint {mail} name=mail remote=")


class NameServers(Case):
    def test_one_that_is_dead_is_named_with_what_follows(self):
        gone = free_port()
        started = self.configured(
            f'[dns]\nnameservers = ["127.0.0.1:{gone}"]\n[[endpoints]]\n'
            'listen = "127.0.0.1:LISTEN"\nremote = "name.test:1"\n')
        for _ in range(3):
            self.assertEqual(hear(started.port), b"")
        started.wait_text("resolving: ")
        lines = re.findall(r"\[relay::dns\]\[WARN\](.*)", started.out())
        self.assertEqual(lines, [f"name server 127.0.0.1:{gone}: connection refused; there is no other "
                                 "one; names keep the addresses that are known, others cannot be "
                                 "looked up until it answers"])


class Associations(UdpCase):
    def test_errors_name_the_listener(self):
        gone = free_port()
        started = self.udp_relay(gone, level="warn")
        self.client().sendto(b"lost", started.at)
        started.wait_text(f"sending: connection refused (on 127.0.0.1:{started.port})\n")

    def test_the_line_of_the_end_names_the_listener(self):
        started = self.udp_relay(self.remote().port, network='udp_timeout = "100ms"', level="info")
        client = self.client()
        client.sendto(b"hello", started.at)
        until(lambda: fields(started, "association done"), started.story)
        (done,) = fields(started, "association done")
        self.assertEqual((done["client"], done["listen"]),
                         (address(client), f"127.0.0.1:{started.port}"))


class Totals(Case):
    def asked(self, started, wanted, where="out"):
        """The fields of each endpoint's line, once there are so many."""
        read = started.out if where == "out" else started.err
        started.signal(signal.SIGUSR2)
        lines = lambda: re.findall(r"endpoint (\S+) (.*)", read())
        until(lambda: len(lines()) >= wanted, started.story)
        return {name: dict(re.findall(r"(\w+)=(\S+)", rest)) for name, rest in lines()[-wanted:]}

    def test_one_line_for_each_endpoint(self):
        with Server(echo) as server, Refusing() as nobody:
            second = free_port()
            started = self.configured(
                '[log]\nlevel = "error"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
                f'remote = "127.0.0.1:{server.port}"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:{second}"\nremote = "127.0.0.1:{nobody.port}"\n'
                "network = { use_udp = true }\n")
            with dial(started.port) as sock:
                sock.sendall(b"hello")
                self.assertEqual(read_exactly(sock, 5), b"hello")
                self.assertEqual(hear(second), b"")
                until(lambda: "error: " in started.out(), started.story)
                told = self.asked(started, 2)
        first = told[f"127.0.0.1:{started.port}"]
        self.assertEqual([first[key] for key in ("remote", "connections", "total", "up", "down")],
                         [f"127.0.0.1:{server.port}", "1", "1", "5", "5"])
        other = told[f"127.0.0.1:{second}"]
        self.assertEqual([other[key] for key in ("total", "associations", "lost_datagrams")],
                         ["1", "0", "0"])
        self.assertEqual(other["errors"], "connecting/connection_refused:1")
        self.assertRegex(started.out(), r"\[relay::status\]\[INFO\]endpoint ")

    def test_without_a_log_the_answer_is_on_stderr(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "--log-level", "off")
            told = self.asked(started, 1, "err")
        self.assertEqual(told[f"127.0.0.1:{started.port}"]["total"], "0")
        self.assertNotIn("endpoint ", started.out())


class Start(Case):
    ENDPOINT = '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:9"\n'

    def on_a_terminal(self, *words):
        """What it says, until it ends, where standard output and error are one terminal."""
        outer, inner = pty.openpty()
        for each in (outer, inner):
            self.addCleanup(os.close, each)
        os.set_blocking(outer, False)
        started = self.launch(*words, launcher=("sh", "-c", 'exec "$@" >"$0" 2>&1',
                                                os.ttyname(inner)))
        self.assertEqual(started.wait_exit(), 69)
        said = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                said += os.read(outer, 1 << 16)
        return said.decode()

    def test_an_error_stands_once_on_a_terminal(self):
        with Server(named("busy")) as busy:
            said = self.on_a_terminal("-l", f"127.0.0.1:{busy.port}", "-r", "127.0.0.1:9")
        self.assertEqual(said.count("cannot listen on"), 1, said)
        self.assertIn("error: ", said)

    def test_where_they_are_apart_each_has_it(self):
        with Server(named("busy")) as busy:
            done = self.cli("-l", f"127.0.0.1:{busy.port}", "-r", "127.0.0.1:9", code=69)
        self.assertEqual(done.stderr.count("cannot listen on"), 1)
        self.assertEqual(done.stdout.count("cannot listen on"), 1)

    def test_two_endpoints_at_one_address_do_not_start(self):
        text = self.ENDPOINT.replace("LISTEN", str(free_port())) * 2
        done = self.cli("-c", self.file("twice.toml", text), code=78)
        self.assertIn("twice.toml:5:", done.stderr)
        self.assertIn("is already used by", done.stderr)

    def test_unless_that_is_wanted(self):
        text = '[process]\nbind = "partial"\n' + self.ENDPOINT * 2
        started = self.configured(text)
        started.wait_text("cannot listen on", "err")
        said = self.cli("check", self.folder / "relay.toml").stderr
        self.assertRegex(said, r"warning: `listen`: .* is already used by")

    def test_realm_starts_with_the_first(self):
        started = self.configured(self.ENDPOINT * 2, **self.as_realm())
        started.wait_text("cannot listen on", "err")

    def test_a_file_and_endpoints_of_the_command_line(self):
        pair = ("-l", "127.0.0.1:1", "-r", "127.0.0.1:9")
        started = self.configured(self.ENDPOINT)
        path = self.folder / "relay.toml"
        started.stop()
        said = self.cli("check", "-c", path, *pair).stderr
        self.assertIn(f"warning: `-c {path}` wins: the endpoints of the command line (-l, -r) are not "
                      "used\n", said)

    def test_a_variable_and_a_file(self):
        for words, what in ((("-c", self.file("e.toml", "endpoints = []\n")), "`-c` is"),
                            (("-l", "127.0.0.1:1", "-r", "a:1"),
                             "the endpoints of the command line are")):
            said = self.cli(*words, env={"RELAY_CONF": "endpoints = []"}).stderr
            self.assertIn(f"warning: the variable RELAY_CONF wins: {what} not used\n", said)

    def test_texts_need_quotes(self):
        path = self.file("bare.toml", "[[endpoints]]\nlisten = 127.0.0.1:5000\nremote = \"a:1\"\n")
        said = self.cli("check", path, code=78).stderr
        self.assertIn("bare.toml:2:10: error: `127.0.0.1:5000` is a text without quotes\n", said)
        self.assertIn('hint: texts need quotes: write `listen = "127.0.0.1:5000"`\n', said)

    def test_the_line_of_an_endpoint_has_protocols_and_limits(self):
        started = self.configured(
            self.ENDPOINT + "max_connections = 100\n[endpoints.network]\nuse_udp = true\n"
            'idle_timeout = "1h"\n', udp=True)
        self.assertIn("; protocols=tcp+udp; limits: max-connections=100, max-associations=16384, "
                      "connect-limit=15s, idle-timeout=3600s, half-close-timeout=10s\n", started.out())
