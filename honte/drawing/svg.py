"""Shapes as SVG text. Knows shapes; does not know boards or games."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from honte.drawing.layout import Point
from honte.drawing.shapes import Box, Disc, LineShape, Polygon, Shape, TextShape


def elements(shapes: Iterable[Shape]) -> str:
    """The shapes as SVG elements, in units of a cell, for an SVG element or group."""
    return "".join(map(element, shapes))


def element(shape: Shape) -> str:
    match shape:
        case Disc(x, y, radius, fill, rim, rim_width):
            inside = radius - rim_width / 2 if rim else radius
            stroke = f' stroke="{rim}" stroke-width="{_n(rim_width)}"' if rim else ""
            return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(inside)}" fill="{fill or "none"}"{stroke}/>'
        case Box(x0, y0, x1, y1, radius, fill):
            size = f'width="{_n(x1 - x0)}" height="{_n(y1 - y0)}" rx="{_n(radius)}"'
            return f'<rect x="{_n(x0)}" y="{_n(y0)}" {size} fill="{fill}"/>'
        case Polygon(points, fill):
            return f'<polygon points="{_path(points)}" fill="{fill}"/>'
        case LineShape(points, colour, width):
            round_ends = 'stroke-linecap="round" stroke-linejoin="round" fill="none"'
            return f'<polyline points="{_path(points)}" stroke="{colour}" stroke-width="{_n(width)}" {round_ends}/>'
        case TextShape(x, y, size, text, colour, rim, rim_width):
            place = f'x="{_n(x)}" y="{_n(y + 0.36 * size)}" font-size="{_n(size)}" text-anchor="middle"'
            outline = f' stroke="{rim}" stroke-width="{_n(rim_width)}" paint-order="stroke"' if rim else ""
            return f"<text {place} fill={quoteattr(colour)}{outline}>{escape(text)}</text>"


def _path(points: Iterable[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def number_text(number: float) -> str:
    """A number with at most three decimals."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


_n = number_text  # a short name, since every attribute has numbers
