"""Tic-tac-toe: three in a row on a board of 3 x 3, or k in a row on any board (m,n,k-games).

Knows its rules and its drawing. Does not know how they are compiled or searched.

Actions are cells, row by row from the top left:  0 1 2
                                                  3 4 5
                                                  6 7 8
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compiled import CompiledGame, from_rules
from games.game import ONGOING
from games.rules.k_in_a_row import makes_line, read_stones
from games.symmetry import RECTANGLE, SQUARE, cell_symmetries


def game(rows: int = 3, columns: int = 3, k: int = 3) -> CompiledGame:
    """Two players place stones; the first with ``k`` in a line wins. ValueError for sizes that make no game."""
    if not (1 <= rows <= 19 and 1 <= columns <= 19 and 1 <= k <= max(rows, columns)):
        raise ValueError(f"tic_tac_toe: rows={rows}, columns={columns}, k={k}; sides are 1 to 19 and k fits the board")
    area = rows * columns
    state = np.dtype([("stones", np.int8, (area,)), ("to_play", np.int8), ("plies", np.int16), ("won", np.int8)])

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        stones = s["stones"]
        for a in range(area):
            legal[a] = stones[a] == 0

    def step(s: Any, a: int) -> None:
        mover = s["to_play"]
        stones = s["stones"]
        stones[a] = mover + 1
        s["plies"] += 1
        s["won"] = s["plies"] >= 2 * k - 1 and makes_line(stones, rows, columns, a, k, False)
        s["to_play"] = 1 - mover

    def outcome(s: Any) -> int:
        if s["won"]:
            return -1  # the player who just moved made the line
        if s["plies"] == area:
            return 0
        return ONGOING

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        stones = s["stones"]
        mine = s["to_play"] + 1
        for r in range(rows):
            for c in range(columns):
                stone = stones[r * columns + c]
                planes[0, r, c] = stone == mine
                planes[1, r, c] = stone == 3 - mine

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["stones"].reshape(rows, columns))

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        read_stones(s, cells, k)

    letters = "abcdefghijklmnopqrstuvwxyz"[:columns]
    return from_rules(
        name=f"tic_tac_toe:rows={rows},columns={columns},k={k}" if (rows, columns, k) != (3, 3, 3) else "tic_tac_toe",
        state=state,
        num_actions=area,
        observation_shape=(2, rows, columns),
        max_plies=area,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        draw=draw,
        read=read,
        write_action=lambda a: f"{letters[a % columns]}{rows - a // columns}",
        symmetries=cell_symmetries(rows, columns, SQUARE if rows == columns else RECTANGLE),
        action_layout=np.array([(0, a // columns, a % columns) for a in range(area)]),
        board=Board(
            rows,
            columns,
            column_labels=tuple(letters),
            row_labels=tuple(str(rows - r) for r in range(rows)),
            clicks=np.arange(area).reshape(rows, columns),
        ),
    )
