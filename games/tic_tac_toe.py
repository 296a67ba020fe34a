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

from games.compiled import CompiledGame, from_rules
from games.game import ONGOING, Board
from games.symmetry import RECTANGLE, SQUARE, of_cells


def game(rows: int = 3, columns: int = 3, k: int = 3) -> CompiledGame:
    """Two players place stones; the first with ``k`` in a line wins. ValueError for sizes that make no game."""
    if not (1 <= rows <= 19 and 1 <= columns <= 19 and 1 <= k <= max(rows, columns)):
        raise ValueError(f"tic_tac_toe: rows={rows}, columns={columns}, k={k}; sides are 1 to 19 and k fits the board")
    state = np.dtype([("cells", np.int8, (rows, columns)), ("to_play", np.int8), ("plies", np.int16), ("won", np.int8)])

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        cells = s["cells"]
        for r in range(rows):
            for c in range(columns):
                legal[r * columns + c] = cells[r, c] == 0

    def step(s: Any, a: int) -> None:
        r, c = a // columns, a % columns
        cells = s["cells"]
        mine = s["to_play"] + 1
        cells[r, c] = mine
        for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
            run = 1
            for sign in (1, -1):
                y, x = r + sign * dr, c + sign * dc
                while 0 <= y < rows and 0 <= x < columns and cells[y, x] == mine:
                    run += 1
                    y += sign * dr
                    x += sign * dc
            if run >= k:
                s["won"] = 1
        s["plies"] += 1
        s["to_play"] = 1 - s["to_play"]

    def outcome(s: Any) -> int:
        if s["won"]:
            return -1  # the player who just moved made the line
        if s["plies"] == rows * columns:
            return 0
        return ONGOING

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        cells = s["cells"]
        mine = s["to_play"] + 1
        for r in range(rows):
            for c in range(columns):
                if cells[r, c]:
                    planes[0 if cells[r, c] == mine else 1, r, c] = 1

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["cells"])

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        first, second = int((cells == 1).sum()), int((cells == 2).sum())
        if first - second not in (0, 1):
            raise ValueError(f"the drawing has {first} x and {second} o; x moves first and the players alternate")
        to_play = first - second
        # The last stone may be any of the other player's: replaying each one last finds a line if there is one.
        for a in np.flatnonzero(cells.ravel() == 2 - to_play):
            s["cells"], s["to_play"] = cells, 1 - to_play
            step(s, int(a))
        s["cells"], s["to_play"], s["plies"] = cells, to_play, first + second

    letters = "abcdefghijklmnopqrstuvwxyz"[:columns]
    squares = [(r, c) for r in range(rows) for c in range(columns)]
    return from_rules(
        name=f"tic_tac_toe:rows={rows},columns={columns},k={k}" if (rows, columns, k) != (3, 3, 3) else "tic_tac_toe",
        state=state,
        num_actions=rows * columns,
        observation_shape=(2, rows, columns),
        max_plies=rows * columns,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        draw=draw,
        read=read,
        write_action=lambda a: f"{letters[a % columns]}{rows - a // columns}",
        symmetries=of_cells(rows, columns, SQUARE if rows == columns else RECTANGLE),
        action_layout=np.array([(0, r, c) for r, c in squares]),
        board=Board(
            rows,
            columns,
            column_labels=tuple(letters),
            row_labels=tuple(str(rows - r) for r in range(rows)),
            clicks=np.arange(rows * columns).reshape(rows, columns),
        ),
    )
