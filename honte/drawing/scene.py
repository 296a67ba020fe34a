"""A drawn board as a list of simple shapes, for PNG and SVG.

Knows ``Board``, cell codes and colours. Does not know rules, states, pixels or file formats. Shapes are painted in
order, later ones on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from honte.drawing.layout import BoardLayout
from honte.drawing.palette import (
    GLOW,
    LABEL,
    PAPER,
    SHADOW,
    TEXT,
    BoardColours,
    PlayerColours,
    board_colours,
    player_colours,
)
from honte.drawing.pieces import piece_shapes
from honte.drawing.shapes import Box, Disc, LineShape, Polygon, Scene, Shape, TextShape


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
