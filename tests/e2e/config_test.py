"""Configuration: files, folders, the environment, what is reported, and the sub-commands."""

import json
import subprocess

from support import relay
from support.case import Case
from support.ports import free_port
from support.servers import Refusing, Server, hear, named
from support.tls import usable_example

TOML = '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{}"\n'


def legacy(listen, remote):
    return json.dumps({"listening_addresses": ["127.0.0.1"], "listening_ports": [str(listen)],
                       "remote_addresses": ["127.0.0.1"], "remote_ports": [str(remote)]})


class Served(Case):
    """A configuration that is right is served, from wherever it comes: spec 1.4, 1.5, 2.1, 2.7."""

    def setUp(self):
        super().setUp()
        self.server = Server(named("here"))
        self.addCleanup(self.server.close)

    def serves(self, make_args, **options):
        started = self.start_on_free_port(make_args, **options)
        self.assertEqual(hear(started.port), b"here")
        return started

    def toml(self, port):
        return TOML.format(self.server.port).replace("LISTEN", str(port))

    def json(self, port):
        return json.dumps({"endpoints": [{"listen": f"127.0.0.1:{port}", "balance": None,
                                          "remote": f"127.0.0.1:{self.server.port}"}]})

    def test_toml_and_json_by_content_not_by_name(self):
        self.serves(lambda port: ("-c", self.file("a.conf", self.toml(port))))
        self.serves(lambda port: ("-c", self.file("b.toml", self.json(port))))

    def test_legacy_json_with_a_word_of_warning(self):
        started = self.serves(lambda port: ("-c", self.file("old.json", legacy(port, self.server.port))))
        self.assertIn("attention: you are using a legacy config file!", started.err())

    def test_local_is_an_alias_of_listen(self):
        self.serves(lambda port: ("-c", self.file("r.toml", self.toml(port).replace("listen", "local"))))

    def test_the_environment_beats_the_command_line(self):
        other = free_port()
        for variable in ("REALM_CONF", "RELAY_CONF"):
            for attempt in range(3):
                port = free_port()
                started = self.launch("-l", f"127.0.0.1:{other}", "-r", "127.0.0.1:1",
                                      env={variable: self.toml(port)})
                if started.wait_listening({port}) or attempt == 2:
                    break
            self.assertEqual(hear(port), b"here", started.story())
            self.assertNotIn(f":{other}", started.out())

    def test_the_environment_inherits_the_global_network(self):
        port = free_port()
        text = self.toml(port) + "[network]\ntcp_timeout = 9\n"
        started = self.start("-l", "a:1", "-r", "b:1", ports=[port], env={"REALM_CONF": text})
        self.assertIn("connect-timeout=9s", started.out())

    def test_a_folder_is_read_in_order_of_names(self):
        with Refusing() as nobody:
            second = free_port()
            last = TOML.format(nobody.port).replace("LISTEN", str(second))
            self.file("conf/sub/z.toml", last)
            self.file("conf/a.json", '{"log": {"level": "warn"}}')
            self.file("conf/.hidden.toml", "not = [toml")
            self.file("conf/notes.txt", "not a config")

            def args(port):
                self.file("conf/m.toml", self.toml(port) + '[log]\nlevel = "info"\n')
                return "-c", "conf"
            started = self.serves(args)
        lines = [line for line in started.out().splitlines() if line.startswith("inited")]
        self.assertEqual([line.split()[1] for line in lines],
                         [f"127.0.0.1:{started.port}", f"127.0.0.1:{second}"])
        self.assertIn("log: level=warn", started.out())

    def test_the_working_folder_may_be_the_root(self):
        def args(port):
            self.file("conf/one.toml", self.toml(port))
            return "-c", "."
        (self.folder / "conf").mkdir()
        self.serves(args, cwd=self.folder / "conf")

    def test_the_command_line_beats_the_endpoint_which_beats_the_global_table(self):
        def args(port):
            text = self.toml(port) + ("network = { tcp_timeout = 3, tcp_keepalive_probe = 5 }\n"
                                      "[network]\ntcp_timeout = 2\nudp_timeout = 4\n"
                                      "tcp_keepalive = 11\n")
            return "-c", self.file("r.toml", text), "--tcp-keepalive", "12"
        started = self.serves(args)
        self.assertIn("tcp-keepalive=12s[5] connect-timeout=3s, associate-timeout=4s",
                      started.out())

    def test_endpoint_flags_are_ignored_beside_a_file(self):
        started = self.serves(lambda port: ("-c", self.file("r.toml", self.toml(port)),
                                            "-l", "127.0.0.1:1", "-r", "127.0.0.1:2"))
        self.assertEqual(started.out().count("inited"), 1)

    def test_unknown_keys_warn_with_their_place_and_the_nearest_key(self):
        started = self.serves(lambda port: ("-c", self.file(
            "r.toml", self.toml(port) + "remot = 1\n[network]\nzero_copy = true\n")))
        self.assertIn("r.toml:4:", started.err())
        self.assertIn("did you mean `remote`", started.err())
        self.assertIn("r.toml:6:", started.err())
        self.assertIn("zero_copy", started.err())


class Refused(Case):
    """A configuration that is wrong: exit 78, and everything that is wrong at once. Spec 1.8, 2.1."""

    BAD_TOML = ('[log]\nlevel = "loud"\n[[endpoints]]\nlisten = "127.0.0.1:x"\nremote = "a:1"\n'
                '[[endpoints]]\nlisten = "127.0.0.1:1"\nremote = 5\n'
                'network = { tcp_timeout = "soon" }\n')

    def refused(self, name, text):
        return self.cli("-c", self.file(name, text), code=78).stderr

    def test_every_problem_is_reported_with_line_text_and_caret(self):
        said = self.refused("bad.toml", self.BAD_TOML)
        for place in ("bad.toml:2:", "bad.toml:4:", "bad.toml:8:", "bad.toml:9:"):
            self.assertIn(place, said)
        self.assertIn('level = "loud"', said)
        self.assertRegex(said, r"\n[ |]*\^")
        for legal in ("off", "error", "warn", "info", "debug", "trace"):
            self.assertIn(legal, said)

    def test_json_errors_have_their_places_too(self):
        said = self.refused("bad.json", '{\n  "endpoints": [\n    {"listen": "127.0.0.1:1",\n'
                                        '     "remote": 7}\n  ],\n  "log": {"level": "LOUD"}\n}\n')
        self.assertRegex(said, r"bad\.json:4:\d+: error")
        self.assertRegex(said, r"bad\.json:6:\d+: error")
        self.assertRegex(said, r"\n[ |]*\^")

    def test_a_syntax_error_has_its_place(self):
        self.assertRegex(self.refused("s.toml", 'endpoints = []\nlog = = 3\n'), r"s\.toml:2")
        self.assertRegex(self.refused("s.json", '{"endpoints": [\n}\n'), r"s\.json:2")

    def test_duplicate_keys_are_errors(self):
        self.assertIn("d.json:2", self.refused("d.json", '{"endpoints": [],\n "endpoints": []}'))
        self.assertIn("d.toml", self.refused("d.toml", "endpoints = []\nendpoints = []\n"))

    def test_missing_keys_are_named(self):
        self.assertIn("remote", self.refused("m.toml", '[[endpoints]]\nlisten = "127.0.0.1:1"\n'))
        self.assertIn("endpoints", self.refused("n.toml", '[log]\nlevel = "info"\n'))

    def test_numbers_out_of_range_are_errors(self):
        for line in ("tcp_timeout = -1", "tcp_timeout = 1.5", "send_proxy_version = 3"):
            said = self.refused("r.toml", f"endpoints = []\n[network]\n{line}\n")
            self.assertIn("r.toml:3:", said, line)

    def test_a_missing_file_is_named(self):
        self.assertIn("nowhere.toml", self.cli("-c", "nowhere.toml", code=78).stderr)

    def test_a_log_file_that_cannot_be_opened_is_named(self):
        done = self.cli("-l", "127.0.0.1:1", "-r", "a:1", "--log-output", "no/such/file",
                        "--log-level", "info", code=78)
        self.assertIn("no/such/file", done.stderr)

    def test_the_environment_that_does_not_parse_is_an_error(self):
        for variable in ("REALM_CONF", "RELAY_CONF"):
            done = self.cli("-l", "127.0.0.1:1", "-r", "a:1", env={variable: "endpoints = ["}, code=78)
            self.assertIn(variable, done.stderr)


class Check(Case):
    GOOD = '[[endpoints]]\nlisten = "127.0.0.1:1"\nremote = "example.com:443"\n'

    def test_a_good_file(self):
        self.cli("check", "-c", self.file("good.toml", self.GOOD))

    def test_it_beats_the_environment(self):
        self.cli("check", "-c", self.file("good.toml", self.GOOD), env={"REALM_CONF": "nonsense = ["})

    def test_a_bad_file_ends_with_78(self):
        done = self.cli("check", "-c", self.file("bad.toml", Refused.BAD_TOML), code=78)
        self.assertIn("bad.toml:2:", done.stdout + done.stderr)

    def test_unknown_keys_fail_only_when_strict(self):
        odd = self.file("odd.toml", self.GOOD + "colour = 3\n")
        done = self.cli("check", "-c", odd)
        self.assertIn("odd.toml:4:", done.stdout + done.stderr)
        self.cli("check", "--strict", "-c", odd, code=78)

    def test_duplicate_listen_addresses_are_errors_here(self):
        done = self.cli("check", "-c", self.file("twice.toml", self.GOOD * 2), code=78)
        said = done.stdout + done.stderr
        self.assertIn("twice.toml:2", said)
        self.assertIn("twice.toml:5", said)

    def test_two_unspecified_addresses_of_one_port(self):
        text = self.GOOD.replace("127.0.0.1", "0.0.0.0") + self.GOOD.replace("127.0.0.1", "[::]")
        said = self.cli("check", "-c", self.file("any.toml", text), code=78).stderr
        self.assertIn("[::]:1 (TCP) is already used by the endpoint 0.0.0.0:1", said)
        self.assertIn("`ipv6_only = true`", said)
        self.cli("check", "-c", self.file("two.toml", text + "network.ipv6_only = true\n"))

    def test_the_file_may_stand_alone(self):
        good = self.file("good.toml", self.GOOD)
        self.assertEqual(self.cli("check", good).stdout, "configuration ok: 1 endpoint\n")
        self.assertIn("`-c` is given twice", self.cli("check", good, "-c", good, code=2).stderr)
        self.assertIn("unexpected word", self.cli("check", good, good, code=2).stderr)

    def test_warnings_are_counted(self):
        odd = self.file("odd.toml", self.GOOD + "colour = 3\nshape = 4\n")
        self.assertEqual(self.cli("check", odd).stdout, "configuration ok: 1 endpoint, 2 warnings\n")

    def test_a_device_that_is_not_here_is_a_warning(self):
        text = self.GOOD.replace("example.com", "[fe80::1%nosuchdevice]")
        self.assertIn("a.toml:3:10: warning: this machine has no device `nosuchdevice`",
                      self.cli("check", self.file("a.toml", text)).stderr)

    def test_print_reads_back_to_the_same(self):
        text = self.GOOD + ('through = "127.0.0.1"\nnetwork = { tcp_timeout = 3 }\n'
                            '[dns]\nmode = "ipv4_only"\n[network]\ntcp_keepalive = 9\n')
        first = self.cli("check", "--print", "-c", self.file("a.toml", text)).stdout
        second = self.cli("check", "--print", "-c", self.file("b.toml", first)).stdout
        self.assertIn("tcp_timeout = 3", first)
        self.assertEqual(first, second)


    def test_a_name_is_printed_and_is_of_one_endpoint(self):
        named = self.file("named.toml", self.GOOD + 'name = "web"\n')
        self.assertIn('[[endpoints]]\nname = "web"\nlisten = "127.0.0.1:1"\n',
                      self.cli("check", "--print", "-c", named).stdout)
        twice = self.GOOD + 'name = "web"\n' + self.GOOD.replace(":1", ":2") + 'name = "web"\n'
        said = self.cli("check", self.file("twice.toml", twice), code=78).stderr
        self.assertIn("twice.toml:8:8: error: `name`: `web` is already the name", said)
        self.assertIn("twice.toml:4:8", said)


class Convert(Case):  # spec 1.9
    def setUp(self):
        super().setUp()
        self.old = self.file("old.json", json.dumps({
            "listening_addresses": ["0.0.0.0"], "listening_ports": ["30001-30003"],
            "remote_addresses": ["10.0.0.1", "10.0.0.2"], "remote_ports": ["443"]}))

    def test_json_is_one_line(self):
        text = self.cli("convert", "-t", "json", self.old).stdout
        self.assertEqual(json.loads(text), {"endpoints": [
            {"listen": "0.0.0.0:30001", "remote": "10.0.0.1:443"},
            {"listen": "0.0.0.0:30002", "remote": "10.0.0.2:443"},
            {"listen": "0.0.0.0:30003", "remote": "10.0.0.1:443"}]})
        self.assertEqual(text.rstrip("\n").count("\n"), 0)

    def test_toml_is_the_default_and_loads(self):
        text = self.cli("convert", self.old).stdout
        self.assertEqual(text.count("[[endpoints]]"), 3)
        self.cli("check", "-c", self.file("new.toml", text))

    def test_output_goes_to_a_file(self):
        self.assertEqual(self.cli("convert", "-o", "new.toml", self.old).stdout, "")
        self.cli("check", "-c", "new.toml")

    def test_mistakes(self):
        self.assertTrue(self.cli("convert", code=2).stderr)
        self.cli("convert", "-t", "yaml", self.old, code=2)
        self.cli("convert", "nowhere.json", code=78)
        self.assertIn("bad.toml:2:", self.cli("convert", self.file("bad.toml", Refused.BAD_TOML),
                                              code=78).stderr)

    def test_under_realms_name_only_its_old_files_are_taken(self):
        realm = self.folder / "realm"
        realm.symlink_to(relay.BINARY)
        self.file("new.json", '{"endpoints": []}')
        for name, code in (("old.json", 0), ("new.json", 78)):
            done = subprocess.run([realm, "convert", name], cwd=self.folder, check=False,
                                  env=relay.environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=20)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout.count("[[endpoints]]"), 3 if code == 0 else 0)


class Export(Case):
    """`relay convert` writes any configuration as TOML or JSON that says the same."""

    TEXT = ('[[endpoints]]\nlisten = "127.0.0.1:1"\nremote = "a:1"\n'
            'network = { tcp_timeout = 5, udp_timeout = "250ms" }\n'
            '[[endpoints]]\nlocal = ":2"\nremote = "b:2"\nextra_remotes = ["c:3"]\n'
            '[network]\nno_tcp = false\nuse_udp = true\n')

    def in_force(self, text, name="again.conf"):
        return self.cli("check", "--print", "-c", self.file(name, text)).stdout

    def test_only_what_is_not_the_default_is_written(self):
        source = self.file("source.toml", self.TEXT)
        self.assertEqual(self.cli("convert", source).stdout, """\
[network]
use_udp = true

[[endpoints]]
listen = "127.0.0.1:1"
remote = "a:1"

[endpoints.network]
udp_timeout = "250ms"

[[endpoints]]
listen = "*:2"
remote = "b:2"
extra_remotes = ["c:3"]
""")
        self.assertEqual(json.loads(self.cli("convert", "-t", "json", source).stdout), {
            "network": {"use_udp": True},
            "endpoints": [{"listen": "127.0.0.1:1", "remote": "a:1",
                           "network": {"udp_timeout": "250ms"}},
                          {"listen": "*:2", "remote": "b:2", "extra_remotes": ["c:3"]}]})

    def test_every_example_says_the_same_afterwards(self):
        sources = [path for path in sorted((relay.ROOT / "examples").iterdir())
                   if path.is_dir() or path.suffix in (".toml", ".json")]
        self.assertGreaterEqual(len(sources), 8)
        for path in sources:
            path = usable_example(self, path)
            before = self.cli("check", "--print", "-c", path).stdout
            for kind in ("toml", "json"):
                after = self.cli("convert", "-t", kind, path).stdout
                self.assertEqual(self.in_force(after), before, f"{path} as {kind}")

    def test_a_folder_becomes_one_file(self):
        self.file("conf/a.toml", '[log]\nlevel = "info"\n')
        self.file("conf/b.json", '{"endpoints": [{"listen": ":1", "remote": "a:1"}]}')
        self.cli("convert", "-o", "one.json", "-t", "json", "conf")
        self.assertEqual(json.loads((self.folder / "one.json").read_text(encoding="utf-8")), {
            "log": {"level": "info"}, "endpoints": [{"listen": "*:1", "remote": "a:1"}]})

    def test_a_file_can_be_written_over_itself(self):
        source = self.file("source.toml", self.TEXT)
        before = self.in_force(self.TEXT)
        self.assertEqual(self.cli("convert", "-o", source, source).stdout, "")
        self.assertEqual(self.in_force(source.read_text(encoding="utf-8")), before)

    def test_what_is_not_carried_over_is_told(self):
        source = self.file("odd.toml", self.TEXT.replace("[network]", "colour = 3\n[network]"))
        done = self.cli("convert", source)
        self.assertIn("odd.toml:9:", done.stderr)
        self.assertNotIn("colour", done.stdout)
