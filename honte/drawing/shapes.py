"""A drawn board as a list of simple shapes, for PNG and SVG.

Knows ``Board``, cell codes and colours. Does not know rules, states, pixels or file formats. The unit of length is a
cell; x goes to the right, y downwards. Shapes are painted in order, later ones on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from honte.drawing.layout import BoardLayout, Point
from honte.drawing.palette import (
    BLOCK,
    BLOCK_RIM,
    GLOW,
    LABEL,
    NEUTRAL,
    PAPER,
    PLAYER_COLOURS,
    RING,
    SHADOW,
    TEXT,
    BoardColours,
    PlayerColours,
    board_colours,
    player_colours,
)

NUM_LIGHTS = 10
"""The light on a stone is made of so many discs; fewer would be visible as rings."""


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


def recolour(shape: Shape, colours: Mapping[str, str]) -> Shape:
    """The shape with each of its colours that ``colours`` names replaced. Transparency stays."""
    names = [name for name in ("fill", "rim", "colour") if hasattr(shape, name)]
    return shape._replace(**{name: _replaced(getattr(shape, name), colours) for name in names})


def _replaced(colour: str, colours: Mapping[str, str]) -> str:
    known = colours.get(colour)
    return known if known is not None else colours.get(colour[:7], colour[:7]) + colour[7:]


class Scene(NamedTuple):
    """A whole drawing."""

    width: float
    height: float
    background: str
    shapes: tuple[Shape, ...]


def make_scene(
    board: Board, cells: NDArray[np.integer], *, marked: Iterable[Sequence[int]] = (), status: str = "", owner: int = -1
) -> Scene:
    """The board with its cells [H, W]. ``marked``: (row, column) of cells to mark, such as those of the last move.

    ``status``: a line below the board, after a disc in the colour of player ``owner`` (-1: no disc).
    """
    layout, surface = BoardLayout(board, status=bool(status)), board_colours(board.surface, board.names)
    players = player_colours(surface, board.names)
    marks = {(int(r), int(c)) for r, c in marked}
    shapes = [*board_shapes(board, layout, surface, players)]
    pieces = [board.pieces[code] for code in cells.ravel()]
    places = [(r, c) for r in range(board.height) for c in range(board.width)]
    for (r, c), piece in zip(places, pieces, strict=True):
        if (r, c) in marks and piece.shape not in ("stone", "line") and c not in layout.beside:
            shapes += mark_shapes(board, layout, r, c)
    for (r, c), piece in zip(places, pieces, strict=True):
        shapes += piece_shapes(piece, layout, players, r, c, board.surface, marked=(r, c) in marks)
    shapes += label_shapes(board, layout)
    if status:
        shapes += status_line(layout, status, players[owner] if owner >= 0 else None)
    return Scene(layout.width, layout.height, PAPER, tuple(shapes))


def board_shapes(
    board: Board, layout: BoardLayout, surface: BoardColours, players: tuple[PlayerColours, PlayerColours]
) -> Iterator[Shape]:
    """The board without pieces."""
    rows, columns = range(board.height), [c for c in range(board.width) if c not in layout.beside]
    x0, y0, x1, y1 = layout.inner
    pad, span = layout.pad, layout.span
    if board.surface == "hexagons":
        for player, path in layout.sides():
            yield LineShape(path, players[player].fill, 0.36)
        for r in rows:
            for c in columns:
                corners = layout.corners(r, c)
                yield Polygon(corners, surface.board)
                yield LineShape((*corners, corners[0]), surface.line, 0.045)
        return
    yield Box(x0 - pad, y0 - pad + 0.012 * span, x1 + pad, y1 + pad + 0.012 * span, pad + 0.005 * span, SHADOW)
    yield Box(x0 - pad, y0 - pad, x1 + pad, y1 + pad, pad, surface.edge)
    if board.surface in ("points", "wells", "dots"):
        yield Box(x0 - pad * 0.6, y0 - pad * 0.6, x1 + pad * 0.6, y1 + pad * 0.6, pad * 0.6, surface.board)
    if board.surface == "points":
        (left, top), (right, bottom) = layout.centre(0, 0), layout.centre(board.height - 1, board.width - 1)
        for r in rows:
            y = layout.centre(r, 0)[1]
            yield LineShape(((left, y), (right, y)), surface.line, 0.07 if r in (0, board.height - 1) else 0.04)
        for c in columns:
            x = layout.centre(0, c)[0]
            yield LineShape(((x, top), (x, bottom)), surface.line, 0.07 if c in (0, board.width - 1) else 0.04)
        for r, c in layout.stars():
            yield Disc(*layout.centre(r, c), 0.1, surface.line)
    elif board.surface == "wells":
        for r in rows:
            for c in columns:
                x, y = layout.centre(r, c)
                yield Disc(x, y, 0.43, surface.line)
                yield Disc(x, y + 0.02, 0.40, surface.other)
    elif board.surface == "dots":
        for r in rows[1::2]:
            for c in columns[1::2]:
                yield Box(*layout.box(r, c), 0.06, surface.other)
    else:
        lines = board.surface != "checkers"
        for r in rows:
            for c in columns:
                a, b, d, e = layout.box(r, c)
                gap = 0.015 if lines else 0.0
                dark = (board.height - 1 - r + c) % 2 == 0  # a dark square at the lower left
                fill = surface.other if dark else surface.board
                yield Polygon(((a + gap, b + gap), (d - gap, b + gap), (d - gap, e - gap), (a + gap, e - gap)), fill)


def piece_shapes(
    piece: Piece,
    layout: BoardLayout,
    players: tuple[PlayerColours, PlayerColours],
    r: int,
    c: int,
    surface: str,
    *,
    marked: bool,
) -> Iterator[Shape]:
    """The piece on one cell."""
    x, y = layout.centre(r, c)
    a, b, d, e = layout.box(r, c)
    colours = players[piece.owner] if piece.owner >= 0 else None
    fill = colours.fill if colours else NEUTRAL
    match piece.shape:
        case "stone":
            yield from stone(
                x, y, 0.4 if surface == "hexagons" else 0.41, colours or PLAYER_COLOURS["black"], surface == "wells"
            )
            if piece.text not in ("", "·"):
                yield TextShape(
                    x, y, min(0.42, 1.2 / len(piece.text)), piece.text, colours.contrast if colours else PAPER
                )
            elif marked or piece.text:
                yield Disc(
                    x, y, 0.1, colours.contrast if colours else PAPER
                )  # a disc: a ring would look like another piece
        case "letter":
            if colours:
                yield from tile(x, y, colours, upright=piece.owner == 0)
            yield TextShape(x, y + 0.02, 0.5, piece.text, colours.contrast if colours else fill)
        case "mark":
            yield Disc(x, y, 0.14, fill, colours.rim if colours else "", 0.025)
        case "block":
            yield Box(a + 0.07, b + 0.09, d - 0.07, e - 0.05, 0.08, BLOCK_RIM)
            yield Box(a + 0.07, b + 0.06, d - 0.07, e - 0.09, 0.08, BLOCK)
        case "dot":
            yield Disc(x, y, 0.12, TEXT)
        case "line":
            ends = ((a, y), (d, y)) if d - a >= e - b else ((x, b), (x, e))
            if marked:
                yield LineShape(ends, RING, 0.30)
            yield LineShape(ends, fill, 0.13)
        case "box":
            yield Box(a, b, d, e, 0.06, fill + "50")
            if piece.text:
                yield TextShape(x, y, 0.42, piece.text, fill)
        case _:
            pass


def stone(x: float, y: float, radius: float, colours: PlayerColours, pressed: bool) -> Iterator[Shape]:
    """A stone with light on it; with ``pressed``, a flat counter with an inner ring."""
    yield Disc(x + 0.02, y + 0.045, radius, SHADOW)
    yield Disc(x, y, radius, colours.fill, colours.rim, 0.022)
    if pressed:
        yield Disc(x, y, radius * 0.7, "", colours.rim + "90", 0.03)
        return
    for i in range(1, NUM_LIGHTS + 1):
        inner = radius * (0.97 - 0.8 * i / NUM_LIGHTS)
        off = (radius - inner) * 0.4
        yield Disc(x - off, y - off, inner, colours.shine)


def tile(x: float, y: float, colours: PlayerColours, *, upright: bool) -> Iterator[Shape]:
    """A wedge that points in the direction in which its owner plays."""
    up = 1 if upright else -1
    outline = [(0.0, -0.42), (0.3, -0.27), (0.36, 0.37), (-0.36, 0.37), (-0.3, -0.27)]
    points = tuple((x + dx, y + up * dy) for dx, dy in outline)
    yield Polygon(tuple((px + 0.02, py + 0.045) for px, py in points), SHADOW)
    yield Polygon(points, colours.fill)
    yield LineShape((*points, points[0]), colours.rim, 0.03)


def mark_shapes(board: Board, layout: BoardLayout, r: int, c: int) -> Iterator[Shape]:
    """The mark behind a cell of the last move."""
    if board.surface in ("points", "wells"):
        yield Disc(*layout.centre(r, c), 0.2, GLOW)
    else:
        yield Polygon(layout.corners(r, c), GLOW)


def label_shapes(board: Board, layout: BoardLayout) -> Iterator[Shape]:
    """Labels of rows at the left and of columns below the board; above a board of hexagons."""
    size = layout.label
    for r, label in enumerate(board.row_labels):
        shift = r / 2 if layout.hexagonal else 0.0
        yield TextShape(layout.label_x + shift, layout.centre(r, 0)[1], size, label, LABEL)
    for c, label in enumerate(board.column_labels):
        if c not in layout.beside:
            yield TextShape(layout.centre(0, c)[0], layout.label_y, size, label, LABEL)


def status_line(layout: BoardLayout, status: str, colours: PlayerColours | None) -> Iterator[Shape]:
    """The status text below the board."""
    size, x = layout.status, (layout.inner[0] + layout.inner[2]) / 2
    if colours:
        half = 0.25 * size * len(status)  # about half of the text's width
        yield Disc(x - half - 0.2 * size, layout.status_y, 0.36 * size, colours.fill, colours.rim, 0.05 * size)
        x += 0.35 * size
    yield TextShape(x, layout.status_y, size, status, TEXT)
