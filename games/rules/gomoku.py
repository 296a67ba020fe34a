"""Gomoku: stones on the crossings of a board; the first with k in a line wins. Any size, any k, overlines or not.

Freestyle is the default: k or more in a line win. With ``exact=true`` (standard gomoku) an overline, a line longer than
k, does not win. A full board without a line is a draw. Planes: own stones, the other's stones.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit
from games.compiled import CompiledGame
from games.descriptions import Description, Parameter, SgfType
from games.rules.k_in_a_row import k_in_a_row


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


DESCRIPTION = Description(
    rules="The players put stones on empty points in turn.",
    goal="Be the first to have k stones in a line. A full board is a draw.",
    moves="the point, such as h8",
    parameters={"size": Parameter(5, 19), "k": Parameter(3, 8), "exact": Parameter(choices=(False, True))},
    variants={"9": "size=9", "15": "size=15"},
    sgf=SgfType(4, "15"),
)


def game(size: int = 15, k: int = 5, exact: bool = False) -> CompiledGame:
    """Players place stones; ``k`` in a line win. ValueError for sizes that make no game."""
    if not (5 <= size <= 19 and 3 <= k <= size):
        raise ValueError(f"gomoku: size={size}, k={k}; boards have 5 to 19 lines, k is 3 or more and fits the board")
    area = size * size
    state = np.dtype(
        [("stones", np.int8, (area,)), ("plies", np.int16), ("to_play", np.int8), ("won", np.int8)], align=True
    )

    def heuristic(s: Any) -> float:
        return math.tanh(open_lines(s["stones"], size, k, s["to_play"] + 1) / 4.0**k)

    parameters = [f"size={size}"] * (size != 15) + [f"k={k}"] * (k != 5) + ["exact=true"] * exact
    return k_in_a_row(
        description=DESCRIPTION,
        name="gomoku" + (":" + ",".join(parameters) if parameters else ""),
        state=state,
        rows=size,
        columns=size,
        k=k,
        exact=exact,
        surface="points",
        heuristic=heuristic,
        can_arrange=True,
    )
