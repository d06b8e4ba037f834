"""Programs that are run to their end, or talked to."""

import select
import subprocess

from support.case import Case
from support.wait import Deadline


class Programs(Case):
    def tool(self, *args, seconds=90, **options):
        """Runs a program to its end; its stdout."""
        done = subprocess.run([self.program(args[0]), *map(str, args[1:])], timeout=seconds,
                              stdin=options.pop("stdin", subprocess.DEVNULL), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.assertEqual(done.returncode, 0, (args, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def talk_to(self, *args):
        """Starts a program whose input and output are the test's."""
        talk = Conversation([self.program(args[0]), *map(str, args[1:])], self.folder)
        self.addCleanup(talk.close)
        return talk


class Conversation:
    """Owns a child process: what it says, and what it is told."""

    def __init__(self, args, folder):
        self.said = b""
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder)

    def tell(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self, wanted, seconds=20):
        """Reads until it has said that; what came before counts once."""
        limit = Deadline(seconds)
        while wanted not in self.said:
            part = read_within(self.process.stdout, limit.left())
            if not part:
                raise AssertionError(f"{self.process.args} did not say {wanted!r}: {self.said!r}")
            self.said += part
        before, _, self.said = self.said.partition(wanted)
        return before

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def read_within(stream, seconds):
    """What there is, or nothing at the end of the stream or of the time."""
    return stream.read1(1 << 20) if select.select([stream], [], [], seconds)[0] else b""
