"""Simple shapes that drawings are made of, for PNG and SVG.

Does not know boards, pixels or file formats. The unit of length is a cell; x goes to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from honte.drawing.layout import Point


class Disc(NamedTuple):
    x: float
    y: float
    radius: float
    fill: str  # empty: not filled
    rim: str = ""
    rim_width: float = 0.0  # inside the radius


class Box(NamedTuple):
    """A rectangle with rounded corners."""

    x0: float
    y0: float
    x1: float
    y1: float
    radius: float
    fill: str


class Polygon(NamedTuple):
    points: tuple[Point, ...]
    fill: str


class LineShape(NamedTuple):
    """A path with round ends and joins."""

    points: tuple[Point, ...]
    colour: str
    width: float


class TextShape(NamedTuple):
    """One line of text, centred at x; y is the middle of its capital letters, size the font size."""

    x: float
    y: float
    size: float
    text: str
    colour: str
    rim: str = ""  # an outline around the letters
    rim_width: float = 0.0


Shape = Disc | Box | Polygon | LineShape | TextShape


def shift(shape: Shape, dx: float, dy: float) -> Shape:
    """The shape at another place."""
    match shape:
        case Box(x0, y0, x1, y1):
            return shape._replace(x0=x0 + dx, y0=y0 + dy, x1=x1 + dx, y1=y1 + dy)
        case Polygon(points) | LineShape(points):
            return shape._replace(points=tuple((x + dx, y + dy) for x, y in points))
        case _:
            return shape._replace(x=shape.x + dx, y=shape.y + dy)


def scale(shape: Shape, factor: float, x: float, y: float) -> Shape:
    """The shape enlarged around the point x, y. Rims and outlines of text stay as wide as they are."""
    match shape:
        case Disc():
            moved = shape._replace(radius=shape.radius * factor)
            return moved._replace(x=x + (shape.x - x) * factor, y=y + (shape.y - y) * factor)
        case Box(x0, y0, x1, y1):
            left, right = (x + (value - x) * factor for value in (x0, x1))
            top, bottom = (y + (value - y) * factor for value in (y0, y1))
            return Box(left, top, right, bottom, shape.radius * factor, shape.fill)
        case Polygon(points):
            return Polygon(tuple((x + (a - x) * factor, y + (b - y) * factor) for a, b in points), shape.fill)
        case LineShape(points, colour, width):
            path = tuple((x + (a - x) * factor, y + (b - y) * factor) for a, b in points)
            return LineShape(path, colour, width * factor)
        case TextShape():
            placed = shape._replace(x=x + (shape.x - x) * factor, y=y + (shape.y - y) * factor)
            return placed._replace(size=shape.size * factor)


def recolour(shape: Shape, colours: Mapping[str, str]) -> Shape:
    """The shape with each of its colours that ``colours`` names replaced. Transparency stays."""
    match shape:
        case Disc() | TextShape():
            shape = shape._replace(rim=_replaced(shape.rim, colours))
    match shape:
        case LineShape() | TextShape():
            return shape._replace(colour=_replaced(shape.colour, colours))
        case _:
            return shape._replace(fill=_replaced(shape.fill, colours))


def _replaced(colour: str, colours: Mapping[str, str]) -> str:
    known = colours.get(colour)
    return known if known is not None else colours.get(colour[:7], colour[:7]) + colour[7:]


class Scene(NamedTuple):
    """A whole drawing."""

    width: float
    height: float
    background: str
    shapes: tuple[Shape, ...]
