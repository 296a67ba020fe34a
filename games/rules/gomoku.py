"""Gomoku: stones on the crossings of a board; the first with k in a line wins. Any size, any k, overlines or not.

Knows its rules and its drawing. Does not know how they are compiled or searched.

Actions are crossings, row by row from the top left:  0 1 2
                                                      3 4 5
                                                      6 7 8

Freestyle is the default: k or more in a line win. With ``exact=true`` (standard gomoku) an overline, a line longer than
k, does not win. A full board without a line is a draw. Planes: own stones, the other's stones.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compiled import CompiledGame, from_rules
from games.game import ONGOING
from games.jit_cache import cached_njit
from games.rules.k_in_a_row import arrange_stones, makes_line, read_stones
from games.symmetry import SQUARE, cell_symmetries

LETTERS = "abcdefghijklmnopqrs"


@cached_njit
def open_lines(stones: NDArray[np.int8], size: int, k: int, mine: int) -> float:
    """Lines of k that only one player can still fill, each worth 4 to the number of its stones: own minus the other's.

    With ``mine`` to move; lines without a stone count nothing.
    """
    total = 0.0
    for r in range(size):
        for c in range(size):
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if r + (k - 1) * dr >= size or not 0 <= c + (k - 1) * dc < size:
                    continue
                own, other = 0, 0
                for i in range(k):
                    stone = stones[(r + i * dr) * size + c + i * dc]
                    own += stone == mine
                    other += stone == 3 - mine
                if other == 0 and own > 0:
                    total += 4.0**own
                elif own == 0 and other > 0:
                    total -= 4.0**other
    return total


def game(size: int = 15, k: int = 5, exact: bool = False) -> CompiledGame:
    """Players place stones; ``k`` in a line win. ValueError for sizes that make no game."""
    if not (5 <= size <= 19 and 3 <= k <= size):
        raise ValueError(f"gomoku: size={size}, k={k}; boards have 5 to 19 lines, k is 3 or more and fits the board")
    area = size * size
    state = np.dtype(
        [("stones", np.int8, (area,)), ("plies", np.int16), ("to_play", np.int8), ("won", np.int8)], align=True
    )

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
        s["won"] = makes_line(stones, size, size, a, k, exact)
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
        for r in range(size):
            for c in range(size):
                stone = stones[r * size + c]
                planes[0, r, c] = stone == mine
                planes[1, r, c] = stone == 3 - mine

    def heuristic(s: Any) -> float:
        return math.tanh(open_lines(s["stones"], size, k, s["to_play"] + 1) / 4.0**k)

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["stones"].reshape(size, size))

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        read_stones(s, cells, k, exact)

    def arrange(s: Any, cells: NDArray[np.int8], mover: int) -> None:
        arrange_stones(s, cells, mover, k, exact)

    parameters = [f"size={size}"] * (size != 15) + [f"k={k}"] * (k != 5) + ["exact=true"] * exact
    return from_rules(
        name="gomoku" + (":" + ",".join(parameters) if parameters else ""),
        state=state,
        num_actions=area,
        observation_shape=(2, size, size),
        max_plies=area,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        arrange=arrange,
        write_action=lambda a: f"{LETTERS[a % size]}{size - a // size}",
        symmetries=cell_symmetries(size, size, SQUARE),
        action_layout=np.array([(0, a // size, a % size) for a in range(area)]),
        board=Board(
            size,
            size,
            column_labels=tuple(LETTERS[:size]),
            row_labels=tuple(str(size - r) for r in range(size)),
            clicks=np.arange(area).reshape(size, size),
            surface="points",
        ),
    )
