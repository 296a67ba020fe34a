"""Perfect tic-tac-toe on 3×3, three in a row: the outcome of every move, from a table of all 5,478 positions.

Knows cells, lines and outcomes. Does not know other sizes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Cells = tuple[int, ...]
_LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


def outcomes(cells: NDArray[np.int8]) -> dict[int, int]:
    """{action: +1 win, 0 draw, -1 loss} of every legal move, for the player who makes it; best play by both after it.

    `cells` [3, 3] hold 0 empty, 1 a stone of the first player, 2 of the second; an action is row * 3 + column.
    ValueError when the position cannot come up in a game or the game is over.
    """
    if np.shape(cells) != (3, 3):
        raise ValueError(f"cells has shape {np.shape(cells)}: the solver knows 3×3 only")
    board = tuple(int(cell) for cell in np.ravel(cells))
    if board not in outcome_table():
        raise ValueError(f"cells {board} is no position of tic-tac-toe: the players take turns, the first begins")
    if _won(board) or 0 not in board:
        raise ValueError("the game is over: there is no move to solve")
    return {action: -outcome_table()[child] for action, child in _children(board)}


@cache
def outcome_table() -> dict[_Cells, int]:
    """The outcome of every reachable position, for the player to move. It takes up to a tenth of a second, once."""
    values: dict[_Cells, int] = {}

    def value(board: _Cells) -> int:
        if board not in values:
            if _won(board):
                values[board] = -1  # by the opponent, who has just moved
            else:
                values[board] = max((-value(child) for _, child in _children(board)), default=0)
        return values[board]

    value((0,) * 9)
    return values


def all_positions() -> list[dict[str, Any]]:
    """Each of the 4,520 reachable positions that are not over, once: the `moves` to it and the outcomes as `scores`."""
    seen, positions = set[_Cells](), list[dict[str, Any]]()
    level: list[tuple[tuple[int, ...], _Cells]] = [((), (0,) * 9)]
    while level:
        deeper: list[tuple[tuple[int, ...], _Cells]] = []
        for moves, board in level:
            if board in seen or _won(board) or 0 not in board:
                continue
            seen.add(board)
            positions.append({"moves": moves, "scores": outcomes(np.array(board, np.int8).reshape(3, 3))})
            deeper += [((*moves, action), child) for action, child in _children(board)]
        level = deeper
    return positions


def _children(board: _Cells) -> list[tuple[int, _Cells]]:
    """(action, board after it) of every empty cell."""
    stone = 1 if board.count(1) == board.count(2) else 2
    return [(a, (*board[:a], stone, *board[a + 1 :])) for a in range(9) if board[a] == 0]


def _won(board: _Cells) -> bool:
    return any(board[a] == board[b] == board[c] != 0 for a, b, c in _LINES)
