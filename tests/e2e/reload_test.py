"""Another configuration for a relay that runs: nothing is lost, and a mistake changes nothing."""

import asyncio
import contextlib
import json
import os
import random
import re
import signal

from support.case import Case
from support.ports import free_port, free_ports
from support.relay import SANITIZED
from support.servers import Server, dial, echo, hear, named, read_exactly
from support.wait import until

TIMEOUT = 120


class ReloadCase(Case):
    def begin(self, text, **options):
        """A relay that logs at `info`; LISTEN is a free port."""
        started = self.configured('log.level = "info"\n' + text, **options)
        started.config = started.args[1]
        started.generation = 1
        return started

    def write(self, started, text):
        self.file("relay.toml", 'log.level = "info"\n' + text.replace("LISTEN", str(started.port)))

    def change(self, started, text):
        """Puts it in force."""
        self.write(started, text)
        started.signal(signal.SIGHUP)
        self.in_force(started)

    def in_force(self, started):
        started.generation += 1
        started.wait_text(f"the configuration is in force (generation {started.generation})")


def endpoint(remote, more=""):
    return f'[[endpoints]]\nlisten = "127.0.0.1:LISTEN"\nremote = "127.0.0.1:{remote}"\n{more}\n'


class Reload(ReloadCase):
    def test_new_sessions_go_by_it_and_old_ones_live_on(self):
        with Server(echo) as one, Server(named("two")) as two:
            started = self.begin(endpoint(one.port))
            with dial(started.port) as old:
                old.sendall(b"before")
                self.assertEqual(read_exactly(old, 6), b"before")
                self.change(started, endpoint(two.port))
                self.assertEqual(hear(started.port), b"two")
                old.sendall(b"after")
                self.assertEqual(read_exactly(old, 5), b"after")
        self.assertIn(f"~ 127.0.0.1:{started.port}: remote 127.0.0.1:{one.port} -> "
                      f"127.0.0.1:{two.port} (sessions live on)", started.out())

    def test_a_mistake_changes_nothing_and_is_told_with_its_place(self):
        with Server(named("one")) as one:
            started = self.begin(endpoint(one.port))
            self.write(started, endpoint(one.port, "network = { tcp_timeout = fast }"))
            started.signal(signal.SIGHUP)
            started.wait_text("RLY-CONFIG")
            started.wait_text("relay.toml:5:")
            self.assertEqual(hear(started.port), b"one")
            started.wait_text("nothing was changed")

    def test_a_port_that_is_taken_changes_nothing(self):
        with Server(named("one")) as one, Server(named("two")) as two:
            started = self.begin(endpoint(one.port))
            taken = f'[[endpoints]]\nlisten = "127.0.0.1:{two.port}"\nremote = "127.0.0.1:1"\n'
            self.write(started, endpoint(two.port) + taken)
            started.signal(signal.SIGHUP)
            started.wait_text("RLY-BIND")
            started.wait_text(f"cannot listen on 127.0.0.1:{two.port}: binding: address already in use")
            self.assertEqual(hear(started.port), b"one", "the old remote")

    def test_a_listener_that_could_not_be_had_is_tried_again(self):
        with Server(named("one")) as one:
            with Server(named("another")) as other:
                second = f'[[endpoints]]\nlisten = "127.0.0.1:{other.port}"\nremote = "127.0.0.1:{one.port}"\n'
                started = self.begin(endpoint(one.port) + second)
                self.assertIn("address already in use", started.err())
                self.assertEqual(hear(started.port), b"one", "the rest serves")
            started.wait_text(f"listening on 127.0.0.1:{other.port} at last", seconds=30)
            self.assertEqual(hear(other.port), b"one")

    def test_what_needs_a_restart_is_said(self):
        with Server(named("one")) as one:
            started = self.begin(endpoint(one.port))
            self.change(started, endpoint(one.port) + '[dns]\nmode = "ipv4_only"\n')
            started.wait_text("needs a restart")
            self.assertIn("! dns.mode", started.out())

    def test_the_log_goes_on_where_the_new_configuration_says(self):
        with Server(named("one")) as one:
            started = self.begin(endpoint(one.port))
            other = self.folder / "other.log"
            self.write(started, f'log.output = "{other}"\n' + endpoint(one.port))
            started.signal(signal.SIGHUP)
            until(lambda: other.exists() and "is in force (generation 2)" in other.read_text(),
                  started.story)
            self.assertIn(f'log.output', other.read_text())
            self.assertNotIn("generation 2", started.out())
            self.write(started, f'log.output = "{self.folder}/no/such"\n' + endpoint(one.port))
            started.signal(signal.SIGHUP)
            until(lambda: "nothing was changed" in other.read_text(), other.read_text)
            self.assertRegex(other.read_text(), "RLY-CONFIG: .*relay.toml:2:.*cannot write")

    def test_without_a_file_there_is_nothing_new(self):
        with Server(named("one")) as one:
            started = self.relay_to(one.port, "--log-level", "info")
            started.generation = 1
            started.signal(signal.SIGHUP)
            self.in_force(started)
            self.assertIn("nothing changes", started.out())
            self.assertEqual(hear(started.port), b"one")

    def test_the_end_does_not_wait_for_it(self):
        with Server(named("one")) as one:
            started = self.begin(endpoint(one.port))
            started.signal(signal.SIGHUP)
            started.signal(signal.SIGTERM)
            self.assertEqual(started.wait_exit(), 0)


class Commands(ReloadCase):
    """`relay plan`, `reload`, `confirm`."""

    def setUp(self):
        super().setUp()
        self.one = Server(named("one"))
        self.two = Server(named("two"))
        self.addCleanup(self.one.close)
        self.addCleanup(self.two.close)

    def begin(self, text, **options):
        return super().begin(f'control.path = "{self.folder}/c.sock"\n' + text, **options)

    def write(self, started, text):
        super().write(started, f'control.path = "{self.folder}/c.sock"\n' + text)

    def ask(self, *words, code=0):
        return self.cli(*words, "--control", self.folder / "c.sock", code=code)

    def test_a_plan_says_what_a_reload_would_do_and_does_nothing(self):
        started = self.begin(endpoint(self.one.port))
        self.assertEqual(self.ask("plan").stdout, "nothing changes\n")
        with Server(echo) as server:
            self.change(started, endpoint(server.port))
            with dial(started.port) as held:
                held.sendall(b"x")
                self.assertEqual(read_exactly(held, 1), b"x")
                self.write(started, endpoint(self.two.port))
                line = (f"~ 127.0.0.1:{started.port}: remote 127.0.0.1:{server.port} -> "
                        f"127.0.0.1:{self.two.port} (1 session lives on)\n")
                self.assertEqual(self.ask("plan").stdout, line)
                held.sendall(b"y")
                self.assertEqual(read_exactly(held, 1), b"y")
        told = json.loads(self.ask("plan", "--json").stdout)
        self.assertTrue(told["plan"]["changes"])
        self.assertEqual(told["generation"], 2)

    def test_a_plan_of_another_file(self):
        self.begin(endpoint(self.one.port))
        other = self.file("other.toml", '[[endpoints]]\nlisten = "127.0.0.9:1"\nremote = "h:1"\n')
        self.assertIn("+ 127.0.0.9:1 => h:1", self.ask("plan", "-c", other).stdout)
        missing = self.ask("plan", "-c", self.folder / "none.toml", code=78)
        self.assertIn("RLY-CONFIG", missing.stderr)

    def test_whoever_waits_is_told_what_has_changed(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint(self.two.port))
        self.assertIn(f"-> 127.0.0.1:{self.two.port}", self.ask("reload", "--wait").stdout)
        self.assertEqual(hear(started.port), b"two")
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(status["process"]["generation"], 2)

    def test_whoever_waits_is_told_what_is_wrong(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint("port"))
        done = self.ask("reload", "--wait", code=78)
        self.assertIn("relay.toml:5:", done.stderr)
        self.assertIn("RLY-CONFIG", done.stderr)
        self.assertEqual(hear(started.port), b"one")

    def test_without_a_confirmation_it_goes_back(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint(self.two.port))
        self.ask("reload", "--wait", "--confirm", "500ms")
        self.assertEqual(hear(started.port), b"two")
        started.wait_text("(generation 3)")
        self.assertEqual(hear(started.port), b"one")
        self.assertIn("not confirmed: the configuration before comes back", started.out())

    def test_two_that_nobody_confirms_go_back_to_the_one_before_both(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint(self.two.port))
        self.ask("reload", "--wait", "--confirm", "1h")
        with Server(named("three")) as three:
            self.write(started, endpoint(three.port))
            self.ask("reload", "--wait", "--confirm", "500ms")
            self.assertEqual(hear(started.port), b"three")
            started.wait_text("(generation 4)")
        self.assertEqual(hear(started.port), b"one")

    def test_what_is_confirmed_stays(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint(self.two.port))
        self.ask("reload", "--wait", "--confirm", "1h")
        self.assertIn("confirmed", self.ask("confirm").stdout)
        self.assertEqual(hear(started.port), b"two")
        self.assertIn("RLY-CONFIRM", self.ask("confirm", code=1).stderr)

    def test_the_level_of_the_log_follows(self):
        started = self.begin(endpoint(self.one.port))
        self.write(started, endpoint(self.one.port))
        text = (self.folder / "relay.toml").read_text(encoding="utf-8")
        self.file("relay.toml", text.replace('"info"', '"debug"'))
        self.ask("reload", "--wait")
        self.assertEqual(hear(started.port), b"one")
        started.wait_text("[DEBUG]")

    def test_an_endpoint_that_was_drained_comes_back_with_a_change(self):
        started = self.begin(endpoint(self.one.port))
        self.ask("drain", f"127.0.0.1:{started.port}")
        with self.assertRaises(ConnectionRefusedError):
            hear(started.port)
        self.ask("reload", "--wait")
        with self.assertRaises(ConnectionRefusedError):
            hear(started.port)
        self.write(started, endpoint(self.two.port))
        self.ask("reload", "--wait")
        self.assertEqual(hear(started.port), b"two")


class Watch(ReloadCase):
    """`process.watch`."""

    WATCH = "process.watch = true\n"

    def replace(self, started, text):
        """As editors and tools of deployment do it: a new file takes the place of the old."""
        fresh = self.file("fresh", 'log.level = "info"\n' + self.WATCH +
                          text.replace("LISTEN", str(started.port)))
        os.replace(fresh, self.folder / "relay.toml")

    def test_a_file_that_is_replaced_is_read(self):
        with Server(named("one")) as one, Server(named("two")) as two:
            started = self.begin(self.WATCH + endpoint(one.port))
            for server, name in ((two, b"two"), (one, b"one")):
                self.replace(started, endpoint(server.port))
                self.in_force(started)
                self.assertEqual(hear(started.port), name)

    def test_the_same_content_is_no_change(self):
        with Server(named("one")) as one, Server(named("two")) as two:
            started = self.begin(self.WATCH + endpoint(one.port))
            self.replace(started, endpoint(one.port))
            self.replace(started, endpoint(two.port))
            self.in_force(started)
            self.assertEqual(started.out().count("in force"), 1)

    def test_a_bad_file_is_told_once(self):
        with Server(named("one")) as one, Server(named("two")) as two:
            started = self.begin(self.WATCH + endpoint(one.port))
            self.replace(started, endpoint(one.port, "no equals sign"))
            started.wait_text("RLY-CONFIG")
            self.replace(started, endpoint(two.port))
            self.in_force(started)
            self.assertEqual(started.out().count("RLY-CONFIG"), 1)

    def test_a_volume_whose_link_is_swapped_is_followed(self):
        """A ConfigMap of Kubernetes: the file is a link to `..data/…`, and `..data` one that moves."""
        with Server(named("one")) as one, Server(named("two")) as two:
            port = free_port()

            def version(name, server):
                text = 'log.level = "info"\n' + self.WATCH + endpoint(server.port)
                self.file(f"volume/{name}/relay.toml", text.replace("LISTEN", str(port)))
                os.symlink(name, self.folder / "volume" / "..next")
                os.replace(self.folder / "volume" / "..next", self.folder / "volume" / "..data")
            version("..1", one)
            os.symlink("..data/relay.toml", self.folder / "volume" / "relay.toml")
            started = self.start("-c", self.folder / "volume" / "relay.toml", ports=[port])
            started.generation = 1
            self.assertEqual(hear(port), b"one")
            version("..2", two)
            self.in_force(started)
            self.assertEqual(hear(port), b"two")


class Traffic:
    """Clients that check every byte, on one thread."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.over = False
        self.transfers = {}  # by port
        self.datagrams = 0
        self.wrong = []

    async def stream(self, port):
        """One transfer after the other: bulk with a half-close, or a conversation."""
        while not self.over:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            self.transfers[port] = self.transfers.get(port, 0) + 1
            try:
                await self.dice.choice((self.bulk, self.talk))(reader, writer)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def bulk(self, reader, writer):
        data = self.dice.randbytes(self.dice.randrange(1, 300_000))
        writer.write(data)
        writer.write_eof()
        if await reader.read(-1) != data:
            self.wrong.append("bulk")

    async def talk(self, reader, writer):
        for _ in range(self.dice.randrange(1, 60)):
            word = self.dice.randbytes(64)
            writer.write(word)
            if await reader.readexactly(64) != word:
                self.wrong.append("conversation")

    async def flow(self, port):
        """Numbered datagrams, one at a time: each is answered once."""
        loop = asyncio.get_running_loop()
        answers = asyncio.Queue()

        class Ears(asyncio.DatagramProtocol):
            def datagram_received(self, data, addr):
                answers.put_nowait(data)
        transport, _ = await loop.create_datagram_endpoint(Ears, remote_addr=("127.0.0.1", port))
        number = 0
        while not self.over:
            number += 1
            word = b"%d" % number
            transport.sendto(word)
            got = await asyncio.wait_for(answers.get(), 30)
            if got != word:
                self.wrong.append(f"datagram {got!r} for {word!r}")
            self.datagrams += 1
            await asyncio.sleep(0.01)  # a flow, not a flood
        transport.close()


async def echo_stream(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    writer.close()


class EchoDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


class RandomReloads(ReloadCase):
    """Whatever changes, nobody's bytes are lost, doubled or reordered."""

    RELOADS = 30 if SANITIZED else 100
    STABLE = 4  # endpoints whose ports are always served

    def settings(self, dice, first, remotes, layers):
        """Some configuration in which the stable ports are served."""
        def remote():
            return f'"127.0.0.1:{dice.choice(remotes)}"'

        def network(udp=True):
            keys = [f"tcp_timeout = {dice.randrange(1, 9)}", f"idle_timeout = {dice.randrange(90, 99)}",
                    f"udp_timeout = {dice.randrange(60, 64)}"]
            if udp:
                keys.append("use_udp = true")
            return "network = { " + ", ".join(dice.sample(keys[:-1], dice.randrange(3)) + keys[-1:]) + " }"

        def one(name, listen, udp=True, more=""):
            extra = f"extra_remotes = [{remote()}]\nbalance = \"roundrobin: 1, 1\"\n" if dice.random() < 0.3 else ""
            limit = f"max_connections = {dice.randrange(1000, 1003)}\n" if dice.random() < 0.3 else ""
            return (f'[[endpoints]]\nname = "{name}"\nlisten = "127.0.0.1:{listen}"\nremote = {remote()}\n'
                    f"{extra}{limit}{more}{network(udp)}\n")
        made = [one(f"stable{number}", first + number) for number in range(self.STABLE)]
        # The last two ports belong together now and then, or grow a third one.
        pair = first + self.STABLE
        ranges = ([(0, 1)], [(0, 0), (1, 1)], [(0, 2)], [(1, 2), (0, 0)])[dice.randrange(4)]
        for a, b in ranges:
            listen = f"{pair + a}-{pair + b}" if a != b else f"{pair + a}"
            made.append(one(f"pair{a}{dice.randrange(2)}", listen))
        for number in range(dice.randrange(3)):
            made.append(one(f"passing{number}", pair + 3 + number))
        layer = 'ws;host=h;path=/p;tls;'
        made.append(f'[[endpoints]]\nlisten = "127.0.0.1:{layers}"\nremote = "127.0.0.1:{layers + 1}"\n'
                    f'remote_transport = "{layer}sni=h;insecure"\n'
                    f"network = {{ warm = {dice.randrange(3)} }}\n")
        made.append(f'[[endpoints]]\nlisten = "127.0.0.1:{layers + 1}"\nremote = {remote()}\n'
                    f'listen_transport = "{layer}servername=h"\n'
                    f"network = {{ tcp_timeout = {dice.randrange(1, 9)} }}\n")
        dice.shuffle(made)
        return "".join(made)

    def test_nothing_is_lost(self):
        seed = int(os.environ.get("RELAY_SEED") or random.randrange(1 << 32))
        asyncio.run(self.reload_under_traffic(seed))

    async def reload_under_traffic(self, seed):
        dice = random.Random(seed)
        first = free_ports(self.STABLE + 8)
        layers = first + self.STABLE + 6
        servers = [await asyncio.start_server(echo_stream, "127.0.0.1", 0, backlog=1024)
                   for _ in range(3)]
        remotes = [each.sockets[0].getsockname()[1] for each in servers]
        loop = asyncio.get_running_loop()
        echoes = [(await loop.create_datagram_endpoint(EchoDatagrams, local_addr=("127.0.0.1", port)))[0]
                  for port in remotes]
        head = 'log.level = "info"\n'
        path = self.file("relay.toml", head + self.settings(dice, first, remotes, layers))
        started = await asyncio.to_thread(self.start, "-c", path, ports=[first, layers], udp=False)
        traffic = Traffic(seed)
        ports = [first + number for number in range(self.STABLE + 2)]
        tasks = [asyncio.create_task(traffic.stream(ports[number % len(ports)]))
                 for number in range(48 if SANITIZED else 180)]
        tasks += [asyncio.create_task(traffic.stream(layers)) for _ in range(6 if SANITIZED else 20)]
        tasks += [asyncio.create_task(traffic.flow(ports[number % len(ports)]))
                  for number in range(20 if SANITIZED else 100)]
        for generation in range(2, self.RELOADS + 2):
            path.write_text(head + self.settings(dice, first, remotes, layers), encoding="utf-8")
            started.signal(signal.SIGHUP)
            await asyncio.to_thread(started.wait_text, f"(generation {generation})", seconds=30)
            self.assertEqual([each for each in tasks if each.done()], [], f"seed {seed}: {started.story()}")
        traffic.over = True
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        self.assertEqual([each for each in ended if each is not None], [], f"seed {seed}\n{started.story()}")
        self.assertEqual(traffic.wrong, [], f"seed {seed}")
        self.assertGreater(traffic.datagrams, self.RELOADS)
        await asyncio.to_thread(self.compare, started, traffic, first, seed)
        for each in [*servers, *echoes]:
            each.close()

    def compare(self, started, traffic, first, seed):
        """The counters of the endpoints that were always there, with what their clients counted."""
        def counted():
            started.signal(signal.SIGUSR2)
            found = {}
            for listen, line in re.findall(r"endpoint \S+:(\d+)\S* (.*)", started.out()):
                found[int(listen)] = dict(re.findall(r"(\w+)=(\S+)", line))
            return found
        for number in range(self.STABLE):
            port = first + number
            until(lambda port=port: counted().get(port, {}).get("total") == str(traffic.transfers[port]),
                  lambda port=port: f"seed {seed}: {traffic.transfers[port]} of {counted().get(port)}")
