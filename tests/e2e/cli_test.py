"""The command line: what is printed, and the exit code."""

import re

from support.case import Case
from support.ports import free_port
from support.servers import Refusing, Server, hear, named


class Words(Case):  # spec 1.2, 1.7
    def test_help_goes_to_stdout(self):
        for flag in ("-h", "--help"):
            done = self.cli(flag)
            for section in ("FLAGS", "OPTIONS", "SYS OPTIONS", "LOG OPTIONS", "DNS OPTIONS",
                            "PROXY OPTIONS", "TIMEOUT OPTIONS"):
                self.assertIn(section, done.stdout)
            self.assertEqual(done.stderr, "")

    def test_version_is_one_line(self):
        for flag in ("-v", "--version"):
            done = self.cli(flag)
            self.assertRegex(done.stdout, r"\A[Rr]e(?:lay|alm) \d+\.\d+\.\d+[^\n]*\n\Z")

    def test_help_beats_version(self):
        self.assertIn("FLAGS", self.cli("-v", "-h").stdout)

    def test_no_arguments_print_help_on_stderr(self):
        done = self.cli(code=2)
        self.assertEqual(done.stdout, "")
        self.assertIn("FLAGS", done.stderr)

    def test_help_names_our_sub_commands(self):
        said = self.cli("--help").stdout
        for word in ("convert", "check", "demo"):
            self.assertIn(word, said)


class Usage(Case):  # spec 1.1, 1.3
    def refuses(self, *args, saying=""):
        done = self.cli(*args, code=2)
        self.assertEqual(done.stdout, "")
        self.assertIn(saying, done.stderr)

    def test_unknown_flags_are_refused(self):
        self.refuses("--frobnicate", saying="--frobnicate")
        self.refuses("-q", saying="-q")

    def test_long_options_are_not_abbreviated(self):
        self.refuses("--vers")

    def test_an_option_given_twice_is_refused(self):
        self.refuses("-u", "-u", "-l", ":1", "-r", "a:1")
        self.refuses("-c", "a", "-c", "b")

    def test_a_missing_value_is_refused(self):
        self.refuses("-l")
        self.refuses("-l", "-x", "-r", "a:1")

    def test_flags_take_no_value(self):
        self.refuses("--udp=false", "-l", "127.0.0.1:1", "-r", "a:1")

    def test_a_stray_word_is_refused(self):
        self.refuses("serve", saying="serve")

    def test_a_file_without_its_option(self):
        self.refuses("relay.toml", saying="a configuration is given as -c PATH")

    def test_a_half_endpoint_names_what_is_missing(self):
        self.refuses("-l", "127.0.0.1:1", saying="-r")
        self.refuses("-r", "127.0.0.1:1", saying="-l")

    def test_only_a_flag_is_refused(self):
        self.refuses("-u")


class Endpoints(Case):  # spec 1.1, 1.2, 3
    def setUp(self):
        super().setUp()
        self.server = Server(named("one"))
        self.addCleanup(self.server.close)
        self.remote = f"127.0.0.1:{self.server.port}"

    def serves(self, make_args):
        started = self.start_on_free_port(make_args)
        self.assertEqual(hear(started.port), b"one")
        return started

    def test_every_spelling_of_a_value(self):
        self.serves(lambda port: ("-l", f"127.0.0.1:{port}", "-r", self.remote))
        self.serves(lambda port: (f"-l127.0.0.1:{port}", f"-r{self.remote}"))
        self.serves(lambda port: (f"-l=127.0.0.1:{port}", f"-r={self.remote}"))
        self.serves(lambda port: ("--listen", f"127.0.0.1:{port}", "--remote", self.remote))
        self.serves(lambda port: (f"--listen=127.0.0.1:{port}", f"--remote={self.remote}"))

    def test_deprecated_flags_are_accepted_bundled(self):
        self.serves(lambda port: (f"-fzl127.0.0.1:{port}", "-r", self.remote))

    def test_listen_forms_without_a_host(self):
        for form in (":{}", "*:{}", "{}", "0.0.0.0:{}"):
            self.serves(lambda port, form=form: ("-l", form.format(port), "-r", self.remote))

    def test_ipv6_listener(self):
        started = self.start_on_free_port(lambda port: ("-l", f"[::1]:{port}", "-r", self.remote))
        self.assertEqual(hear(started.port, host="::1"), b"one")

    def test_ipv6_wildcard_takes_ipv4_unless_ipv6_only(self):
        started = self.serves(lambda port: ("-l", f"[::]:{port}", "-r", self.remote))
        self.assertEqual(hear(started.port, host="::1"), b"one")
        alone = self.start_on_free_port(lambda port: ("-6", "-l", f"[::]:{port}", "-r", self.remote))
        self.assertEqual(hear(alone.port, host="::1"), b"one")
        with self.assertRaises(ConnectionRefusedError):
            hear(alone.port)

    def test_a_name_to_listen_on(self):
        self.serves(lambda port: ("-l", f"localhost:{port}", "-r", self.remote))

    def test_a_device_may_be_the_zone_of_an_address(self):
        with Server(named("here"), host="::1") as server:
            started = self.start_on_free_port(
                lambda port: ("-l", f"[::1%lo]:{port}", "-r", f"[::1%lo]:{server.port}"))
            self.assertEqual(hear(started.port, host="::1"), b"here")

    def test_a_device_that_is_not_here_is_named_at_the_start(self):
        bad = self.cli("-l", "[fe80::1%nosuch]:1", "-r", "b:1", code=69)
        self.assertIn("cannot listen on [fe80::1%nosuch]:1: no such device", bad.stderr)
        bad = self.cli("-l", "127.0.0.1:0", "-r", "[fe80::1%nosuch]:1", code=69)
        self.assertIn("cannot use `remote` [fe80::1%nosuch]:1: there is no device `nosuch`", bad.stderr)

    def test_an_unspecified_address_meets_the_other_family(self):
        port = free_port()
        pairs = ("-l", f"0.0.0.0:{port}", "-r", "127.0.0.1:1", "-l", f"[::]:{port}",
                 "-r", "127.0.0.1:1")
        refused = self.cli(*pairs, code=78).stderr
        self.assertIn(f"error: `listen`: [::]:{port} (TCP) is already used by the endpoint 0.0.0.0:{port}", refused)
        self.assertIn(f"with `ipv6_only = true` for [::]:{port}", refused)
        started = self.launch(*pairs, **self.as_realm())
        started.wait_text("and both serve)", "err")
        self.assertIn(f"listens on 0.0.0.0:{port}; with `ipv6_only = true` for [::]:{port}", started.err())

    def test_a_low_port_without_the_right_to_it(self):
        setpriv = self.program("setpriv")
        started = self.launch("-l", "127.0.0.1:79", "-r", "127.0.0.1:1", launcher=(
            setpriv, "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"))
        self.assertEqual(started.wait_exit(), 69)
        self.assertIn("AmbientCapabilities=CAP_NET_BIND_SERVICE", started.err())

    def test_several_pairs_are_several_endpoints(self):
        with Server(named("two")) as other:
            second = free_port()
            started = self.start_on_free_port(lambda port: (
                "-l", f"127.0.0.1:{port}", "-r", self.remote,
                "-l", f"127.0.0.1:{second}", "-r", f"127.0.0.1:{other.port}"))
            started.wait_listening({second})
            self.assertEqual((hear(started.port), hear(second)), (b"one", b"two"))
            self.assertEqual(started.out().count("inited: "), 2)

    def test_through_chooses_the_local_address(self):
        started = self.start_on_free_port(
            lambda port: ("-l", f"127.0.0.1:{port}", "-r", self.remote, "-x", "127.0.0.9"))
        self.assertEqual(hear(started.port), b"one")
        self.assertEqual(self.server.seen[-1][0], "127.0.0.9")
        self.assertIn("send-through=127.0.0.9:0, ", started.out())


class StartUp(Case):  # spec 1.2 (-n, -p), 1.4 (threads), 1.7
    def test_lines_in_their_order(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "-p", "64", "--dns-servers", "127.0.0.1:53",
                                    "--dns-mode", "ipv4_only")
            text = started.out()
        self.assertRegex(text, (
            r"\Afd: soft=\d+, hard=\d+\n"
            r"pipe capacity: 262144\n"
            r"log: level=warn, output=stdout\n"
            r"dns: mode=ipv4_only, protocol=tcp\+udp, min-ttl=0, max-ttl=86400, cache-size=1024, "
            r"servers=127\.0\.0\.1:53\n"
            rf"inited: 127\.0\.0\.1:{started.port} -> \[127\.0\.0\.1:{nobody.port}\]; options: "
            r"ipv6-only=false, accept-mptcp=false; send-mptcp=false; send-proxy=false, "
            r"send-proxy-version=2, accept-proxy=false, accept-proxy-timeout=5s; "
            r"tcp-keepalive=15s\[3\] connect-timeout=5s, associate-timeout=30s; balance=off; "
            r"protocols=tcp; limits: connect-limit=15s, half-close-timeout=10s\n"),
            started.story())

    def test_servers_are_the_system_s_by_default(self):
        with Refusing() as nobody:
            text = self.relay_to(nobody.port).out()
        self.assertIn("cache-size=1024, servers=system\n", text)
        self.assertNotIn("pipe capacity", text)

    def test_the_descriptor_limit_is_raised(self):
        with Refusing() as nobody:
            text = self.relay_to(nobody.port).out()
        soft, hard = re.match(r"fd: soft=(\d+), hard=(\d+)\n", text).groups()
        self.assertEqual(soft, hard)

    def test_nofile_sets_both_limits(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "-n", "512")
            self.assertTrue(started.out().startswith("fd: soft=512, hard=512\n"), started.story())
            with open(f"/proc/{started.pid}/limits", encoding="ascii") as limits:
                self.assertRegex(limits.read(), r"Max open files +512 +512 ")

    def test_numbers_that_are_none_are_reported_and_ignored(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "-n", "many", "-p", "few")
            started.wait_text("invalid nofile value: many\n", "err")
            started.wait_text("invalid page value: few\n", "err")
            self.assertNotIn("pipe capacity", started.out())

    def test_options_show_in_the_line_of_the_endpoint(self):
        with Refusing() as nobody:
            text = self.relay_to(nobody.port, "--tcp-timeout", "7", "--tcp-keepalive=20",
                                 "--tcp-keepalive-probe", "4", "--udp-timeout", "9").out()
        self.assertIn("tcp-keepalive=20s[4] connect-timeout=7s, associate-timeout=9s; ", text)

    def test_an_unknown_word_for_the_log_level_warns_and_means_off(self):
        with Refusing() as nobody:
            started = self.relay_to(nobody.port, "--log-level", "loud")
            self.assertIn("log: level=off, ", started.out())
            self.assertIn("loud", started.err())

    def test_worker_threads_follow_the_environment(self):
        with Refusing() as nobody:
            three = self.relay_to(nobody.port, env={"RELAY_WORKERS": "3"}).status("Threads")
            one = self.relay_to(nobody.port, env={"TOKIO_WORKER_THREADS": "1"}).status("Threads")
        self.assertEqual(three - one, 2)


class Bind(Case):  # spec 1.8, 3
    def test_a_busy_port_ends_with_69_and_names_it(self):
        with Server(named("other")) as busy, Refusing() as nobody:
            done = self.cli("-l", f"127.0.0.1:{busy.port}", "-r", f"127.0.0.1:{nobody.port}", code=69)
        self.assertIn(f"127.0.0.1:{busy.port}", done.stderr)
        self.assertIn("in use", done.stderr)

    def test_a_foreign_address_ends_with_69(self):
        done = self.cli("-l", "192.0.2.1:80", "-r", "127.0.0.1:1", code=69)
        self.assertIn("192.0.2.1:80", done.stderr)

    def test_bad_addresses_end_with_78(self):
        for listen, remote in (("127.0.0.1", "a:1"), ("127.0.0.1:99999", "a:1"),
                               ("127.0.0.1:1", "nowhere"), ("127.0.0.1:1", "a:port")):
            done = self.cli("-l", listen, "-r", remote, code=78)
            self.assertTrue(done.stderr)
        done = self.cli("-l", "127.0.0.1:1", "-r", "a:1", "-x", "what", code=78)
        self.assertIn("what", done.stderr)

    def test_a_bad_name_server_ends_with_78_and_is_named(self):
        for entry in ("8.8.8.8", "8.8.8.8:dns", ""):
            done = self.cli("-l", "127.0.0.1:1", "-r", "a:1", "--dns-servers", f"1.1.1.1:53,{entry}",
                            code=78)
            self.assertIn(f"entry `{entry}`", done.stderr)
            self.assertIn("8.8.8.8:53", done.stderr)
