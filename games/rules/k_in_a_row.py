"""k in a row: the rules that tic-tac-toe and gomoku share. Players place stones, and the first with k in a line wins.

Boards are flat, row by row from the top left: 0 empty, 1 a stone of the first player, 2 of the second. Actions are
cells:  0 1 2
        3 4 5
        6 7 8
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compilation.jit_cache import Rule, cached_njit
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description
from games.game import ONGOING
from games.symmetry import RECTANGLE, SQUARE, cell_symmetries


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


def k_in_a_row(
    *,
    name: str,
    description: Description,
    state: np.dtype[Any],
    rows: int,
    columns: int,
    k: int,
    exact: bool = False,
    surface: Literal["squares", "points"] = "squares",
    heuristic: Rule | None = None,
    can_arrange: bool = False,
) -> CompiledGame:
    """The game on ``rows`` x ``columns``. ``state`` has the fields ``stones``, ``plies``, ``to_play`` and ``won``.

    ``exact``: a line of more than ``k`` does not win. ``can_arrange``: positions may have any number of stones.
    """
    area = rows * columns

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
        s["won"] = makes_line(stones, rows, columns, a, k, exact)
        s["plies"] += 1
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
        read_stones(s, cells, k, exact)

    def arrange(s: Any, cells: NDArray[np.int8], mover: int) -> None:
        arrange_stones(s, cells, mover, k, exact)

    letters = "abcdefghijklmnopqrs"[:columns]
    return from_rules(
        name=name,
        description=description,
        state=state,
        num_actions=area,
        observation_shape=(2, rows, columns),  # own stones, the other's stones
        max_plies=area,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        arrange=arrange if can_arrange else None,
        write_action=lambda a: f"{letters[a % columns]}{rows - a // columns}",
        symmetries=cell_symmetries(rows, columns, SQUARE if rows == columns else RECTANGLE),
        action_layout=np.array([(0, a // columns, a % columns) for a in range(area)]),
        board=Board(
            rows,
            columns,
            column_labels=tuple(letters),
            row_labels=tuple(str(rows - r) for r in range(rows)),
            clicks=np.arange(area).reshape(rows, columns),
            surface=surface,
        ),
    )


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
