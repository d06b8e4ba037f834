"""Configurations that somebody made to hurt: an answer in time that grows with the text's length."""

from support.case import Case

class Hostile(Case):
    """What is JSON here goes past the reader of TOML, whose own time is not bounded yet."""

    def told(self, name, text, code=78):
        done = self.cli("check", "-c", self.file(name, text), code=code)
        return done.stdout + done.stderr

    def test_brackets(self):
        self.assertIn("a.conf:1:", self.told("a.conf", '{"a":' + "[" * 200_000))

    def test_a_long_list(self):
        said = self.told("list.json", '{"endpoints":[{"listen":":1","remote":"b:2","extra_remotes":['
                         + ",".join("1" * 200_000) + "]}]}")
        self.assertIn("and 199950 more errors", said)

    def test_many_unknown_keys(self):
        members = ",".join(f'"unknown{i}":1' for i in range(100_000))
        said = self.told("keys.json", '{"endpoints":[],' + members + "}", code=0)
        self.assertIn("and 99950 more warnings", said)
        self.assertLess(len(said), 20_000)

    def test_many_endpoints_on_one_port(self):
        rules = [f'{{"listen":"127.1.{i // 250}.{i % 250 + 1}:443",'
                 f'"remote":"10.1.{i // 250}.{i % 250 + 1}:443"}}' for i in range(5_000)]
        whole = '{"endpoints":[%s]}'
        self.assertIn("5000 endpoints", self.told("many.json", whole % ",".join(rules), code=0))
        said = self.told("twice.json", whole % ",".join(rules * 2))
        self.assertIn("is already used", said)
        self.assertIn("and 4950 more errors", said)

    def test_too_large(self):
        for name, text in (("a.toml", "#" * (16 << 20) + "\n"), ("a.json", "{" + " " * (16 << 20))):
            self.assertIn("16 MiB", self.told(name, text))
        (self.folder / "both").mkdir()
        self.file("both/a.json", '{"endpoints":[]' + " " * (9 << 20) + "}")
        self.file("both/b.toml", "#" * (9 << 20) + "\n")
        self.assertIn("b.toml: error: this is larger", self.cli("check", "both", code=78).stderr)
        self.assertIn("16 MiB", self.cli("convert", "/dev/zero", code=78).stderr)
