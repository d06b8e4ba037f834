"""Puts the table and the picture into the documentation."""

import pathlib

TREE = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- figures: written by scripts/bench --write-docs -->"
END = "<!-- end of the figures -->"


def between_marks(document, text):
    """The document with `text` between its two marks."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks its marks, {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def write(text, drawing, tree=TREE):
    page = tree / "docs" / "performance.md"
    page.write_text(between_marks(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    if drawing:
        (tree / "docs" / "performance.svg").write_text(drawing, encoding="utf-8")
