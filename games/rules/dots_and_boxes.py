"""Dots and boxes: draw lines between dots. Whoever completes a box owns it and moves again; more boxes win.

The game goes on until every line is drawn, even if one player owns a majority of the boxes before. Actions are lines:
first the horizontal ones, row by row from the top left, then the vertical ones. Two rows of three boxes:

    + 0 + 1 + 2 +
    9  10  11  12
    + 3 + 4 + 5 +
    13 14  15  16
    + 6 + 7 + 8 +

The board is drawn, and observed, as a grid in which each dot, line and box has a cell. A line is written as its cell
there: column letter and row number. A drawing also shows whose turn it is: dots are + if the first player is to move,
and * if the second is.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.symmetry import RECTANGLE, SQUARE, Symmetries, Turn, cell_symmetries

DOT, HORIZONTAL, VERTICAL, SECOND_DOT = 3, 4, 5, 6
"""Cell codes of the drawing; 0 is a line not drawn or a box not taken, 1 and 2 are the players' boxes."""


def line_cells(rows: int, columns: int) -> list[tuple[int, int]]:
    """The grid cell (row, column) of every line, in the order of the actions."""
    horizontal = [(2 * r, 2 * c + 1) for r in range(rows + 1) for c in range(columns)]
    return horizontal + [(2 * r + 1, 2 * c) for r in range(rows) for c in range(columns + 1)]


def line_symmetries(clicks: NDArray[np.int64], turns: tuple[Turn, ...]) -> Symmetries:
    """Symmetries of the grid ``clicks`` [H, W] -> action or -1, and of the actions in it."""
    grid = cell_symmetries(clicks.shape[0], clicks.shape[1], turns)
    cells = np.argsort(clicks.ravel(), kind="stable")[(clicks < 0).sum() :]  # action -> cell
    return Symmetries(grid.cells, clicks.ravel()[grid.actions[:, cells]])


DESCRIPTION = Description(
    rules="The players draw lines between dots in turn. A player who completes a box owns it and moves again.",
    goal="Own more boxes when every line is drawn.",
    moves="the place of the line in the drawing, such as b1; columns are letters and rows are numbers",
    illegal="This line is drawn already.",
    occupied="",
    counted="box",
    parameters={"rows": Parameter(1, 8), "columns": Parameter(1, 8)},
    variants={"2": "rows=2,columns=2", "3": "rows=3,columns=3"},
)


def game(rows: int = 4, columns: int = 4) -> CompiledGame:
    """Players draw lines around ``rows`` x ``columns`` boxes. ValueError for sizes that make no game."""
    if not (1 <= rows <= 8 and 1 <= columns <= 8):
        raise ValueError(f"dots_and_boxes: rows={rows}, columns={columns}; both are 1 to 8 boxes")
    num_horizontal = (rows + 1) * columns
    num_lines = num_horizontal + rows * (columns + 1)
    height, width = 2 * rows + 1, 2 * columns + 1
    state = np.dtype(
        [
            ("lines", np.uint8, (num_lines,)),
            ("sides", np.int8, (rows, columns)),  # lines drawn around each box
            ("owners", np.int8, (rows, columns)),  # 0 nobody, 1 first player, 2 second player
            ("boxes", np.int8, (2,)),  # number of boxes of each player
            ("to_play", np.int8),
            ("plies", np.int16),
        ]
    )

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        lines = s["lines"]
        for a in range(num_lines):
            legal[a] = lines[a] == 0

    def step(s: Any, a: int) -> None:
        sides = s["sides"]
        mover = s["to_play"]
        if a < num_horizontal:  # boxes above and below
            below, right = a // columns, a % columns
            above, left = below - 1, right
        else:  # boxes to the left and to the right
            below, right = (a - num_horizontal) // (columns + 1), (a - num_horizontal) % (columns + 1)
            above, left = below, right - 1
        completed = 0
        if above >= 0 and left >= 0:
            sides[above, left] += 1
            if sides[above, left] == 4:
                s["owners"][above, left] = mover + 1
                completed += 1
        if below < rows and right < columns:
            sides[below, right] += 1
            if sides[below, right] == 4:
                s["owners"][below, right] = mover + 1
                completed += 1
        s["lines"][a] = 1
        s["plies"] += 1
        if completed:
            s["boxes"][mover] += completed
        else:
            s["to_play"] = 1 - mover

    def outcome(s: Any) -> int:
        if s["plies"] < num_lines:
            return ONGOING
        margin = s["boxes"][s["to_play"]] - s["boxes"][1 - s["to_play"]]
        if margin == 0:
            return 0
        return 1 if margin > 0 else -1

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        lines, sides, owners = s["lines"], s["sides"], s["owners"]
        mine = s["to_play"] + 1
        for a in range(num_lines):
            plane = 0 if lines[a] else 1  # drawn, or open
            if a < num_horizontal:
                planes[plane, 2 * (a // columns), 2 * (a % columns) + 1] = 1
            else:
                v = a - num_horizontal
                planes[plane, 2 * (v // (columns + 1)) + 1, 2 * (v % (columns + 1))] = 1
        for r in range(rows):
            for c in range(columns):
                if sides[r, c] == 4:
                    planes[2 if owners[r, c] == mine else 3, 2 * r + 1, 2 * c + 1] = 1
                elif sides[r, c] >= 2:  # two sides: a third line gives the box away; three: the next line completes it
                    planes[2 + sides[r, c], 2 * r + 1, 2 * c + 1] = 1

    def heuristic(s: Any) -> float:
        margin = s["boxes"][s["to_play"]] - s["boxes"][1 - s["to_play"]] + 0.0
        for r in range(rows):
            for c in range(columns):
                margin += s["sides"][r, c] == 3  # the mover can complete it
        return float(np.tanh(margin / (1 + rows * columns / 4)))

    def final_targets(s: Any, ownership: NDArray[np.int8]) -> float:
        owners = s["owners"]
        mine = s["to_play"] + 1
        for r in range(rows):
            for c in range(columns):
                ownership[2 * r + 1, 2 * c + 1] = 1 if owners[r, c] == mine else -1
        return float(s["boxes"][s["to_play"]] - s["boxes"][1 - s["to_play"]])

    places = line_cells(rows, columns)
    clicks = np.full((height, width), -1)
    for a, (y, x) in enumerate(places):
        clicks[y, x] = a

    def draw(s: Any) -> NDArray[np.int8]:
        cells = np.zeros((height, width), np.int8)
        cells[::2, ::2] = SECOND_DOT if s["to_play"] else DOT
        cells[1::2, 1::2] = s["owners"]
        cells[::2, 1::2] = s["lines"][:num_horizontal].reshape(rows + 1, columns) * HORIZONTAL
        cells[1::2, ::2] = s["lines"][num_horizontal:].reshape(rows, columns + 1) * VERTICAL
        return cells

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        dots = {int(code) for code in cells[::2, ::2].ravel()}
        if dots not in ({DOT}, {SECOND_DOT}):
            raise ValueError("the drawing's dots are all + (the first player moves) or all * (the second player moves)")
        across, down, owners = cells[::2, 1::2], cells[1::2, ::2], cells[1::2, 1::2]
        if not (np.isin(across, (0, HORIZONTAL)).all() and np.isin(down, (0, VERTICAL)).all() and (owners <= 2).all()):
            raise ValueError("the drawing has a line, box or dot out of place; see the first position for the grid")
        lines = np.concatenate([across.ravel(), down.ravel()]) > 0
        drawn_across, drawn_down = (across > 0).astype(np.int8), (down > 0).astype(np.int8)
        sides = drawn_across[:-1] + drawn_across[1:] + drawn_down[:, :-1] + drawn_down[:, 1:]
        if ((sides == 4) != (owners > 0)).any():
            raise ValueError("the drawing's boxes have owners just where all four lines around them are drawn")
        s["lines"], s["sides"], s["owners"] = lines, sides, owners
        s["boxes"] = (owners == 1).sum(), (owners == 2).sum()
        s["to_play"], s["plies"] = int(dots == {SECOND_DOT}), lines.sum()

    letters = string.ascii_lowercase[:width]
    return from_rules(
        description=DESCRIPTION,
        name="dots_and_boxes" if (rows, columns) == (4, 4) else f"dots_and_boxes:rows={rows},columns={columns}",
        state=state,
        num_actions=num_lines,
        observation_shape=(6, height, width),  # drawn, open, own boxes, their boxes, boxes with two sides, with three
        max_plies=num_lines,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        final_targets=final_targets,
        draw=draw,
        read=read,
        write_action=lambda a: f"{letters[places[a][1]]}{height - places[a][0]}",
        symmetries=line_symmetries(clicks, SQUARE if rows == columns else RECTANGLE),
        action_layout=np.array([(0, y, x) for y, x in places]),
        board=Board(
            height,
            width,
            glyphs=(".", "x", "o", "+", "-", "|", "*"),
            column_labels=tuple(letters),
            row_labels=tuple(str(height - r) for r in range(height)),
            clicks=clicks,
            surface="dots",
            pieces=(
                Piece("none"),
                Piece("box", 0),
                Piece("box", 1),
                Piece("dot"),
                Piece("line"),
                Piece("line"),
                Piece("dot"),
            ),
        ),
    )
