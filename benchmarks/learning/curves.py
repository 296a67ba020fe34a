"""Curves side by side as an SVG: panels with thin and thick lines, and a list of their colours.

Knows numbers and names. Does not know what they measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")

LEFT, TOP, WIDTH, HEIGHT = 60, 30, 400, 300
"""The place and the size of a panel's axes."""

PANEL = WIDTH + LEFT + 20


class Line(NamedTuple):
    """One curve; lines of the same name have the same colour."""

    name: str
    points: Sequence[tuple[float, float]]
    thin: bool = False  # faint, as one of several runs


class Panel(NamedTuple):
    """Lines on the same axes."""

    title: str  # what the vertical axis measures
    lines: Sequence[Line]
    bottom: float
    top: float


def draw(panels: Sequence[Panel], *, across: str, last: float) -> str:
    """The panels from left to right. The horizontal axis, from 0 to ``last``, is called ``across``."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    width, height = PANEL * len(panels) + 220, TOP + max(HEIGHT + 50, 18 * len(names) + 20)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for i, panel in enumerate(panels):
        parts += [f'<g transform="translate({PANEL * i},0)">', *_axes(panel, across, last)]
        parts += [_line(line, panel, last, colours[line.name]) for line in panel.lines]
        parts.append("</g>")
    for i, name in enumerate(names):
        parts.append(
            f'<text x="{PANEL * len(panels)}" y="{TOP + 10 + 18 * i}" fill="{colours[name]}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _axes(panel: Panel, across: str, last: float) -> list[str]:
    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    return [
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="black"/>',
        f'<text x="{LEFT + WIDTH // 2}" y="{bottom + 35}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="{right}" y="{bottom + 17}" text-anchor="end">{last:g}</text>',
        f'<text x="{LEFT - 5}" y="{bottom + 5}" text-anchor="end">{panel.bottom:.3g}</text>',
        f'<text x="{LEFT - 5}" y="{TOP + 5}" text-anchor="end">{panel.top:.3g}</text>',
        f'<text x="{LEFT}" y="{TOP - 12}">{escape(panel.title)}</text>',
    ]


def _line(line: Line, panel: Panel, last: float, colour: str) -> str:
    span = (panel.top - panel.bottom) or 1.0
    places = [(LEFT + WIDTH * x / last, TOP + HEIGHT * (panel.top - y) / span) for x, y in line.points]
    style = 'opacity="0.3"' if line.thin else 'stroke-width="2.5"'
    if len(places) == 1:
        return f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="4" fill="{colour}"/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" {style}/>'
