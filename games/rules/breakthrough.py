"""Breakthrough: two rows of pieces each, one step forward at a time; the first to reach the other side wins.

A piece goes straight ahead onto an empty cell, or diagonally ahead onto a cell that is empty or holds an opponent's
piece, which it captures. A player without pieces has lost, too. There is always a legal move, and no game is a draw.

Actions are a cell (row by row from the top left) times 3 plus a direction, all as the mover sees the board, whose own
pieces stand at the bottom: the second player's board is turned by half a turn.

    0 1 2    left, straight and right ahead
      ^

A move is written as its first cell and the column of its second: ``e2d`` is e2 to d3 and ``e7d`` is e7 to d6, because
the row follows from the player. A step over the edge is never legal and is written ``a2-``. The last line of a drawing
says who is to move; without it White is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.symmetry import MIRROR, Symmetries, cell_symmetries
from games.uci_notation import UciNotation

DESCRIPTION = Description(
    rules="A piece steps one cell ahead, straight or diagonally, and captures diagonally only.",
    goal="Reach the far row, or capture all pieces. There are no draws.",
    moves="the cell a piece leaves and the column where it goes: e2d is e2 to d3",
    illegal="A piece goes one cell forward, and captures only on a diagonal.",
    parameters={"rows": Parameter(5, 8), "columns": Parameter(5, 8)},
    variants={"5": "rows=5,columns=5", "6": "rows=6,columns=6"},
)


def game(rows: int = 8, columns: int = 8) -> CompiledGame:
    """Breakthrough on ``rows`` x ``columns`` cells. ValueError unless both are 5 to 8."""
    if not (5 <= rows <= 8 and 5 <= columns <= 8):
        raise ValueError(f"breakthrough: rows={rows}, columns={columns}; both sides are 5 to 8")
    num_cells = rows * columns
    last = 3 * num_cells - 1  # half a turn maps action a to last - a
    full = (1 << columns) - 1
    state = np.dtype(
        [
            ("pieces", np.int16, (2, rows)),  # by player and row, one bit for each column
            ("counts", np.int8, (2,)),
            ("to_play", np.int8),
            ("won", np.int8),
        ]
    )

    def init(s: Any) -> None:
        pieces = s["pieces"]
        pieces[0, rows - 1] = pieces[0, rows - 2] = pieces[1, 0] = pieces[1, 1] = full
        s["counts"][0] = s["counts"][1] = 2 * columns

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        mover = int(s["to_play"])
        mine, theirs = s["pieces"][mover], s["pieces"][1 - mover]
        ahead = 2 * mover - 1
        for r in range(rows):
            if mine[r] == 0:
                continue
            pieces, free = int(mine[r]), full & ~int(mine[r + ahead])
            left, straight, right = pieces & free << 1, pieces & free & ~int(theirs[r + ahead]), pieces & free >> 1
            for c in range(columns):
                a = 3 * (r * columns + c)
                if mover == 0:
                    legal[a] = left >> c & 1
                    legal[a + 1] = straight >> c & 1
                    legal[a + 2] = right >> c & 1
                else:
                    legal[last - a] = left >> c & 1
                    legal[last - a - 1] = straight >> c & 1
                    legal[last - a - 2] = right >> c & 1

    def step(s: Any, a: int) -> None:
        mover = int(s["to_play"])
        mine, theirs = s["pieces"][mover], s["pieces"][1 - mover]
        absolute = last - a if mover else a
        r, c = absolute // (3 * columns), absolute // 3 % columns
        there, bit = r + 2 * mover - 1, 1 << (c + absolute % 3 - 1)
        mine[r] ^= 1 << c
        mine[there] |= bit
        if theirs[there] & bit:
            theirs[there] ^= bit
            s["counts"][1 - mover] -= 1
        s["won"] = there == (rows - 1) * mover or s["counts"][1 - mover] == 0
        s["to_play"] = 1 - mover

    def outcome(s: Any) -> int:
        return -1 if s["won"] else ONGOING  # the player who just moved broke through

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        mover = int(s["to_play"])
        mine, theirs = s["pieces"][mover], s["pieces"][1 - mover]
        for r in range(rows):
            for c in range(columns):
                y, x = (rows - 1 - r, columns - 1 - c) if mover else (r, c)
                planes[0, y, x] = mine[r] >> c & 1
                planes[1, y, x] = theirs[r] >> c & 1

    def heuristic(s: Any) -> float:
        lead = 0
        for player in range(2):
            worth = 0
            for r in range(rows):
                steps = r if player else rows - 1 - r
                for c in range(columns):
                    if s["pieces"][player, r] >> c & 1:
                        worth += (rows - 1) ** 2 + steps**2  # a piece is worth more the closer it comes
            lead += worth if player == s["to_play"] else -worth
        return math.tanh(0.2 * lead / (rows - 1) ** 2)

    def draw(s: Any) -> NDArray[np.int8]:
        first, second = s["pieces"][:, :, None] >> np.arange(columns) & 1
        return np.asarray(first + 2 * second, np.int8)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        for player, name in enumerate(("white", "black")):
            own = cells == player + 1
            if own.sum() > 2 * columns:
                raise ValueError(f"the drawing has {own.sum()} pieces of {name}; a player has {2 * columns}")
            s["pieces"][player] = (own << np.arange(columns)).sum(axis=1)
            s["counts"][player] = own.sum()
        through = [bool(s["pieces"][0, 0]) or not s["counts"][1], bool(s["pieces"][1, rows - 1]) or not s["counts"][0]]
        if all(through):
            raise ValueError("the drawing has no loser: both players broke through")
        if mover is None:
            mover = int(through[0])
        if through[mover]:
            raise ValueError(f"the drawing has {('white', 'black')[mover]} through and to move; that ends the game")
        s["to_play"], s["won"] = mover, any(through)

    letters = "abcdefgh"[:columns]

    def write_action(a: int) -> str:
        r, c, to = a // (3 * columns), a // 3 % columns, a // 3 % columns + a % 3 - 1
        return f"{letters[c]}{rows - r}{letters[to] if 0 <= to < columns else '-'}"

    def write_uci(s: Any, a: int) -> str:
        return f"{write_action(a)}{rows - a // (3 * columns) + (-1 if s['to_play'] else 1)}"

    cells = cell_symmetries(rows, columns, MIRROR).cells
    mirrored = (3 * cells[1][:, None] + np.array([2, 1, 0])).ravel()
    return from_rules(
        description=DESCRIPTION,
        name="breakthrough" if (rows, columns) == (8, 8) else f"breakthrough:rows={rows},columns={columns}",
        state=state,
        num_actions=3 * num_cells,
        observation_shape=(2, rows, columns),
        max_plies=2 * columns * (2 * rows - 5) + 1,  # all pieces one short of the last row, then one there
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        write_action=write_action,
        uci=UciNotation("breakthrough" if (rows, columns) == (8, 8) else "", write_uci),
        turned=np.arange(3 * num_cells)[::-1].copy(),
        symmetries=Symmetries(cells, np.stack([np.arange(3 * num_cells), mirrored])),
        action_layout=np.array([(d, r, c) for r in range(rows) for c in range(columns) for d in range(3)]),
        board=Board(
            rows,
            columns,
            glyphs=(".", "w", "b"),
            surface="checkers",
            pieces=(Piece("none"), Piece("figure", 0, "P"), Piece("figure", 1, "P")),
            names=("white", "black"),
            column_labels=tuple(letters),
            row_labels=tuple(str(rows - r) for r in range(rows)),
        ),
    )
