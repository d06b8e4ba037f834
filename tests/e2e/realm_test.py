"""Called as `realm`, with realm's command lines, variables and files.

The sections are those of the specification of what a replacement for realm must show. What other
files test has a comment with its section there; what is here has no other place, or is a table that
only makes sense as a whole. Where relay decides otherwise, docs/realm.md says so.
"""

import json
import re
import signal
import tomllib

import examples_test
from support import relay
from support.case import Case
from support.ports import free_port
from support.servers import Refusing, Server, hear, named
from support.wait import until

TIMEOUT = 120
FILES = relay.ROOT / "tests" / "e2e" / "realm_files"
ENDPOINT = '[[endpoints]]\nlisten = "127.0.0.1:1"\nremote = "a:1"\n'
PAIR = ("-l", "127.0.0.1:1", "-r", "a:1")
LEGACY = {"listening_addresses": ["0.0.0.0"], "listening_ports": ["1-3"],
          "remote_addresses": ["10.0.0.1", "10.0.0.2"], "remote_ports": ["443"]}


class AsRealm(Case):
    def setUp(self):
        super().setUp()
        self.link = self.folder / "bin" / "realm"
        self.link.parent.mkdir()
        self.link.symlink_to(relay.BINARY)

    def realm(self, *args, code=0, **options):
        return self.cli(*args, code=code, program=self.link, **options)

    def in_force(self, *words, **options):
        """The settings that a command line leads to."""
        done = relay.run("check", "--print", *words, cwd=self.folder, program=self.link, **options)
        errors = [line for line in done.stderr.splitlines() if ": error: " in line]
        self.assertEqual((done.returncode, errors), (0, []), (words, done.stderr))
        return tomllib.loads(done.stdout)


class Name(AsRealm):
    def test_version_line(self):  # 1.7
        for flag in ("-v", "--version"):
            done = self.realm(flag)
            self.assertRegex(done.stdout, r"\ARealm 2\.9\.4 (\[[a-z-]+\])+\n\Z")
            self.assertEqual(done.stderr, "")
        own = self.cli("-v").stdout
        self.assertTrue(own.startswith("relay "), own)
        self.assertEqual(own.split()[2], done.stdout.split()[2], "the same features")

    def test_another_name_is_no_realm(self):
        for name in ("realm2", "realm.bak"):
            other = self.link.with_name(name)
            other.symlink_to(relay.BINARY)
            self.assertTrue(self.cli("-v", program=other).stdout.startswith("relay "), name)

    def test_help_and_its_sections(self):  # 1.2, 1.7
        done = self.realm("--help")
        sections = re.findall(r"^([A-Z ]+):$", done.stdout, re.M)
        self.assertEqual(sections, ["COMMANDS", "COMMANDS FOR A RUNNING RELAY", "FLAGS", "OPTIONS",
                                    "SYS OPTIONS", "LOG OPTIONS", "DNS OPTIONS", "PROXY OPTIONS",
                                    "TIMEOUT OPTIONS", "CONTROL OPTIONS"])
        self.assertIn("Usage: realm [FLAGS] [OPTIONS]", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  convert ")

    def test_mistakes_point_to_its_own_help(self):  # 1.1
        done = self.realm("--nope", code=2)
        self.assertIn("realm --help", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_it_serves_like_a_container_s_entry_point_and_ends_by_sigterm(self):  # 1.1, 11
        with Server(named("behind")) as server:
            started = self.start_on_free_port(
                lambda port: (f"-l=127.0.0.1:{port}", f"-r=127.0.0.1:{server.port}"),
                launcher=("sh", "-c", 'shift; exec "$0" "$@"', self.link))  # the link, not the binary
            with open(f"/proc/{started.pid}/cmdline", encoding="utf-8") as words:
                self.assertEqual(words.read().split("\0")[0], str(self.link))
            self.assertEqual(hear(started.port), b"behind")
            started.signal(signal.SIGTERM)
            self.assertEqual(started.wait_exit(), 0)


class Options(AsRealm):
    """1.2: each flag and option in each spelling, by what is in force then. Letters, bundles and
    mistakes: cli_test and the unit tests of the command line."""

    FLAGS = {("-u", "--udp"): {"use_udp": True}, ("-t", "--ntcp"): {"no_tcp": True},
             ("-6", "--ipv6"): {"ipv6_only": True}, ("-f", "--tfo"): {}, ("-z", "--splice"): {},
             ("-m", "--mtcp", "--mptcp"): {"send_mptcp": True, "accept_mptcp": True}}

    # (letter or none, name, value, table, key, what the key then has)
    VALUES = (
        ("-x", "through", "10.0.0.9", "endpoints", "through", "10.0.0.9:0"),
        ("-i", "interface", "eth1", "endpoints", "interface", "eth1"),
        ("-e", "listen-interface", "eth0", "endpoints", "listen_interface", "eth0"),
        ("-a", "listen-transport", "ws;host=h;path=/", "endpoints", "listen_transport",
         "ws;host=h;path=/"),
        ("-b", "remote-transport", "tls;sni=h", "endpoints", "remote_transport", "tls;sni=h"),
        ("", "log-level", "Debug", "log", "level", "debug"),
        ("", "log-output", "a.log", "log", "output", "a.log"),
        ("", "dns-mode", "IPV6_ONLY", "dns", "mode", "ipv6_only"),
        ("", "dns-min-ttl", "3", "dns", "min_ttl", 3),
        ("", "dns-max-ttl", "4", "dns", "max_ttl", 4),
        ("", "dns-cache-size", "5", "dns", "cache_size", 5),
        ("", "dns-protocol", "tcp", "dns", "protocol", "tcp"),
        ("", "dns-servers", "1.1.1.1:53, [::1]:54", "dns", "nameservers", ["1.1.1.1:53", "[::1]:54"]),
        ("", "send-proxy", "true", "network", "send_proxy", True),
        ("", "send-proxy-version", "1", "network", "send_proxy_version", 1),
        ("", "accept-proxy", "true", "network", "accept_proxy", True),
        ("", "accept-proxy-timeout", "6", "network", "accept_proxy_timeout", 6),
        ("", "tcp-timeout", "7", "network", "tcp_timeout", 7),
        ("", "udp-timeout", "8", "network", "udp_timeout", 8),
        ("", "tcp-keepalive", "9", "network", "tcp_keepalive", 9),
        ("", "tcp-keepalive-probe", "10", "network", "tcp_keepalive_probe", 10))

    # Values that are none leave the file's; unknown words are the default, all the same.
    IGNORED = (("tcp-timeout", "soon", "network", "tcp_timeout", 33),
               ("send-proxy-version", "two", "network", "send_proxy_version", 1),
               ("send-proxy", "yes", "network", "send_proxy", False),
               ("dns-min-ttl", "-=1", "dns", "min_ttl", 2),
               ("log-level", "loud", "log", "level", "off"),
               ("dns-mode", "both", "dns", "mode", "ipv4_and_ipv6"),
               ("dns-protocol", "quic", "dns", "protocol", "tcp_and_udp"))

    @staticmethod
    def value(settings, table, key):
        if table == "endpoints":
            return settings["endpoints"][0][key]
        return (settings["endpoints"][0] if table == "network" else settings)[table][key]

    def test_flags(self):
        plain = self.in_force(*PAIR)
        for spellings, forced in self.FLAGS.items():
            for flag in spellings:
                with self.subTest(flag):
                    got = self.in_force(flag, *PAIR)
                    expected = {**plain["endpoints"][0]["network"], **forced}
                    self.assertEqual(got["endpoints"][0]["network"], expected)

    def test_values(self):
        for letter, name, value, table, key, expected in self.VALUES:
            spellings = [(f"--{name}", value), (f"--{name}={value}",)]
            spellings += [(letter, value), (letter + value,), (f"{letter}={value}",)] if letter else []
            for spelling in spellings:
                with self.subTest(spelling):
                    got = self.in_force(*spelling, *PAIR)
                    self.assertEqual(self.value(got, table, key), expected)

    def test_the_endpoint_itself(self):
        for listen in (("-l", "127.0.0.1:1"), ("-l127.0.0.1:1",), ("--listen=127.0.0.1:1",)):
            for remote in (("-r", "b:2"), ("-r=b:2",), ("--remote", "b:2")):
                rule = self.in_force(*listen, *remote)["endpoints"][0]
                self.assertEqual((rule["listen"], rule["remote"]), ("127.0.0.1:1", "b:2"))

    def test_values_that_are_none(self):
        base = self.file("base.toml", ENDPOINT + '[log]\nlevel = "warn"\n[network]\ntcp_timeout = 33\n'
                         'send_proxy_version = 1\n[dns]\nmode = "ipv4_only"\nprotocol = "udp"\n'
                         'min_ttl = 2\n')
        for name, value, table, key, expected in self.IGNORED:
            with self.subTest(name):
                got = self.in_force("-c", base, f"--{name}={value}")
                self.assertEqual(self.value(got, table, key), expected)
                said = self.cli("check", "-c", base, f"--{name}={value}").stderr
                self.assertIn(f"--{name}: ", said)
                self.assertIn(f"`{value}`", said)


    def test_nofile_that_is_none_leaves_the_limit_alone(self):
        few = ("sh", "-c", 'ulimit -S -n 64; exec "$0" "$@"')
        for words, raised in (((), True), (("-n", "many"), False), (("-n=-1",), False)):
            with self.subTest(words), Refusing() as nobody:
                started = self.relay_to(nobody.port, *words, launcher=few)
                soft, hard = re.match(r"fd: soft=(\d+), hard=(\d+)\n", started.out()).groups()
                self.assertEqual(soft, hard if raised else "64")

    def test_a_hook_is_not_passed_over(self):
        self.assertIn("hook", self.realm("-j", self.folder / "none.so", *PAIR, code=78).stderr)


class Modes(AsRealm):
    """1.3 and 1.8: which mode runs, and the exit codes that scripts test."""

    def test_exit_codes(self):
        good = self.file("empty.toml", "endpoints = []\n")
        bad = self.file("bad.toml", "endpoints = 3\n")
        unreadable = ("-c", "nowhere.toml")
        rows = ((("-h",), 0), (("-v",), 0), (("-h", "-v"), 0), ((), 2), (("--nope",), 2),
                (("-l",), 2), (("-u", "-u", *PAIR), 2), (("word",), 2), (("-c", good), 0),
                (("-t", *PAIR), 0), (("-c", bad), 78), (unreadable, 78),
                (("-l", "nowhere", "-r", "a:1"), 78), (("-l", "127.0.0.1:1", "-r", "a"), 78),
                ((*PAIR, "-x", "nonsense"), 78), ((*PAIR, "--dns-servers", "8.8.8.8"), 78),
                ((*PAIR, "--log-output", "no/such/folder"), 78),
                # where realm ends with 0
                (("-l", "127.0.0.1:1"), 2), (("-u",), 2), (("-l", "192.0.2.1:1", "-r", "a:1"), 69))
        for words, code in rows:
            with self.subTest(words):
                done = self.realm(*words, code=code)
                is_told = code != 0 or good in words or "-t" in words  # nothing to serve
                self.assertEqual(bool(done.stderr), is_told, done.stderr)

    def test_a_balance_that_is_none_is_refused(self):  # 1.8, 7.1
        for text in ("roundrobin", "random: 1, 2", "OFF:", ""):
            self.realm("-c", self.file("b.toml", f'{ENDPOINT}balance = "{text}"\n'), code=78)

    def test_nothing_to_serve_is_told_in_the_lines_of_the_start(self):  # 1.8
        done = self.realm("-c", self.file("empty.toml", "endpoints = []\n"))
        self.assertRegex(done.stdout, r"\Afd: .*\nlog: .*\ndns: .*\n\Z")

    def test_a_file_makes_the_options_of_an_endpoint_silent(self):  # 1.3
        empty = self.file("empty.toml", "endpoints = []\n")
        rest = ("-l", "nonsense", "-x", "nonsense", "-a", "tls", "-i", "", "-e", "")
        said = self.realm("-c", empty, *rest).stderr
        self.assertRegex(said, r"\Awarning: nothing to serve: .*\n\Z")

    def test_one_of_two_listeners_is_enough(self):  # 1.8
        with Server(named("here")) as server, Server(named("other")) as busy:
            text = f'[[endpoints]]\nlisten = "127.0.0.1:{{}}"\nremote = "127.0.0.1:{server.port}"\n'
            started = self.start_on_free_port(lambda port: (
                "-c", self.file("two.toml", text.format(busy.port) + text.format(port))))
            self.assertEqual(hear(started.port), b"here")
            started.wait_text(f"cannot listen on 127.0.0.1:{busy.port}", "err")


class Environment(AsRealm):
    """1.4. That it beats the command line and that nonsense is an error: config_test."""

    def served(self, text, *words):
        """A relay with this configuration in the variable; LISTEN becomes a free port."""
        for attempt in range(5):
            port = free_port()
            started = self.launch(*words, env={"REALM_CONF": text.replace("LISTEN", str(port))})
            if started.wait_listening({port}):
                return started
            if attempt == 4 or "in use" not in started.err():
                break
        return self.fail(started.story())

    RULE = '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "a:1"\n'

    def test_every_form_of_a_file_may_be_in_it(self):
        rule = {"listen": "127.0.0.1:LISTEN", "remote": "a:1"}
        old = {**LEGACY, "listening_addresses": ["127.0.0.1"], "listening_ports": ["LISTEN"]}
        for text in (self.RULE, json.dumps({"endpoints": [rule]}), json.dumps(old)):
            self.served(text)

    def test_the_sample_with_local_works(self):  # 13
        started = self.served(self.RULE.replace("listen", "local"))
        self.assertIn(" -> [a:1]; ", started.out())

    def test_the_limit_of_descriptors_is_raised_and_told(self):  # 1.7
        started = self.served(self.RULE)
        self.assertTrue(started.out().startswith("fd: soft="), started.story())

    def test_options_still_force(self):
        started = self.served(self.RULE + "[network]\nudp_timeout = 44\n", "--tcp-timeout", "3", "-6")
        self.assertIn("ipv6-only=true", started.out())
        self.assertIn("connect-timeout=3s, associate-timeout=44s", started.out())

    def test_help_is_not_hidden_by_it(self):
        for flag in ("-h", "-v"):
            self.assertIn("ealm", self.realm(flag, env={"REALM_CONF": "nonsense = ["}).stdout)


class Merging(AsRealm):
    """1.5, per key: the unit tests of the precedence take every key in every combination."""

    TEXT = ENDPOINT + ('network = { use_udp = false, tcp_timeout = 2 }\n[network]\nuse_udp = true\n'
                       'tcp_timeout = 3\nudp_timeout = 4\nipv6_only = true\n')

    def network(self, *words):
        path = self.file("m.toml", self.TEXT)
        return self.in_force("-c", path, *words)["endpoints"][0]["network"]

    def test_false_in_the_endpoint_beats_true_for_all(self):
        got = self.network()
        self.assertEqual([got[key] for key in ("use_udp", "tcp_timeout", "udp_timeout", "ipv6_only",
                                               "tcp_keepalive")], [False, 2, 4, True, 15])

    def test_the_command_line_beats_both(self):
        got = self.network("-u", "--tcp-timeout=1", "--udp-timeout=0")
        self.assertEqual([got[key] for key in ("use_udp", "tcp_timeout", "udp_timeout")],
                         [True, 1, 0])

    def test_the_command_line_beats_the_tables_of_the_log_and_of_dns_key_by_key(self):
        path = self.file("t.toml", 'endpoints = []\n[log]\nlevel = "warn"\noutput = "stderr"\n'
                         '[dns]\nmin_ttl = 1\nmax_ttl = 9\nmode = "ipv4_only"\n')
        got = self.in_force("-c", path, "--log-level=error", "--dns-max-ttl=8")
        self.assertEqual((got["log"]["level"], got["log"]["output"]), ("error", "stderr"))
        self.assertEqual([got["dns"][key] for key in ("min_ttl", "max_ttl", "mode")],
                         [1, 8, "ipv4_only"])

    def test_proxy_can_be_forced_off(self):
        text = ENDPOINT + "[network]\nsend_proxy = true\naccept_proxy = true\n"
        got = self.in_force("-c", self.file("p.toml", text), "--send-proxy=false",
                            "--accept-proxy", "false")["endpoints"][0]["network"]
        self.assertEqual((got["send_proxy"], got["accept_proxy"]), (False, False))


class Converted(AsRealm):
    """1.9, under the name that scripts use. What becomes of which file: the unit tests of legacy."""

    def setUp(self):
        super().setUp()
        self.old = self.file("old.json", json.dumps(LEGACY))

    def test_toml_is_the_default_and_stdout_has_a_line_more(self):
        text = self.realm("convert", self.old).stdout
        self.assertEqual(text, "\n".join(
            f'[[endpoints]]\nlisten = "0.0.0.0:{port}"\nremote = "10.0.0.{host}:443"\n'
            for port, host in ((1, 1), (2, 2), (3, 1))) + "\n")
        self.assertEqual(self.realm("convert", "-t", "toml", self.old).stdout, text)

    def test_json_is_one_compact_line(self):
        text = self.realm("convert", "--type=json", self.old).stdout
        self.assertTrue(text.startswith('{"endpoints":[{"listen":"0.0.0.0:1","remote":"10.0.0.1:443"}'))
        self.assertTrue(text.endswith("]}\n"))
        self.assertEqual(text.count("\n"), 1)

    def test_a_file_has_the_text_alone_and_stdout_nothing(self):
        for kind in ("toml", "json"):
            text = self.realm("convert", "-t", kind, self.old).stdout
            for option in (("-o", "new"), ("--output=new",)):
                done = self.realm("convert", "-t", kind, *option, self.old)
                self.assertEqual((done.stdout, done.stderr), ("", ""))
                self.assertEqual((self.folder / "new").read_text(encoding="utf-8") + "\n", text)

    def test_what_it_writes_says_the_same(self):  # 14
        before = self.in_force("-c", self.old)
        for kind in ("toml", "json"):
            self.realm("convert", "-t", kind, "-o", "new", self.old)
            self.assertEqual(self.in_force("-c", "new"), before)

    def test_a_variable_can_be_converted_through_a_pipe(self):
        for text in (ENDPOINT, '{"endpoints": [{"listen": "127.0.0.1:1", "remote": "a:1"}]}'):
            written = self.cli("convert", "/dev/stdin", stdin=text).stdout
            self.assertEqual(written, ENDPOINT)

    def test_mistakes(self):
        self.file("new.json", '{"endpoints": []}')
        self.file("new.toml", "endpoints = []\n")
        self.file("port.json", json.dumps({**LEGACY, "remote_ports": ["x"]}))
        rows = (((), 2), (("-t", "yaml", "old.json"), 2),
                (("old.json", "old.json"), 2), (("-u", "old.json"), 2), (("nowhere.json",), 78),
                (("new.json",), 78), (("new.toml",), 78), (("port.json",), 78), ((".",), 78),
                (("-o", "no/such/folder", "old.json"), 78))
        for words, code in rows:
            with self.subTest(words):
                done = self.realm("convert", *words, code=code)
                self.assertTrue(done.stderr)
                self.assertEqual(done.stdout, "")
        self.assertIn("Usage: realm convert", self.realm("convert", code=2).stderr)


class Texts(AsRealm):
    """2.1 to 2.6 by whole texts; every key with every kind of value: the unit tests of the keys."""

    GOOD = {
        "JSON in a .toml": ("a.toml", '{"endpoints": []}'),
        "TOML in a .json": ("a.json", "endpoints = []\n"),
        "no extension": ("config", "endpoints = []\n"),
        "legacy in a .toml": ("old.toml", json.dumps(LEGACY)),
        "only endpoints are needed": ("e.toml", ENDPOINT),
        "null for what may be absent": ("n.json", json.dumps(
            {"endpoints": [{"listen": ":1", "remote": "a:1", "balance": None, "through": None,
                            "interface": None, "listen_interface": None, "listen_transport": None,
                            "remote_transport": None, "network": {"use_udp": None}}],
             "dns": {"nameservers": None, "mode": None}, "log": {"level": None, "output": None}})),
    }
    BAD = {
        "no endpoints": '[log]\nlevel = "off"\n', "text for a number": "[network]\ntcp_timeout = true\n",
        "fraction": "[network]\ntcp_timeout = 1.5\n", "negative": "[network]\nudp_timeout = -1\n",
        "case of a word": '[log]\nlevel = "Info"\n', "unknown word": '[dns]\nmode = "ipv5"\n',
        "name server without port": '[dns]\nnameservers = ["8.8.8.8"]\n',
        "ttl upside down": "[dns]\nmin_ttl = 9\nmax_ttl = 8\n",
        "version of the header": "[network]\nsend_proxy_version = 3\n",
        "key twice": "[network]\nno_tcp = true\nno_tcp = true\n",
        "table for a text": "[log.output]\n", "no listen": '[[endpoints]]\nremote = "a:1"\n',
        "no remote": '[[endpoints]]\nlisten = ":1"\n',
    }
    BAD_JSON = ('{"endpoints": null}', '{"endpoints": [], "log": null}', '{"endpoints": [],}',
                '{"endpoints": []} // comment', '{"endpoints": [], "endpoints": []}',
                '{"endpoints": [{"listen": ":1", "remote": "a:1", "extra_remotes": null}]}',
                '{"endpoints": [{"listen": null, "remote": "a:1"}]}')

    def test_what_is_read(self):
        for name, (path, text) in self.GOOD.items():
            with self.subTest(name):
                self.realm("check", "-c", self.file(path, text))

    def test_what_is_refused_with_its_place(self):
        for name, text in self.BAD.items():
            with self.subTest(name):
                whole = text if "endpoints" in text or name == "no endpoints" else "endpoints = []\n" + text
                said = self.realm("-c", self.file("bad.toml", whole), code=78).stderr
                self.assertRegex(said, r"bad\.toml:\d+:\d+: error: ")
        for text in self.BAD_JSON:
            with self.subTest(text):
                self.assertRegex(self.realm("-c", self.file("bad.json", text), code=78).stderr,
                                 r"bad\.json:\d+:\d+: error: ")

    def test_old_keys_are_harmless_and_told_once(self):  # 2.1, 13
        text = (ENDPOINT + "network = { zero_copy = true, fast_open = true }\n") * 2 + \
            "[network]\nzero_copy = true\nfast_open = false\n"
        path = self.file("old.toml", text.replace(":1", ":2", 1))
        done = self.realm("check", "-c", path)
        for key in ("zero_copy", "fast_open"):
            self.assertEqual(done.stderr.count(f"`{key}` no longer does anything"), 1, done.stderr)
        self.assertIn("configuration ok: 2 endpoints", done.stdout)
        self.realm("check", "--strict", "-c", path, code=78)

    def test_the_alias_of_the_document_counts_for_less(self):  # 2.4, 13
        for text, seconds in (("accept_timeout = 7", 7),
                              ("accept_timeout = 7\naccept_proxy_timeout = 8", 8)):
            path = self.file("alias.toml", f"{ENDPOINT}[network]\n{text}\n")
            got = self.in_force("-c", path)["endpoints"][0]["network"]
            self.assertEqual(got["accept_proxy_timeout"], seconds)

    def test_numbers_that_linux_refuses_are_brought_into_range(self):  # 2.4
        for key, given, used in (("tcp_keepalive_probe", 0, 1), ("tcp_keepalive_probe", 128, 127),
                                 ("tcp_keepalive", 32768, 32767), ("tcp_keepalive", 0, 0)):
            got = self.in_force("-c", self.file("k.toml", f"{ENDPOINT}[network]\n{key} = {given}\n"))
            self.assertEqual(got["endpoints"][0]["network"][key], used)


class Addresses(AsRealm):
    """3: what each field takes, and how it is understood. None: refused."""

    ROWS = {
        "-l": {"127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80", "::1:80": "[::1]:80",
               "name.test:80": "name.test:80", "127.0.0.1:0": "127.0.0.1:0", "*:80": "*:80",
               ":80": "*:80", "80": "*:80", "127.0.0.1": None, "127.0.0.1:": None,
               "127.0.0.1:65536": None, "http://a:80": None, "/run/a.sock": None, "": None},
        "-r": {"1.2.3.4:80": "1.2.3.4:80", "[::1]:80": "[::1]:80", "::1:80": "[::1]:80",
               "[fe80::1%2]:80": "[fe80::1%2]:80", "name.test:80": "name.test:80",
               "Name.Test.:80": "Name.Test.:80", "name.test": None, "name.test:": None,
               "name.test:x": None, "name.test:65536": None, "name.test:-1": None, ":80": None,
               "": None},
        "-x": {"10.0.0.1": "10.0.0.1:0", "10.0.0.1:5": "10.0.0.1:5", "::1": "[::1]:0",
               "[::1]": "[::1]:0", "[::1]:5": "[::1]:5", "name.test:5": "name.test:5",
               "name.test": None, "10.0.0.1:x": None, "": None},
    }
    KEYS = {"-l": "listen", "-r": "remote", "-x": "through"}

    def test_every_form(self):
        for letter, forms in self.ROWS.items():
            others = [word for each, word in (("-l", "-l=:1"), ("-r", "-r=name.test:1"))
                      if each != letter]
            for form, understood in forms.items():
                with self.subTest(letter + form):
                    words = (*others, f"{letter}={form}")
                    if understood is None:
                        self.assertIn(f"`{self.KEYS[letter]}`", self.realm(*words, code=78).stderr)
                    else:
                        rule = self.in_force(*words)["endpoints"][0]
                        self.assertEqual(rule[self.KEYS[letter]], understood)

    def test_name_servers_need_a_port_and_may_be_names(self):  # 2.3
        got = self.in_force(*PAIR, "--dns-servers=8.8.8.8:53,[2001:db8::1]:5353,ns.test:53")
        self.assertEqual(got["dns"]["nameservers"], ["8.8.8.8:53", "[2001:db8::1]:5353", "ns.test:53"])


class Lines(AsRealm):
    """4.7: the lines that are worth scraping. UDP's: udp_life_test; the form of every line and the
    outputs: ending_test; failing accepts and storms: rough_test."""

    HEAD = r"\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\]"

    def logged(self, started, pattern):
        started.wait_text("realm_core::")
        self.assertRegex(started.out(), "(?m)^" + self.HEAD + pattern + "$", started.story())

    def test_an_established_connection(self):
        with Server(named("here")) as server:
            started = self.relay_to(f"localhost:{server.port}", "--log-level", "info",
                                    **self.as_realm())
            hear(started.port)
            self.logged(started, r"\[realm_core::tcp::middle\]\[INFO\]\[tcp\]127\.0\.0\.1:\d+ => "
                        rf"localhost:{server.port} as 127\.0\.0\.1:{server.port}")

    def test_there_is_no_log_unless_it_is_asked_for(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, **self.as_realm())
            self.assertEqual(hear(started.port), b"")
            self.assertIn("log: level=off, output=stdout\n", started.out())
            self.assertNotIn("refused", started.out())
            self.assertTrue(started.out().endswith("balance=off\n"), "the line of the endpoint")

    def test_a_file_is_appended_to_and_stands_where_relay_was_started(self):  # 2.2
        log = self.file("kept.log", "before\n")
        with Server(named("here")) as server:
            started = self.relay_to(server.port, "--log-level=info", "--log-output=kept.log",
                                    cwd=self.folder, **self.as_realm())
            hear(started.port)
            until(lambda: " => " in log.read_text(encoding="utf-8"), started.story)
        self.assertTrue(log.read_text(encoding="utf-8").startswith("before\n["))
        self.assertIn("log: level=info, output=kept.log\n", started.out())

    def test_a_remote_that_refuses(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "--log-level", "warn", **self.as_realm())
            self.assertEqual(hear(started.port), b"")
            where = rf"127\.0\.0\.1:{nobody.port}"
            started.wait_text("[ERROR]")
            self.logged(started, r"\[realm_core::tcp::socket\]\[WARN\]\[tcp\]connect to "
                        rf"{where} as {where}: .*, try next ip")
            self.logged(started, r"\[realm_core::tcp\]\[ERROR\]\[tcp\]127\.0\.0\.1:\d+ => "
                        rf"{where}, error: .*")


class Files(examples_test.Examples):
    """12: files of the kinds that realm shows as examples, each as TOML and as JSON."""

    test_every_example_carries_bytes = None  # not those of examples/ once more
    test_every_example_stands_the_strict_check_as_it_is = None
    NAMES = ("basic", "good", "full", "balance", "ws", "tls", "wss")

    def settings(self, path):
        done = self.cli("convert", "-t", "json", path)
        self.assertNotIn("unknown", done.stderr)
        return json.loads(done.stdout)

    def test_toml_and_json_say_the_same(self):
        self.assertEqual({path.name for path in FILES.iterdir()},
                         {"legacy.json"} | {f"{name}.{kind}" for name in self.NAMES
                                            for kind in ("toml", "json")})
        for name in self.NAMES:
            with self.subTest(name):
                self.assertEqual(self.settings(FILES / f"{name}.toml"),
                                 self.settings(FILES / f"{name}.json"))

    def test_every_key_of_the_full_one_is_understood(self):
        given = tomllib.loads((FILES / "full.toml").read_text(encoding="utf-8"))
        got = self.settings(FILES / "full.toml")
        self.assertEqual(got["dns"], given["dns"])
        self.assertEqual(got["log"], given["log"])
        for before, after in zip(given["endpoints"], got["endpoints"], strict=True):
            for key in set(before) - {"network", "through"}:
                self.assertEqual(after[key], before[key], key)
            network = {**got.get("network", {}), **after["network"]}
            for key, value in {**given["network"], **before.get("network", {})}.items():
                if key in network:
                    self.assertEqual(network[key], value, key)
                else:  # the default is not written
                    self.assertIn((key, value), {("no_tcp", False), ("ipv6_only", False),
                                                 ("send_proxy", False), ("accept_proxy", False),
                                                 ("send_proxy_version", 2)})

    def test_what_convert_makes_of_them_says_the_same(self):
        for path in sorted(FILES.iterdir()):
            before = self.settings(path)
            for kind in ("toml", "json"):
                with self.subTest(path.name + " as " + kind):
                    self.cli("convert", "-t", kind, "-o", "new", path)
                    self.assertEqual(self.settings("new"), before)

    def test_all_but_the_full_one_carry_bytes(self):
        kinds = [f"{name}.{kind}" for name in ("basic", "good", "balance", "ws", "tls", "wss")
                 for kind in ("toml", "json")]
        for name in (*kinds, "legacy.json"):
            with self.subTest(name):
                path, listens = self.prepared(FILES / name)
                started = self.launch("-c", path)
                for kind in ("tcp", "udp"):
                    ports = {port for each, port in listens if each == kind}
                    self.assertTrue(started.wait_listening(ports, tcp=kind == "tcp",
                                                           udp=kind == "udp"), started.story())
                for kind, port in listens:
                    self.carries(kind, port)
                self.assertEqual("legacy" in name, "legacy config file" in started.err())
                started.stop()
