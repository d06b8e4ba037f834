"""The results as one table of Markdown."""

import works


def number(value):
    """With three significant digits, and no exponent."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def cell(results, work, program, key, base="relay"):
    """`median`, and for others than relay `median · ratio (least-most)`: relay's figure is that many
    times theirs."""
    middle = results.median(work, program, key)
    text = number(middle)
    if middle is None or program == base:
        return text
    compared = results.ratio(work, program, key, base)
    if compared is None:
        return text
    spread = f" ({compared.least:.2f}-{compared.most:.2f})" if compared.least != compared.most else ""
    return f"{text} · **{compared.median:.2f}**{spread}"


def markdown(results, chosen=works.WORKS):
    """A row for each measure of each work that was done, a column for each program."""
    programs = results.programs()
    done = set(results.works())
    lines = ["| work | measure | " + " | ".join(programs) + " |",
             "|---|---|" + "---:|" * len(programs)]
    for work in chosen:
        if work.name not in done:
            continue
        name = work.name
        for measure in work.measures:
            cells = [cell(results, work.name, program, measure.key) for program in programs]
            if all(one == "-" for one in cells):
                continue
            more = " (more is better)" if measure.better == "more" else ""
            lines.append(f"| {name} | {measure.title}{more} | " + " | ".join(cells) + " |")
            name = ""
    return "\n".join(lines) + "\n"


SHARED = """\
**On a shared machine.** The hypervisor took {median:.0%} of a core while a run lasted (median), {most:.0%} at most. The kernel does \
not count that as anybody's CPU time, but it spoils caches and rates: the ratios mean something, absolute figures and the longest \
waits little.
"""

EXPLANATION = """\
Rounds: {rounds}, of which these are the medians. Behind the point: relay's figure divided by this program's, round by round \
(median, and the extremes): below 1 relay needs less. Programs on {cores}, {workers}.
"""
