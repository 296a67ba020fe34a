"""The shapes of one piece on a cell. Knows ``Piece`` and colours; does not know boards or rules."""

from __future__ import annotations

from collections.abc import Iterator

from games.board import Piece
from honte.drawing.animals import animal, tile
from honte.drawing.chess_figures import chess_figure
from honte.drawing.layout import BoardLayout
from honte.drawing.palette import (
    BLOCK,
    BLOCK_RIM,
    NEUTRAL,
    NEUTRAL_STONE,
    PAPER,
    RING,
    SHADOW,
    TEXT,
    PlayerColours,
)
from honte.drawing.shapes import Box, Disc, LineShape, Polygon, Shape, TextShape

NUM_LIGHTS = 10
"""The light on a stone is made of so many discs; fewer would be visible as rings."""


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
            yield from stone(x, y, 0.4 if surface == "hexagons" else 0.41, colours or NEUTRAL_STONE, surface == "wells")
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
        case "figure":
            yield from chess_figure(x, y, piece.text, colours or NEUTRAL_STONE)
        case "animal":
            yield from animal(x, y, piece.text, colours or NEUTRAL_STONE, upright=piece.owner == 0)
        case "mark":
            yield Disc(x, y, 0.14, fill, colours.rim if colours else "", 0.025)
        case "block" if surface == "hexagons":  # a cell that is not part of the board
            yield Polygon(layout.corners(r, c), BLOCK + "70")
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
