"""The moves of animal shogi, and what follows from a position: its legal moves and whether the game is over.

``games.rules.animal_shogi`` explains the rules.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit

CHICK, ELEPHANT, GIRAFFE, LION, HEN = 1, 2, 3, 4, 5  # cell codes; gote's are 5 higher
MAX_PLIES = 256
DRAW, LOST = 1, 2  # how a game ended, for the player to move; 0: it goes on
WAYS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # down, right; clockwise from up
STEPS = ((0,), (1, 3, 5, 7), (0, 2, 4, 6), tuple(range(8)), (0, 1, 2, 4, 6, 7))  # of WAYS, by piece
MOVES = [
    (way, q, q + 3 * down + right)
    for q in range(12)
    for way, (down, right) in enumerate(WAYS)
    if 0 <= q // 3 + down < 4 and 0 <= q % 3 + right < 3
]
"""Each step in the mover's view: direction, from, to. Drops follow, 12 for each of three pieces."""

NUM_STEPS = len(MOVES)
NUM_ACTIONS = NUM_STEPS + 36
FROM, TO = (np.array([[move[i] for move in MOVES], [11 - move[i] for move in MOVES]]) for i in (1, 2))  # [2, M]
ACTION = np.full((2, 12, 12), -1)  # player, from, to on the real board -> the action's number
REACH = np.zeros((11, 12), np.int64)  # cell code, cell -> the cells that the piece attacks, as bits
for player, (a, (way, q, t)) in itertools.product(range(2), enumerate(MOVES)):
    ACTION[player, FROM[player, a], TO[player, a]] = a
    for piece, ways in enumerate(STEPS):
        REACH[1 + piece + 5 * player, 11 - q if player else q] |= (way in ways) << (11 - t if player else t)
STATE = np.dtype(
    [
        ("keys", np.int64, (MAX_PLIES + 1,)),  # every position so far as a number that names it exactly
        ("plies", np.int16),
        ("cells", np.int8, (12,)),
        ("hands", np.int8, (2, 3)),  # chicks, elephants, giraffes
        ("moves", np.int8, (NUM_ACTIONS,)),  # the legal actions
        ("num_moves", np.int8),
        ("to_play", np.int8),
        ("repeated", np.int8),  # how often this position has occurred before
        ("ending", np.int8),
    ],
    align=True,
)


@cached_njit
def list_moves(cells: NDArray[np.int8], hand: NDArray[np.int8], me: int, moves: NDArray[np.int8]) -> int:
    """Fill ``moves`` with the legal actions of player ``me`` and count them. No piece reaches beyond a neighbour."""
    own, other = 5 * me, 5 * (1 - me)
    lion = 0
    while cells[lion] != own + LION:
        lion += 1
    danger, ends, checks, count = 0, (1 << 12) - 1, 0, 0  # ends: where a move of another piece may go to meet a check
    for q in range(12):
        if other < cells[q] <= other + HEN:
            reach = REACH[cells[q], q]
            danger |= reach
            if reach >> lion & 1:
                ends = 1 << q
                checks += 1
    for q in range(12):
        if own < cells[q] <= own + HEN:
            allowed = ~danger if q == lion else (ends if checks < 2 else 0)
            reach = REACH[cells[q], q] & allowed
            for t in range(12):
                if reach >> t & 1 and not own < cells[t] <= own + HEN:
                    moves[count] = ACTION[me, q, t]
                    count += 1
        elif cells[q] == 0 and checks == 0:  # a drop meets no check: there is no cell between neighbours
            for piece in range(3):
                if hand[piece]:
                    moves[count] = NUM_STEPS + 12 * piece + (11 - q if me else q)
                    count += 1
    return count


@cached_njit
def update_status(s: Any) -> None:
    """List the legal moves of the new position in ``s``, and find out whether the game is over."""
    me, cells, hands, keys, plies = s["to_play"], s["cells"], s["hands"], s["keys"], s["plies"]
    key = np.int64(0)
    for q in range(12):
        key = key * 11 + cells[q]
    for i in range(6):
        key = key * 3 + hands[i // 3, i % 3]
    keys[plies] = key
    repeated = 0
    for i in range(plies - 4, -1, -2):  # the same player moved there
        repeated += keys[i] == key
    s["repeated"] = repeated
    s["num_moves"] = list_moves(cells, hands[me], me, s["moves"])
    lion_arrived = False  # whether the lion that just moved stands on its last rank
    for c in range(3):
        lion_arrived = lion_arrived or cells[c if me else 9 + c] == LION + 5 * (1 - me)
    if lion_arrived or s["num_moves"] == 0:
        s["ending"] = LOST
    elif repeated >= 2 or plies >= MAX_PLIES:
        s["ending"] = DRAW
