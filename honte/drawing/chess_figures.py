"""Chess figures as shapes: pawn, knight, bishop, rook, queen and king, for chess and for games with such pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from honte.drawing.layout import Point
from honte.drawing.palette import RING, PlayerColours
from honte.drawing.shapes import Disc, LineShape, Polygon, Shape, shift

RIM = 0.03
"""The width of the outline."""

OUTLINES = {"#9d978a": "#5f594c"}
"""A figure is thinner than a stone, so a white one has a darker outline."""

Outline = Sequence[Point]


def smooth(points: Outline, times: int = 2) -> tuple[Point, ...]:
    """The closed path with its corners cut (Chaikin's method), so that it looks round."""
    path = tuple(points)
    for _ in range(times):
        cut: list[Point] = []
        for (ax, ay), (bx, by) in zip(path, (*path[1:], path[0]), strict=True):
            cut += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
        path = tuple(cut)
    return path


def _foot(half: float) -> tuple[Point, ...]:
    return ((-half, 0.37), (half, 0.37), (half, 0.3), (half - 0.05, 0.25), (0.05 - half, 0.25), (-half, 0.3))


def _both(points: Outline) -> tuple[Point, ...]:
    """A symmetric outline from its right half, from the top down."""
    return (*points, *((-x, y) for x, y in reversed(points)))


PARTS: dict[str, tuple[tuple[Outline, ...], tuple[tuple[float, float, float], ...]]] = {
    "P": (
        (
            _foot(0.22),
            smooth(_both(((0.07, -0.05), (0.08, 0.06), (0.12, 0.16), (0.19, 0.27)))),
            _both(((0.12, -0.04), (0.14, 0.0), (0.1, 0.03))),
        ),
        ((0.0, -0.16, 0.135),),
    ),
    "R": (
        (
            _foot(0.26),
            (
                *((-0.23, -0.33), (-0.23, -0.15), (-0.16, -0.09), (-0.14, 0.2), (-0.19, 0.27), (0.19, 0.27)),
                *((0.14, 0.2), (0.16, -0.09), (0.23, -0.15), (0.23, -0.33), (0.13, -0.33), (0.13, -0.25)),
                *((0.05, -0.25), (0.05, -0.33), (-0.05, -0.33), (-0.05, -0.25), (-0.13, -0.25), (-0.13, -0.33)),
            ),
        ),
        (),
    ),
    "B": (
        (
            _foot(0.24),
            smooth(_both(((0.02, -0.34), (0.15, -0.16), (0.14, -0.04), (0.07, 0.04)))),
            smooth(_both(((0.08, 0.02), (0.09, 0.12), (0.2, 0.28)))),
            _both(((0.12, 0.02), (0.14, 0.05), (0.11, 0.08))),
        ),
        ((0.0, -0.335, 0.045),),
    ),
    "N": (
        (
            _foot(0.25),
            smooth(
                (
                    *((0.22, 0.28), (0.25, 0.1), (0.22, -0.12), (0.12, -0.28), (0.0, -0.33), (-0.03, -0.42)),
                    *((-0.09, -0.3), (-0.16, -0.23), (-0.24, -0.06), (-0.29, 0.02), (-0.27, 0.09), (-0.2, 0.1)),
                    *((-0.14, 0.05), (-0.04, 0.03), (0.0, 0.0), (-0.02, 0.09), (-0.14, 0.17), (-0.17, 0.28)),
                )
            ),
        ),
        (),
    ),
    "Q": (
        (
            _foot(0.26),
            (
                *((-0.19, 0.27), (-0.17, 0.12), (-0.3, -0.2), (-0.15, -0.03), (-0.14, -0.29), (-0.04, -0.06)),
                *((0.0, -0.31), (0.04, -0.06), (0.14, -0.29), (0.15, -0.03), (0.3, -0.2), (0.17, 0.12), (0.19, 0.27)),
            ),
        ),
        ((-0.3, -0.22, 0.04), (-0.14, -0.31, 0.04), (0.0, -0.34, 0.04), (0.14, -0.31, 0.04), (0.3, -0.22, 0.04)),
    ),
    "K": (
        (
            _foot(0.26),
            ((-0.03, -0.38), (0.03, -0.38), (0.03, -0.1), (-0.03, -0.1)),
            ((-0.1, -0.32), (0.1, -0.32), (0.1, -0.26), (-0.1, -0.26)),
            smooth(_both(((0.06, -0.16), (0.2, -0.2), (0.32, -0.08), (0.24, 0.1), (0.19, 0.28)))),
        ),
        (),
    ),
}
"""Of each figure: closed outlines, and discs (x, y, radius)."""

DETAILS: dict[str, tuple[Outline, ...]] = {
    "R": (((-0.15, -0.08), (0.15, -0.08)), ((-0.15, 0.19), (0.15, 0.19))),
    "B": (((0.0, -0.21), (0.06, -0.1)),),
    "N": (((0.1, -0.18), (0.15, -0.06), (0.15, 0.08)),),
    "Q": (((-0.16, 0.13), (0.0, 0.1), (0.16, 0.13)), ((-0.18, 0.21), (0.18, 0.21))),
    "K": (((-0.2, 0.14), (0.0, 0.1), (0.2, 0.14)), ((-0.19, 0.21), (0.19, 0.21))),
}
"""Of each figure: lines inside it."""


def chess_figure(x: float, y: float, text: str, colours: PlayerColours) -> Iterator[Shape]:
    """``text`` is the figure's letter and, after a space, what it is about to do; then it stands in a ring."""
    kind, _, state = text.partition(" ")
    rim = OUTLINES.get(colours.rim, colours.rim)
    if state:
        yield Disc(x, y, 0.45, RING + "60", RING, 0.04)
    outlines, discs = PARTS.get(kind, PARTS["P"])
    for outline in outlines:
        yield from _placed(x, y, LineShape((*outline, outline[0]), rim, 2 * RIM))
    for dx, dy, radius in discs:
        yield Disc(x + dx, y + dy, radius + RIM, rim)
    for outline in outlines:
        yield from _placed(x, y, Polygon(tuple(outline), colours.fill))
    for dx, dy, radius in discs:
        yield Disc(x + dx, y + dy, radius, colours.fill)
    line = rim if colours.contrast < colours.fill else colours.contrast
    for detail in DETAILS.get(kind, ()):
        yield from _placed(x, y, LineShape(tuple(detail), line, 0.024))
    if kind == "N":
        yield Disc(x - 0.1, y - 0.14, 0.025, line)


def _placed(x: float, y: float, shape: Shape) -> Iterator[Shape]:
    yield shift(shape, x, y)
