"""Stones on a board of cells, and k of them in a line: what m,n,k-games have in common.

Knows flat boards, row by row: 0 empty, 1 the first player's, 2 the second's. Does not know how stones get there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.jit_cache import cached_njit


@cached_njit
def makes_line(stones: NDArray[np.int8], rows: int, columns: int, a: int, k: int, exact: bool) -> bool:
    """Whether the stone at ``a`` stands in a line of ``k`` or more of its colour; ``exact``: of just ``k``."""
    mine = stones[a]
    up, left = a // columns, a % columns
    down, right = rows - 1 - up, columns - 1 - left
    # For each direction: the step in ``stones``, and how far the board goes forwards and backwards.
    for step, ahead, behind in (
        (1, right, left),
        (columns, down, up),
        (columns + 1, min(right, down), min(left, up)),
        (columns - 1, min(left, down), min(right, up)),
    ):
        run = 1
        while ahead > 0 and stones[a + run * step] == mine:
            run += 1
            ahead -= 1
        back = 1
        while behind > 0 and stones[a - back * step] == mine:
            back += 1
            behind -= 1
        run += back - 1
        if run == k or (run > k and not exact):
            return True
    return False


def read_stones(s: Any, cells: NDArray[np.int8], k: int, exact: bool = False) -> None:
    """Put a drawing [H, W] into ``stones``, ``plies``, ``to_play`` and ``won``. ValueError for what cannot be."""
    first, second = int((cells == 1).sum()), int((cells == 2).sum())
    if first - second not in (0, 1):
        raise ValueError(f"the drawing has {first} x and {second} o; x moves first and the players alternate")
    arrange_stones(s, cells, first - second, k, exact)


def arrange_stones(s: Any, cells: NDArray[np.int8], to_play: int, k: int, exact: bool = False) -> None:
    """Put any stones [H, W] into the row. ValueError where who is to play has a line already."""
    rows, columns = cells.shape
    s["stones"], s["to_play"], s["plies"] = cells.ravel(), to_play, np.count_nonzero(cells)
    in_line = [0, 0, 0]  # stones of each code that stand in a winning line
    for a in np.flatnonzero(cells):
        in_line[cells.flat[a]] += makes_line(s["stones"], rows, columns, int(a), k, exact)
    if in_line[to_play + 1]:
        raise ValueError(f"the board has a line of {'xo'[to_play]}, who is to move; a line ends the game")
    s["won"] = in_line[2 - to_play] > 0
