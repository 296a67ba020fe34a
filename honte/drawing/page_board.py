"""An empty board and its pieces as JSON for the renderer of pages, ``honte/web/static/board/board.js``.

Lengths are in units of a cell. A piece is drawn around the point 0, 0 and is moved to the centre of its cell. Cells of
the same size have the same *kind*, since a piece such as a line of dots and boxes depends on the size of its cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from games.board import Board, Piece
from honte.drawing.layout import BoardLayout
from honte.drawing.palette import DARK, BoardColours, board_colours, player_colours
from honte.drawing.pieces import piece_shapes
from honte.drawing.scene import board_shapes, label_shapes, mark_shapes
from honte.drawing.shapes import Shape, recolour, shift
from honte.drawing.svg import elements, number_text

HOLE_RADIUS = 0.4
"""The radius of a hole in the front of a board of wells."""

FIGURES = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight", "P": "pawn"}
ANIMALS = {"L": "lion", "G": "giraffe", "E": "elephant", "C": "chick", "H": "hen"}


def page_board(board: Board) -> dict[str, Any]:
    """The board as the renderer needs it.

    ``width, height``: of the drawing. ``boxes, centres, radii, kinds, cell_names``: one for each cell, row by row.
    ``code_names, owners, shapes``: one for each cell code. ``clicks``: the action of each cell, or -1, where a cell has
    one. ``themes.light, themes.dark``: SVG text: ``under`` and ``labels``; ``over``, which hides parts of pieces;
    ``pieces[kind][code]``; ``marked[kind][code]``, the same with the mark of the last move; ``colours`` of the players.
    """
    layout = BoardLayout(board, status=False)
    cells = [(r, c) for r in range(board.height) for c in range(board.width)]
    boxes = [layout.box(r, c) for r, c in cells]
    sizes = [
        (round(x1 - x0, 3), round(y1 - y0, 3), c in layout.beside)
        for (_, c), (x0, y0, x1, y1) in zip(cells, boxes, strict=True)
    ]
    kinds = sorted(set(sizes))
    examples = [cells[sizes.index(kind)] for kind in kinds]
    return {
        "width": round(layout.width, 3),
        "height": round(layout.height, 3),
        "rows": board.height,
        "columns": board.width,
        "surface": board.surface,
        "beside": sorted(layout.beside),
        "boxes": [[round(x, 3) for x in box] for box in boxes],
        "centres": [[round(x, 3) for x in layout.centre(r, c)] for r, c in cells],
        "radii": [round(max(min(x1 - x0, y1 - y0) / 2, 0.3), 3) for x0, y0, x1, y1 in boxes],
        "kinds": [kinds.index(size) for size in sizes],
        "cell_names": [cell_name(board, layout, r, c) for r, c in cells],
        "code_names": [code_name(board, piece) for piece in board.pieces],
        "owners": [piece.owner for piece in board.pieces],
        "shapes": [piece.shape for piece in board.pieces],
        "clicks": board.clicks.ravel().tolist(),
        "names": list(board.names),
        "themes": {
            "light": _theme(board, layout, examples, {}),
            "dark": _theme(board, layout, examples, DARK),
        },
    }


def cell_name(board: Board, layout: BoardLayout, r: int, c: int) -> str:
    """The name of a cell as people read it: its labels where there are any."""
    if c in layout.beside:
        side = "left" if c == 0 or (c - 1 in layout.beside and 0 in layout.beside) else "right"
        return f"{side} of the board, row {r + 1}"
    column = board.column_labels[c] if board.column_labels else ""
    row = board.row_labels[r] if board.row_labels else str(board.height - r) if column else ""
    if not column:
        return f"row {row or r + 1}, column {c + 1}"
    return f"{row}{column}" if column.isdigit() else f"{column}{row}"


def code_name(board: Board, piece: Piece) -> str:
    """What lies on a cell, in words."""
    owner = board.names[piece.owner] if piece.owner >= 0 else ""
    if piece.shape == "none":
        return "empty"
    if piece.shape in ("figure", "animal"):
        kind, _, state = piece.text.partition(" ")
        named = (FIGURES if piece.shape == "figure" else ANIMALS).get(kind, kind)
        return f"{owner} {named}{f', about to {state}' if state else ''}".strip()
    if piece.shape == "letter":
        return f"{owner} {piece.text}".strip()
    words = {"stone": "stone", "mark": "mark", "block": "blocked", "dot": "dot", "line": "line", "box": "box"}
    return f"{owner} {words[piece.shape]}".strip()


def _theme(
    board: Board, layout: BoardLayout, examples: list[tuple[int, int]], colours: dict[str, str]
) -> dict[str, Any]:
    """All SVG text of one theme; ``colours`` replaces colours of the light one."""
    surface = board_colours(board.surface, board.names)
    players = player_colours(surface, board.names)

    def text(shapes: Iterable[Shape], r: int = -1, c: int = -1) -> str:
        x, y = layout.centre(r, c) if r >= 0 else (0.0, 0.0)
        return elements(recolour(shift(shape, -x, -y), colours) for shape in shapes)

    def piece(code: int, r: int, c: int, marked: bool) -> str:
        kind = board.pieces[code]
        shapes = [*piece_shapes(kind, layout, players, r, c, board.surface, marked=marked)]
        if marked and kind.shape not in ("stone", "line") and c not in layout.beside:
            shapes = [*mark_shapes(board, layout, r, c), *shapes]
        return text(shapes, r, c)

    codes = range(len(board.pieces))
    return {
        "under": text(board_shapes(board, layout, surface, players)),
        "over": _front(board, layout, surface, colours) if board.surface == "wells" else "",
        "labels": text(label_shapes(board, layout)),
        "pieces": [[piece(code, r, c, False) for code in codes] for r, c in examples],
        "marked": [[piece(code, r, c, True) for code in codes] for r, c in examples],
        "colours": [[player.fill, player.rim] for player in players],
    }


def _front(board: Board, layout: BoardLayout, surface: BoardColours, colours: dict[str, str]) -> str:
    """The front of a board of wells: a plate with a hole for each cell, in front of the pieces."""
    n, (x0, y0, x1, y1), out = number_text, layout.inner, layout.pad * 0.6
    r = HOLE_RADIUS
    path = f"M{n(x0 - out)},{n(y0 - out)}H{n(x1 + out)}V{n(y1 + out)}H{n(x0 - out)}Z"
    rings = ""
    for row in range(board.height):
        for column in range(board.width):
            x, y = layout.centre(row, column)
            path += f"M{n(x - r)},{n(y)}a{n(r)},{n(r)} 0 1 0 {n(2 * r)},0a{n(r)},{n(r)} 0 1 0 {n(-2 * r)},0Z"
            line = colours.get(surface.line, surface.line)
            rings += (
                f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r + 0.02)}" fill="none" stroke="{line}" stroke-width="0.05"/>'
            )
    return f'<path d="{path}" fill="{colours.get(surface.board, surface.board)}" fill-rule="evenodd"/>{rings}'
