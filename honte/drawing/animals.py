"""The animals of animal shogi on their wedges, with a dot for each direction in which a piece may step."""

from __future__ import annotations

from collections.abc import Iterator

from honte.drawing.palette import SHADOW, PlayerColours
from honte.drawing.shapes import Disc, LineShape, Polygon, Shape, scale

STEPS = {
    "C": ((0, 1),),
    "E": ((-1, 1), (1, 1), (-1, -1), (1, -1)),
    "G": ((0, 1), (0, -1), (-1, 0), (1, 0)),
    "L": ((-1, 1), (0, 1), (1, 1), (-1, 0), (1, 0), (-1, -1), (0, -1), (1, -1)),
    "H": ((-1, 1), (0, 1), (1, 1), (-1, 0), (1, 0), (0, -1)),
}
"""The steps of each animal: columns to the right, rows forward."""

INK = "#3a2c1c"
FACE = 1.16
"""How much larger a face is than its numbers below say."""

WEDGE = ((0.0, -0.45), (0.34, -0.3), (0.4, 0.4), (-0.4, 0.4), (-0.34, -0.3))


def animal(x: float, y: float, kind: str, colours: PlayerColours, *, upright: bool) -> Iterator[Shape]:
    """A wedge with an animal's face. ``kind``: C chick, E elephant, G giraffe, L lion, H hen."""
    yield from tile(x, y, colours, upright=upright)
    up = 1 if upright else -1
    middle = y + 0.02 * up
    yield Disc(x, middle, 0.27, "#fff8ea")
    yield from (scale(shape, FACE, x, middle) for shape in _face(x, middle + 0.008, kind))
    for right, forward in STEPS.get(kind, ()):
        yield Disc(
            x + right * 0.292 * (1.0 if forward <= 0 else 0.86), middle - up * forward * 0.325, 0.034, colours.contrast
        )


def tile(x: float, y: float, colours: PlayerColours, *, upright: bool) -> Iterator[Shape]:
    """A wedge that points in the direction in which its owner plays."""
    up = 1 if upright else -1
    points = tuple((x + dx, y + up * dy) for dx, dy in WEDGE)
    yield Polygon(tuple((px + 0.02, py + 0.045) for px, py in points), SHADOW)
    yield Polygon(points, colours.fill)
    yield LineShape((*points, points[0]), colours.rim, 0.03)


def _face(x: float, y: float, kind: str) -> Iterator[Shape]:
    match kind:
        case "L":
            for dx, dy in (
                (0, -0.17),
                (0.12, -0.12),
                (0.17, 0),
                (0.12, 0.12),
                (0, 0.17),
                (-0.12, 0.12),
                (-0.17, 0),
                (-0.12, -0.12),
            ):
                yield Disc(x + dx, y + dy, 0.068, "#b9681c")
            yield Disc(x, y, 0.165, "#c97b25")
            yield Disc(x, y + 0.01, 0.125, "#f6cf7d")
            yield from _eyes(x, y - 0.015, 0.05)
            yield Polygon(((x - 0.032, y + 0.025), (x + 0.032, y + 0.025), (x, y + 0.06)), INK)
            yield LineShape(((x, y + 0.06), (x, y + 0.085)), INK, 0.014)
        case "E":
            for side in (-1, 1):
                yield Disc(x + side * 0.135, y - 0.02, 0.09, "#8793a3")
                yield Disc(x + side * 0.135, y - 0.02, 0.055, "#e3b7b4")
            yield Disc(x, y - 0.02, 0.125, "#9aa6b5")
            yield LineShape(
                ((x, y + 0.03), (x, y + 0.12), (x + 0.02, y + 0.16), (x + 0.06, y + 0.16)), "#9aa6b5", 0.068
            )
            yield from _eyes(x, y - 0.04, 0.055)
        case "G":
            for side in (-1, 1):
                yield LineShape(((x + side * 0.045, y - 0.1), (x + side * 0.055, y - 0.185)), "#a8671f", 0.028)
                yield Disc(x + side * 0.055, y - 0.19, 0.03, "#7a4613")
                yield Disc(x + side * 0.125, y - 0.095, 0.042, "#e0a838")
            yield Polygon(
                ((x - 0.115, y - 0.12), (x + 0.115, y - 0.12), (x + 0.085, y + 0.12), (x - 0.085, y + 0.12)), "#f3c451"
            )
            yield Disc(x, y - 0.075, 0.115, "#f3c451")
            yield Disc(x, y + 0.115, 0.095, "#f9e2b0")
            for dx, dy, radius in ((-0.06, -0.125, 0.028), (0.055, -0.13, 0.024), (0.0, 0.0, 0.024)):
                yield Disc(x + dx, y + dy, radius, "#b9681c")
            yield from _eyes(x, y - 0.045, 0.062)
            for side in (-1, 1):
                yield Disc(x + side * 0.032, y + 0.11, 0.014, INK)
        case "C" | "H":
            if kind == "H":
                for dx, dy in ((-0.06, -0.15), (0.0, -0.175), (0.06, -0.15)):
                    yield Disc(x + dx, y + dy, 0.046, "#d0402f")
                yield Disc(x, y + 0.115, 0.04, "#d0402f")
            yield Disc(
                x, y, 0.16, "#f1f1ee" if kind == "H" else "#f7d23e", "#cfc9b8" if kind == "H" else "#dcae1c", 0.014
            )
            yield from _eyes(x, y - 0.03, 0.065)
            yield Polygon(((x - 0.05, y + 0.015), (x + 0.05, y + 0.015), (x, y + 0.085)), "#e8791c")


def _eyes(x: float, y: float, apart: float) -> Iterator[Shape]:
    for side in (-1, 1):
        yield Disc(x + side * apart, y, 0.02, INK)
