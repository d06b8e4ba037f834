"""Names as remotes: modes, caching, and name servers that are down, slow, lying or truncating."""

import time

from support.case import Case
from support.dns import AAAA, NXDOMAIN, SERVFAIL, A, Answer, NameServer
from support.servers import Refusing, Server, dial, hear, named
from support.wait import until

TIMEOUT = 60
V4, V4_OTHER, V6 = "127.0.0.2", "127.0.0.3", "::1"


class Named(Case):
    """A service on several addresses with one port; what it says is the address reached."""

    def service(self, *hosts):
        for _ in range(20):
            first = Server(named(hosts[0]), host=hosts[0])
            started = [first]
            try:
                for host in hosts[1:]:
                    started.append(Server(named(host), host=host, port=first.port))
            except OSError:
                for server in started:
                    server.close()
                continue
            for server in started:
                self.addCleanup(server.close)
            return first.port
        return self.fail("no port that is free on all addresses")

    def name_server(self, script):
        server = NameServer(script)
        self.addCleanup(server.close)
        return server

    def relay(self, name_server, port, *more, host="name.test", **options):
        return self.relay_to(f"{host}:{port}", "--dns-servers", name_server.address, *more,
                             "--log-level", "debug", **options)

    @staticmethod
    def reached(started):
        return hear(started.port).decode()


class Modes(Named):
    def reach(self, mode, addresses, served=(V4, V6)):
        """(which address was reached, the name server)."""
        names = self.name_server(lambda name, kind, _: Answer(addresses))
        more = ("--dns-mode", mode) if mode else ()
        return self.reached(self.relay(names, self.service(*served), *more)), names

    def test_ipv4_only(self):
        got, names = self.reach("ipv4_only", [V6, V4])
        self.assertEqual(got, V4)
        self.assertEqual(names.count(kind=AAAA), 0)

    def test_ipv6_only(self):
        got, names = self.reach("ipv6_only", [V4, V6])
        self.assertEqual(got, V6)
        self.assertEqual(names.count(kind=A), 0)

    def test_ipv4_then_ipv6_does_not_ask_for_ipv6_when_ipv4_answers(self):
        got, names = self.reach("ipv4_then_ipv6", [V6, V4])
        self.assertEqual(got, V4)
        self.assertEqual(names.count(kind=AAAA), 0)

    def test_ipv4_then_ipv6_goes_on_to_ipv6(self):
        self.assertEqual(self.reach("ipv4_then_ipv6", [V6])[0], V6)

    def test_ipv6_then_ipv4(self):
        got, names = self.reach("ipv6_then_ipv4", [V4, V6])
        self.assertEqual(got, V6)
        self.assertEqual(names.count(kind=A), 0)

    def test_ipv6_then_ipv4_goes_on_to_ipv4(self):
        self.assertEqual(self.reach("ipv6_then_ipv4", [V4])[0], V4)

    def test_ipv4_and_ipv6_asks_for_both_and_prefers_ipv4(self):
        for mode in ("ipv4_and_ipv6", None):
            got, names = self.reach(mode, [V6, V4])
            self.assertEqual(got, V4)
            until(lambda names=names: names.count(kind=A) and names.count(kind=AAAA), "both asked")

    def test_the_next_address_is_tried_when_one_refuses(self):
        self.assertEqual(self.reach("ipv4_and_ipv6", [V4, V6], served=(V6,))[0], V6)
        self.assertEqual(self.reach("ipv4_only", [V4, V4_OTHER], served=(V4_OTHER,))[0], V4_OTHER)

    def test_one_of_both_questions_may_fail(self):
        names = self.name_server(lambda name, kind, _: Answer([V4]) if kind == A
                                 else Answer(code=SERVFAIL))
        self.assertEqual(self.reached(self.relay(names, self.service(V4))), V4)


class Cache(Named):
    def test_an_answer_is_asked_for_once_while_it_holds(self):
        names = self.name_server(lambda *_: Answer([V4], ttl=300))
        started = self.relay(names, self.service(V4), "--dns-mode", "ipv4_only")
        for _ in range(20):
            self.assertEqual(self.reached(started), V4)
        self.assertEqual(names.count(), 1)

    def test_many_at_once_are_one_question(self):
        names = self.name_server(lambda *_: Answer([V4], delay=0.5))
        started = self.relay(names, self.service(V4), "--dns-mode", "ipv4_only")
        socks = [dial(started.port) for _ in range(50)]
        for sock in socks:
            with sock:
                self.assertEqual(sock.recv(100), V4.encode())
        self.assertEqual(names.count(), 1)

    def test_a_changed_answer_is_followed_when_the_old_one_has_expired(self):
        now = [V4]
        names = self.name_server(lambda *_: Answer(now, ttl=1))
        started = self.relay(names, self.service(V4, V4_OTHER), "--dns-mode", "ipv4_only")
        self.assertEqual(self.reached(started), V4)
        now[0] = V4_OTHER
        until(lambda: self.reached(started) == V4_OTHER, started.story, seconds=10)

    def test_max_ttl_cuts_a_long_answer(self):
        now = [V4]
        names = self.name_server(lambda *_: Answer(now, ttl=3600))
        started = self.relay(names, self.service(V4, V4_OTHER), "--dns-mode", "ipv4_only",
                             "--dns-max-ttl", "1")
        self.assertEqual(self.reached(started), V4)
        now[0] = V4_OTHER
        until(lambda: self.reached(started) == V4_OTHER, started.story, seconds=10)

    def test_min_ttl_stretches_a_short_answer(self):
        names = self.name_server(lambda *_: Answer([V4], ttl=0))
        started = self.relay(names, self.service(V4), "--dns-mode", "ipv4_only",
                             "--dns-min-ttl", "60")
        for _ in range(10):
            self.assertEqual(self.reached(started), V4)
        self.assertEqual(names.count(), 1)

    def test_a_name_that_does_not_exist_is_remembered(self):
        names = self.name_server(lambda *_: Answer(code=NXDOMAIN, ttl=300))
        started = self.relay(names, 9, "--dns-mode", "ipv4_only")
        for _ in range(10):
            self.assertEqual(self.reached(started), "")
        self.assertEqual(names.count(), 1)
        self.assertIn("name.test", started.out())

    def test_an_expired_answer_serves_while_the_name_server_is_down(self):
        up = [True]
        names = self.name_server(lambda *_: Answer([V4], ttl=1, drop=not up[0]))
        started = self.relay(names, self.service(V4), "--dns-mode", "ipv4_only")
        self.assertEqual(self.reached(started), V4)
        up[0] = False
        asked = names.count()
        until(lambda: self.reached(started) == V4 and names.count() > asked, started.story)
        began = time.monotonic()
        self.assertEqual(self.reached(started), V4)
        self.assertLess(time.monotonic() - began, 5)


class Moved(Named):
    """The service behind a name comes back at another address, long before the answer's TTL ends."""

    def setUp(self):
        super().setUp()
        self.now = [V4]
        self.names = self.name_server(lambda *_: Answer(self.now, ttl=600))
        self.servers = {}
        self.port = self.pair()
        self.began = time.monotonic()

    def pair(self):
        """One port, served at the first address only; the other one's listener is still to come."""
        for _ in range(20):
            first = Server(named(V4), host=V4)
            try:
                self.servers = {V4: first, V4_OTHER: Server(named(V4_OTHER), host=V4_OTHER,
                                                            port=first.port)}
            except OSError:
                first.close()
                continue
            for server in self.servers.values():
                self.addCleanup(server.close)
            return first.port
        return self.fail("no port that is free on both addresses")

    def move(self):
        self.servers[V4].close()
        self.now[0] = V4_OTHER

    def older(self):
        """Whatever was asked for until now is no longer believed without asking."""
        since = time.monotonic()
        until(lambda: time.monotonic() > since + 1.1, "a second")

    def test_the_same_connection_reaches_the_new_address(self):
        started = self.relay(self.names, self.port, "--dns-mode", "ipv4_only")
        self.assertEqual(self.reached(started), V4)
        self.older()
        self.move()
        self.assertEqual(self.reached(started), V4_OTHER, started.story())
        for _ in range(5):
            self.assertEqual(self.reached(started), V4_OTHER)
        self.assertEqual(self.names.count(), 2)

    def test_with_several_addresses_and_a_choice(self):
        self.now = [V4, "127.0.0.9"]  # not a single one: another way through the code
        with Server(named("backup")) as backup:
            started = self.configured(
                f'[dns]\nnameservers = ["{self.names.address}"]\nmode = "ipv4_only"\n'
                f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "name.test:{self.port}"\n'
                f'extra_remotes = ["127.0.0.1:{backup.port}"]\n')
            self.assertEqual(self.reached(started), V4)
            self.older()
            self.move()
            self.assertEqual(self.reached(started), V4_OTHER, "no reason to fail over")
            self.servers[V4_OTHER].close()
            self.assertEqual(self.reached(started), "backup")

    def test_a_service_that_is_down_is_asked_for_once_a_second_only(self):
        started = self.relay(self.names, self.port, "--dns-mode", "ipv4_only",
                             env={"RELAY_WORKERS": "2"})
        self.assertEqual(self.reached(started), V4)
        self.servers[V4].close()
        self.older()
        for _ in range(40):
            self.assertEqual(self.reached(started), "")
        self.assertGreater(self.names.count(), 1)
        self.assertLessEqual(self.names.count(), 2 + time.monotonic() - self.began)

    def test_with_a_name_server_that_is_down_it_fails_soon(self):
        started = self.relay(self.names, self.port, "--dns-mode", "ipv4_only")
        self.assertEqual(self.reached(started), V4)
        self.names.script = lambda *_: Answer(drop=True)
        self.servers[V4].close()
        self.older()
        began = time.monotonic()
        self.assertEqual(self.reached(started), "")
        self.assertLess(time.monotonic() - began, 5)  # not the name server's ten seconds
        self.servers[V4] = Server(named(V4), host=V4, port=self.port)
        self.addCleanup(self.servers[V4].close)
        self.assertEqual(self.reached(started), V4, "the old answer serves")

    def test_connections_made_ahead_follow(self):
        started = self.configured(
            f'[log]\nlevel = "debug"\n[dns]\nnameservers = ["{self.names.address}"]\n'
            f'mode = "ipv4_only"\n[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\n'
            f'remote = "name.test:{self.port}"\n[network]\nwarm = 1\n',
            env={"RELAY_WORKERS": "1"})
        until(lambda: self.servers[V4].seen, started.story)
        self.older()
        self.move()  # ends the one that waits, too: the pool dials again
        until(lambda: self.servers[V4_OTHER].seen, started.story)

    def test_zeros_are_no_address(self):
        for nothing, kind in ((["0.0.0.0"], "ipv4_only"), (["::"], "ipv6_only"),
                              (["0.0.0.0", "::"], "ipv4_and_ipv6"), (["::ffff:0:0"], "ipv6_only")):
            with self.subTest(nothing), Server(named("this machine"), host="0.0.0.0") as here:
                names = self.name_server(lambda *_, nothing=nothing: Answer(nothing))
                started = self.relay(names, here.port, "--dns-mode", kind)
                self.assertEqual(self.reached(started), "")
                started.wait_text("0.0.0.0 or ::, which is no address")


class BadServers(Named):
    def test_start_does_not_wait_for_names(self):
        names = self.name_server(lambda *_: Answer(drop=True))
        began = time.monotonic()
        self.relay(names, 9)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(names.count(), 0)

    def test_a_dead_name_server_closes_the_client_within_the_limit(self):
        with Refusing() as dead:
            started = self.configured(
                f'[log]\nlevel = "debug"\n[dns]\nnameservers = ["127.0.0.1:{dead.port}"]\n'
                '[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "name.test:9"\n'
                "[network]\nconnect_limit = 3\n")
            began = time.monotonic()
            self.assertEqual(self.reached(started), "")
            self.assertLess(time.monotonic() - began, 10)

    def test_a_silent_name_server_is_bounded_by_connect_limit(self):
        names = self.name_server(lambda *_: Answer(drop=True))
        started = self.configured(
            f'[log]\nlevel = "debug"\n[dns]\nnameservers = ["{names.address}"]\n[[endpoints]]\n'
            'listen = "127.0.0.1:LISTEN"\nremote = "name.test:9"\n[network]\nconnect_limit = 2\n')
        began = time.monotonic()
        self.assertEqual(self.reached(started), "")
        self.assertLess(time.monotonic() - began, 6)
        self.assertIn("name.test", started.out())

    def test_a_slow_name_server_is_waited_for(self):
        names = self.name_server(lambda *_: Answer([V4], delay=1.5))
        self.assertEqual(self.reached(self.relay(names, self.service(V4))), V4)

    def test_a_slow_name_holds_up_nobody_else(self):
        def script(name, *_):
            return Answer(drop=True) if name == "slow.test" else Answer([V4])
        names = self.name_server(script)
        port = self.service(V4)
        slow = self.relay(names, port, host="slow.test", env={"RELAY_WORKERS": "1"})
        fast = self.relay(names, port, env={"RELAY_WORKERS": "1"})
        with dial(slow.port):
            until(lambda: names.count("slow.test"), "the question")
            self.assertEqual(self.reached(fast), V4)

    def test_the_second_name_server_answers_when_the_first_is_silent(self):
        silent = self.name_server(lambda *_: Answer(drop=True))
        good = self.name_server(lambda *_: Answer([V4]))
        started = self.relay_to(f"name.test:{self.service(V4)}", "--dns-servers",
                                f"{silent.address}, {good.address}")
        self.assertEqual(self.reached(started), V4)

    def test_answers_to_other_questions_are_not_believed(self):
        for lie in ({"wrong_id": True}, {"wrong_name": True}):
            def script(name, kind, transport, lie=lie):
                return Answer([V4_OTHER], **lie)
            names = self.name_server(script)
            started = self.configured(
                f'[dns]\nnameservers = ["{names.address}"]\nmode = "ipv4_only"\n[[endpoints]]\n'
                f'listen = "127.0.0.1:LISTEN"\nremote = "name.test:{self.service(V4_OTHER)}"\n'
                "[network]\nconnect_limit = 2\n")
            self.assertEqual(self.reached(started), "", lie)

    def test_garbage_is_survived(self):
        def script(name, *_):
            return Answer(garbage=True)
        names = self.name_server(script)
        started = self.relay(names, 9, "--dns-mode", "ipv4_only")
        self.assertEqual(hear(started.port, seconds=40), b"")
        self.assertTrue(started.running())

    def test_a_truncated_answer_is_asked_for_again_over_tcp(self):
        names = self.name_server(lambda *_: Answer([V4], truncate=True))
        started = self.relay(names, self.service(V4), "--dns-mode", "ipv4_only")
        self.assertEqual(self.reached(started), V4)
        self.assertGreater(names.count(transport="tcp"), 0)

    def test_protocol_tcp_asks_over_tcp_only(self):
        names = self.name_server(lambda *_: Answer([V4]))
        started = self.relay(names, self.service(V4), "--dns-protocol", "tcp")
        self.assertEqual(self.reached(started), V4)
        self.assertEqual(names.count(transport="udp"), 0)

    def test_the_hosts_file_comes_first(self):
        names = self.name_server(lambda *_: Answer([V4_OTHER]))
        with Server(named("local")) as server:
            started = self.relay(names, server.port, "--dns-mode", "ipv4_only", host="localhost")
            self.assertEqual(hear(started.port), b"local")
        self.assertEqual(names.count(), 0)
