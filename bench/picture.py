"""Bars of CPU per unit of work, as an SVG that needs nothing else."""

from xml.sax.saxutils import escape

import works

WIDTH, LABEL, BAR, GAP, HEAD = 860, 150, 16, 14, 58
COLOURS = {"relay": "#1a7f5a", "haproxy": "#5b8def", "haproxy-splice": "#3557a8", "nginx": "#8cbf4b",
           "realm": "#d9822b", "socat": "#9b8ac4", "rinetd": "#c46b8a"}
OTHERS = ("#7a7a7a", "#b0a26a", "#5fa8a8", "#a86f5f")
LEFT_OUT = ("direct", "relay-unmoderated", "relay-one")
SHOWN = (("up16", "bulk, 16 connections"), ("rr64", "64 B messages"), ("rr32k", "32 KiB messages"),
         ("conn", "new connections"), ("udp64", "UDP, 64 B"), ("udp-gso", "UDP with GSO"),
         ("tls-up16", "TLS bulk"), ("wss-rr64", "wss, 64 B"), ("idle", "memory, idle"))


def _bars(results, work, programs):
    key = next(one.measures[0].key for one in works.WORKS if one.name == work)
    ours = results.median(work, "relay", key)
    if not ours:
        return []
    found = [(program, results.median(work, program, key)) for program in programs]
    return [(program, value / ours) for program, value in found if value is not None]


def _text(x, y, words, size=13, anchor="start", colour="#333"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{colour}">{escape(words)}</text>')


def svg(results, note=""):
    """Each program's cost as a multiple of relay's; None when there is nothing to draw."""
    programs = [one for one in results.programs() if one not in LEFT_OUT]
    rest = iter(OTHERS * 10)
    colours = {one: COLOURS.get(one) or next(rest) for one in programs}
    groups = [(title, _bars(results, work, programs)) for work, title in SHOWN]
    groups = [(title, bars) for title, bars in groups if len(bars) > 1]
    if not groups:
        return None
    longest = max(min(value, 5) for _, bars in groups for _, value in bars)
    scale = (WIDTH - LABEL - 70) / longest
    parts, y = [], HEAD
    for title, bars in groups:
        parts.append(_text(LABEL - 10, y + len(bars) * BAR / 2 + 4, title, anchor="end"))
        for program, value in bars:
            length = min(value, 5) * scale  # a bar of 20 times would leave the others no room
            parts.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 3}" '
                         f'fill="{colours[program]}"><title>{escape(program)}</title></rect>')
            parts.append(_text(LABEL + length + 5, y + BAR - 5, f"{value:.2f}", 11))
            y += BAR
        y += GAP
    legend, x = [], LABEL
    for program in programs:
        legend.append(f'<rect x="{x}" y="34" width="11" height="11" fill="{colours[program]}"/>')
        legend.append(_text(x + 16, 44, program, 12))
        x += 30 + 7.5 * len(program)
    title = _text(10, 20, "Cost per unit of work, relay = 1: CPU time, for idle memory. Less is better.", 15)
    if note:
        parts.append(_text(10, y + 4, note, 11, colour="#777"))
        y += 14
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y:.0f}" '
            f'viewBox="0 0 {WIDTH} {y:.0f}" font-family="sans-serif">\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n' + title + "\n"
            + "\n".join(legend + parts) + "\n</svg>\n")
