"""Puts the table and the picture into the documentation."""

import pathlib

TREE = pathlib.Path(__file__).resolve().parent.parent
FIGURES = ("<!-- figures: written by scripts/bench --write-docs -->", "<!-- end of the figures -->")
INSTRUCTIONS = ("<!-- instructions: written by scripts/bench --instructions --write-docs -->",
                "<!-- end of the instructions -->")


def between_marks(document, text, marks=FIGURES):
    """The document with `text` between two marks."""
    before, begin, rest = document.partition(marks[0])
    _old, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"the document lacks its marks, {' and '.join(marks)}")
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"


def write(text, drawing=None, tree=TREE, marks=FIGURES):
    page = tree / "docs" / "performance.md"
    page.write_text(between_marks(page.read_text(encoding="utf-8"), text, marks), encoding="utf-8")
    if drawing:
        (tree / "docs" / "performance.svg").write_text(drawing, encoding="utf-8")
