"""Whether the machine was quiet, on given numbers; and what is known about processes."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

import support  # noqa: F401  pylint: disable=unused-import

import machine
import process

STAT = "cpu  100 20 300 4000 50 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"


def at(busy, stolen=0, others=None, network=0):
    return machine.Sample(busy, stolen, others or {}, network)


class Quiet(unittest.TestCase):
    def test_counts_all_cores_without_idle_and_waiting(self):
        self.assertEqual(machine.parse_stat(STAT), (100 + 20 + 300 + 6 + 7, 8))

    def test_finds_nothing_when_all_of_it_was_ours(self):
        self.assertIsNone(machine.disturbance(at(10), at(12), 2, ours=1.95))

    def test_tells_what_others_used(self):
        told = machine.disturbance(at(10, others={1: 5, 2: 1}), at(11, others={1: 5.5, 2: 1, 3: 0.1}), 2,
                                   ours=0.4)
        self.assertEqual(told, "other programs used 30% of a core")

    def test_knows_that_ticks_are_coarse(self):
        self.assertIsNone(machine.disturbance(at(10), at(12), 2, ours=1.7))

    def test_tells_of_others_that_came_and_went(self):
        told = machine.disturbance(at(10), at(13), 2, ours=2)
        self.assertEqual(told, "other programs, which have ended, used 50% of a core")

    def test_does_not_count_what_others_used_before(self):
        self.assertIsNone(machine.disturbance(at(10, others={1: 5, 2: 9}), at(10, others={1: 5}), 2, 0))

    def test_takes_the_network_threads_of_the_kernel_for_ours(self):
        self.assertIsNone(machine.disturbance(at(10, network=5), at(13, network=6), 2, ours=2))

    def test_tells_what_the_hypervisor_took(self):
        told = machine.disturbance(at(10, stolen=1), at(12, stolen=1.5), 2, ours=2)
        self.assertEqual(told, "the hypervisor took 25% of a core")

    def test_has_a_name(self):
        text = "processor\t: 0\nmodel name\t: Fast One\nprocessor\t: 1\nmodel name\t: Fast One\n"
        self.assertEqual(machine.describe(text, "6.1.0"), "2 cores of Fast One, Linux 6.1.0")
        self.assertEqual(machine.describe("processor\t: 0\n", "6.1.0"), "1 core, Linux 6.1.0")

    def test_lets_the_hypervisor_take_what_it_likes_where_that_is_known(self):
        before, after = at(10, stolen=1), at(12, stolen=1.5)
        self.assertIsNone(machine.disturbance(before, after, 2, ours=2, shared=True))
        self.assertEqual(machine.stolen(before, after, 2), 0.25)

    def test_others_disturb_a_shared_machine_too(self):
        told = machine.disturbance(at(10), at(13, stolen=2), 2, ours=2, shared=True)
        self.assertEqual(told, "other programs, which have ended, used 50% of a core")

    def test_samples_know_who_is_not_ours(self):
        taken = machine.sample()
        self.assertNotIn(os.getpid(), taken.others)
        self.assertIn(os.getppid(), taken.others)
        self.assertGreaterEqual(machine.sample().busy, taken.busy)


class Processes(unittest.TestCase):
    def test_know_their_children(self):
        with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE,
                              text=True) as parent:
            child = int(parent.stdout.readline())
            try:
                self.assertEqual(process.tree(parent.pid), [parent.pid, child])
            finally:
                os.kill(child, 9)

    def test_measure_cpu_and_memory(self):
        before = process.cpu_seconds(os.getpid())
        while process.cpu_seconds(os.getpid()) < before + 0.01:
            sum(range(10_000))
        self.assertGreater(process.resident_bytes(os.getpid()), 1 << 20)

    def test_are_nothing_when_they_have_ended(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.assertEqual(process.cpu_seconds(ended.pid), 0)
        self.assertEqual(process.resident_bytes(ended.pid), 0)

    def test_know_who_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self.assertIn(port, process.listening("tcp"))
        self.assertNotIn(port, process.listening("tcp"))


class Starting(unittest.TestCase):
    def start(self, *command, ports=()):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return process.Running("it", command, {}, (), pathlib.Path(folder.name), ports)

    def test_ends_the_whole_tree(self):
        with self.start("sh", "-c", "sleep 60 & sleep 60; true") as running:
            while len(process.tree(running.pid)) < 3:
                pass
            everybody = process.tree(running.pid)
        for pid in everybody:
            self.assertEqual(process.resident_bytes(pid), 0)

    def test_tells_the_last_words_of_what_ends_at_once(self):
        with self.assertRaisesRegex(process.Failed, "it ended with 3: no such luck"):
            self.start("sh", "-c", "echo no such luck; exit 3", ports=[1])


if __name__ == "__main__":
    unittest.main()
