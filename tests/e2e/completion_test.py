"""`relay completion SHELL`: what real shells make of it."""

import os
import pty
import re
import select
import shlex
import signal
import subprocess

from support import relay
from support.case import Case
from support.wait import Deadline

COMMANDS = ["check", "completion", "confirm", "convert", "demo", "drain", "kill", "log-level", "plan",
            "reload", "sessions", "status"]
LEVELS = ["debug", "error", "info", "off", "trace", "warn"]


class Words(Case):
    def test_each_shell_gets_a_script_on_stdout(self):
        for shell in ("bash", "zsh", "fish"):
            done = self.cli("completion", shell)
            self.assertIn("completion", done.stdout.splitlines()[0] + done.stdout.splitlines()[1])
            self.assertEqual(done.stderr, "")

    def test_another_shell_is_refused_and_the_three_are_named(self):
        for words in (["tcsh"], []):
            done = self.cli("completion", *words, code=2)
            self.assertEqual(done.stdout, "")
            for shell in ("bash", "zsh", "fish"):
                self.assertIn(shell, done.stderr)

    def test_more_words_and_strange_options_are_refused(self):
        self.cli("completion", "bash", "zsh", code=2)
        self.cli("completion", "--strict", "bash", code=2)

    def test_its_help_says_how_to_load_it(self):
        self.assertIn("source <(relay completion bash)", self.cli("completion", "--help").stdout)


class Offers(Case):
    """What every shell must offer; a class below asks one shell."""

    def setUp(self):
        super().setUp()
        (self.folder / "a file.toml").touch()
        (self.folder / "folder").mkdir()

    def script(self, shell):
        path = self.folder / f"completion.{shell}"
        path.write_text(self.cli("completion", shell).stdout, encoding="utf-8")
        return path

    def offers(self, *words):
        """The words that the shell offers for the last of these."""
        raise NotImplementedError

    def check_commands_and_options(self):
        self.assertEqual(sorted(set(self.offers("")) & set(COMMANDS)), COMMANDS)
        self.assertEqual(self.offers("comp"), ["completion"])
        options = self.offers("--dns-m")
        self.assertEqual(sorted(options), ["--dns-max-ttl", "--dns-min-ttl", "--dns-mode"])

    def check_words_of_an_option(self):
        self.assertEqual(sorted(self.offers("--log-level", "")), LEVELS)
        self.assertEqual(self.offers("--dns-protocol", "tcp_"), ["tcp_and_udp"])
        self.assertEqual(self.offers("check", "--log-level", "de"), ["debug"])

    def check_files(self):
        self.assertEqual(self.offers("-c", "a"), ["a file.toml"])
        self.assertEqual(self.offers("check", "--config", "fol"), ["folder"])
        self.assertEqual(self.offers("convert", "fol"), ["folder"])
        self.assertEqual(self.offers("-l", ""), [])

    def check_options_belong_to_their_command(self):
        self.assertEqual(self.offers("check", "--stri"), ["--strict"])
        self.assertEqual(self.offers("--stri"), [])
        self.assertEqual(sorted(self.offers("convert", "--type", "")), ["json", "toml"])
        self.assertEqual(sorted(self.offers("completion", "")), ["bash", "fish", "zsh"])
        self.assertEqual(sorted(self.offers("log-level", "")), LEVELS)
        self.assertEqual(self.offers("sessions", "--fil"), ["--filter"])


class Bash(Offers):
    def offers(self, *words):
        places = " ".join(shlex.quote(word) for word in ("relay", *words))
        asked = (f"source {self.script('bash')}; COMP_WORDS=({places}); "
                 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                 "complete -p relay >&2 && _relay && printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run([self.program("bash"), "--norc", "-c", asked], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20,
                              check=False)
        self.assertEqual(done.stderr, "complete -F _relay relay\n")
        return [line for line in done.stdout.splitlines() if line]

    def test_commands_and_options(self):
        self.check_commands_and_options()

    def test_words_of_an_option(self):
        self.check_words_of_an_option()

    def test_a_value_after_an_equals_sign(self):
        self.assertEqual(sorted(self.offers("--log-level", "=")), LEVELS)
        self.assertEqual(self.offers("--log-level", "=", "de"), ["debug"])

    def test_files(self):
        self.check_files()

    def test_options_belong_to_their_command(self):
        self.check_options_belong_to_their_command()

    def test_every_option_of_the_help_is_offered(self):
        offered = set(self.offers("--"))
        options = re.findall(r"^  (?:-\w,)? *(--[a-z0-9-]+)", self.cli("--help").stdout, re.M)
        self.assertGreater(len(options), 20)
        for option in options:
            self.assertIn(option, offered)


class Fish(Offers):
    def offers(self, *words):
        line = " ".join(["relay", *words[:-1], words[-1]])
        asked = f"source {self.script('fish')}; complete -C {shlex.quote(line)}"
        done = subprocess.run([self.program("fish"), "--no-config", "-c", asked], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20,
                              env={**os.environ, "HOME": str(self.folder)}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t")[0].rstrip("/").replace("\\", "")
                for line in done.stdout.splitlines()]

    def test_commands_and_options(self):
        self.check_commands_and_options()

    def test_words_of_an_option(self):
        self.check_words_of_an_option()

    def test_files(self):
        self.check_files()

    def test_options_belong_to_their_command(self):
        self.check_options_belong_to_their_command()


class Zsh(Offers):
    """Its completion only lives in the line editor: a terminal is needed, and a marker for where the
    offers begin and end."""

    SET_UP = """
PS1= PS2= RPS1= ; unsetopt zle_bracketed_paste prompt_cr prompt_sp always_last_prompt
autoload -Uz compinit; compinit -u -D
source {script}
compadd() {{
  local -a got; builtin compadd -O got "$@"; builtin compadd "$@"
  (( $#got )) && print -rl -- $got >> {offers}
}}
asked() {{ : > {offers}; zle complete-word; print done >> {offers}; zle kill-buffer; zle redisplay }}
zle -N asked; bindkey '^X' asked; bindkey -r '^I'
print READY
"""

    def setUp(self):
        super().setUp()
        self.answers = self.folder / "offers"
        rc = self.file("rc.zsh", self.SET_UP.format(script=self.script("zsh"), offers=self.answers))
        shell = self.program("zsh")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execve(shell, [shell, "-f", "-i"], {**relay.environment(), "TERM": "dumb"})
        self.addCleanup(self.end)
        self.said = b""
        os.write(self.terminal, f"source {rc}\n".encode())
        self.read_until(lambda: b"READY\r" in self.said)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def read_until(self, condition):
        limit = Deadline(20)
        while not condition():
            self.assertFalse(limit.over(), self.said.decode(errors="replace"))
            if select.select([self.terminal], [], [], 0.02)[0]:
                self.said += os.read(self.terminal, 4096)

    def offers(self, *words):
        self.answers.unlink(missing_ok=True)
        os.write(self.terminal, f"relay {' '.join(words)}\x18".encode())
        self.read_until(lambda: self.answers.exists()
                        and self.answers.read_text(encoding="utf-8").endswith("done\n"))
        lines = self.answers.read_text(encoding="utf-8").splitlines()[:-1]
        return sorted({line.rstrip("=").replace("\\", "") for line in lines})

    def test_commands_and_options(self):
        self.check_commands_and_options()

    def test_words_of_an_option(self):
        self.check_words_of_an_option()

    def test_files(self):
        self.check_files()

    def test_options_belong_to_their_command(self):
        self.check_options_belong_to_their_command()
