"""What documents show: tests run it from where it stands, so that it cannot go out of date."""

import re
import textwrap

from support.relay import ROOT


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def section(text, title):
    """The part below a heading, up to the next heading of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n", text, re.M)
    if not found:
        raise AssertionError(f"no section `{title}`")
    rest = text[found.end():]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[:end.start()] if end else rest


def blocks(text, language):
    """The code blocks of a language, those in lists as well."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.M | re.S)
    return [textwrap.dedent(code) for _, kind, code in found if kind == language]


def rows(text):
    """The rows of all tables: lists of cells, headings left out."""
    lines = re.findall(r"^\|(.+)\|$", text, re.M)
    cells = [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
             for line in lines]
    ruled = [at for at, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for at, row in enumerate(cells) if at not in ruled and at + 1 not in ruled]


def words(text):
    """What a text has in code, blocks left out."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
