"""Real programs whose datagrams go through the relay: dig and dnsmasq, iperf3, openssl, socat."""

import json
import re

from support import programs
from support.ports import free_port, listening
from support.servers import pattern
from support.tools import Programs
from support.udp import UdpCase, opened
from support.wait import until

LABEL = "interop"
TIMEOUT = 120


class UdpPrograms(UdpCase, Programs):
    def udp_program(self, name, args, port):
        """A program that answers datagrams at `port`, once it is ready to."""
        started = programs.Program(self, name, args, port, cwd=self.folder, tcp=False)
        until(lambda: started.process.poll() is not None or
              port in listening(started.process.pid, "udp"),
              lambda: f"{name}\n{started.said.read_text(errors='replace')}", 20)
        self.assertIsNone(started.process.poll(), started.said.read_text(errors="replace"))
        return started


class Dig(UdpPrograms):
    BIG = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(400)]

    def setUp(self):
        super().setUp()
        hosts = "127.0.0.2 four.test\n::2 six.test\n"
        hosts += "".join(f"{address} big.test\n" for address in self.BIG)
        self.names = programs.dnsmasq(self, hosts)
        self.relay = self.udp_relay(self.names.port, tcp=True)

    def dig(self, *question):
        return self.tool("dig", "@127.0.0.1", "-p", self.relay.port, "+tries=2", "+time=5",
                         *question).decode()

    def test_questions_over_udp_and_tcp(self):
        for how in ("+notcp", "+tcp"):
            self.assertEqual(self.dig("+short", how, "four.test", "A"), "127.0.0.2\n")
            self.assertEqual(self.dig("+short", how, "six.test", "AAAA"), "::2\n")
        self.assertEqual(len(opened(self.relay)), 2, "one for each question over UDP")
        self.assertEqual(self.relay.out().count("[tcp]127.0.0.1"), 2, self.relay.story())

    def test_a_big_answer_is_asked_for_again_over_tcp(self):
        said = self.dig("+noedns", "big.test", "A")
        self.assertIn("retrying in TCP mode", said)
        self.assertEqual(set(re.findall(r"\sA\s+(127\.1\.\S+)", said)), set(self.BIG))

    def test_many_questions(self):
        batch = self.file("questions", "four.test A\nsix.test AAAA\n" * 50)
        said = self.dig("+short", "+notcp", "-f", batch)
        self.assertEqual(said.split(), ["127.0.0.2", "::2"] * 50)


class Iperf(UdpPrograms):
    def measure(self, *more):
        """iperf3 over UDP: its answer."""
        server = programs.iperf3_server(self)
        started = self.udp_relay(server.port, tcp=True, level="error")
        text = self.tool("iperf3", "-u", "-c", "127.0.0.1", "-p", started.port, "-t", "2", "-J",
                         *more)
        answer = json.loads(text)
        self.assertNotIn("error", answer)
        return answer["end"]["sum"]

    def nothing_is_lost(self, *more):
        # But a burst for which iperf3's own socket, of a default size, is too small: it holds two
        # of the largest datagrams, and on a busy machine iperf3 may come too late for the third.
        for direction in ((), ("-R",)):
            total = self.measure(*more, *direction)
            print(f"{' '.join((*more, *direction))}: {total['packets']} datagrams, "
                  f"{total['lost_packets']} lost, {total['jitter_ms']:.3f} ms jitter")
            self.assertGreater(total["packets"], 20)
            self.assertLessEqual(total["lost_packets"], total["packets"] // 20)

    def test_datagrams_of_1400_bytes(self):
        self.nothing_is_lost("-b", "20M", "-l", "1400")

    def test_datagrams_of_64_kib(self):
        self.nothing_is_lost("-b", "50M", "-l", "65507")

    def test_four_streams(self):
        self.nothing_is_lost("-b", "5M", "-l", "1200", "-P", "4")


class Dtls(UdpPrograms):
    def test_a_dtls_1_2_session_passes_untouched(self):
        cert, key = programs.certificate(self)
        port = free_port()
        server = self.talk_to("openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}",
                              "-cert", cert, "-key", key)
        server.hear(b"ACCEPT")
        started = self.udp_relay(port)
        client = self.talk_to("openssl", "s_client", "-dtls1_2", "-connect",
                              f"127.0.0.1:{started.port}", "-servername", "relay.test", "-CAfile",
                              cert, "-verify_hostname", "relay.test", "-verify_return_error")
        client.hear(b"Verify return code: 0 (ok)")
        for number in range(20):
            for one, other in ((client, server), (server, client)):
                line = b"datagram %02d " % number + b"x" * (50 * number) + b"\n"
                one.tell(line)
                other.hear(line)
        self.assertEqual(len(opened(started)), 1)


class Socat(UdpPrograms):
    def test_it_echoes_the_smallest_and_the_largest(self):
        port = free_port()
        self.udp_program("socat", ["-b", "65536", f"UDP4-RECVFROM:{port},bind=127.0.0.1,fork",
                                   "EXEC:cat"], port)
        started = self.udp_relay(port)
        for size in (1, 1472, 1473, 65507):
            data = pattern(size, seed=size)
            client = self.talk_to("socat", "-b", "65536", "-", f"UDP4:127.0.0.1:{started.port}")
            client.tell(data)
            self.assertEqual(client.hear(data), b"", size)
            client.close()

    def test_an_empty_datagram_arrives(self):
        """It is what ends the receiving socat."""
        port, got = free_port(), self.folder / "got"
        receiver = self.udp_program(
            "socat", ["-u", "-b", "65536", f"UDP4-RECV:{port},bind=127.0.0.1,null-eof",
                      f"CREATE:{got}"], port)
        started = self.udp_relay(port)
        data = self.file("data", "before the empty one")
        self.tool("socat", "-u", f"OPEN:{data}", f"UDP4-SENDTO:127.0.0.1:{started.port},shut-null")
        until(lambda: receiver.process.poll() is not None, started.story)
        self.assertEqual(receiver.process.returncode, 0)
        self.assertEqual(got.read_text(), "before the empty one")


class Chain(UdpPrograms):
    def test_three_relays_in_a_row(self):
        remote = self.remote()
        last = self.udp_relay(remote.port)
        middle = self.udp_relay(last.port)
        first = self.udp_relay(middle.port, listen="::")
        client = self.client()
        for size in (0, 1, 1400, 9000, 65507):
            data = pattern(size)
            client.sendto(data, ("127.0.0.1", first.port))
            self.assertEqual(client.recv(65536), data)
        self.assertEqual(len(remote.peers), 1)
