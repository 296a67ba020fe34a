"""Othello: a disc flips every line of the opponent's discs that it encloses; most discs at the end win. Even sizes.

Actions are cells, row by row from the top left, then the pass, which is legal only when nothing else is (8 x 8):

     0  1  2 ..       a1 b1 c1 ..
     8  9 10 ..       a2 b2 c2 ..
     .. 63  64 pass

A player's discs are one integer for each row, with bit c for column c, so that one pass over the rows finds the moves
of three directions at once, on any size. The state stores the moves of the player to move and the numbers of discs.
After a pass the discs do not show who is to move: the last line of a drawing says it; without it Black is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compilation.jit_cache import cached_njit
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter, SgfType
from games.game import ONGOING
from games.symmetry import SQUARE, cell_symmetries

DIAGONAL = (SQUARE[0], SQUARE[3], SQUARE[4], SQUARE[7])
"""The half turn and the two mirrors along a diagonal; the other four would swap the colours of the first discs."""


@cached_njit
def find_moves(own: NDArray[np.int16], other: NDArray[np.int16], moves: NDArray[np.int16]) -> bool:
    """Write the moves of ``own`` into ``moves``, [H] rows of bits, and return whether there is one."""
    size = len(own)
    full = (1 << size) - 1
    for r in range(size):  # along the row, where adding carries through the other's discs
        mine, theirs = own[r], other[r]
        found = (theirs + ((mine << 1) & theirs)) & ~theirs
        run = (mine >> 1) & theirs
        for _ in range(size - 3):
            run |= (run >> 1) & theirs
        moves[r] = (found | (run >> 1)) & ~mine & full
    for start, stop, by in ((0, size, 1), (size - 1, -1, -1)):  # runs of the other's discs that begin at one's own
        left, straight, right, mine = 0, 0, 0, 0
        for r in range(start, stop, by):
            theirs = other[r]
            moves[r] |= (left << 1 | straight | right >> 1) & ~own[r] & full
            left = (left | mine) << 1 & theirs
            straight = (straight | mine) & theirs
            right = (right | mine) >> 1 & theirs
            mine = int(own[r])
    anywhere = 0
    for r in range(size):
        moves[r] &= ~other[r]
        anywhere |= moves[r]
    return anywhere != 0


@cached_njit
def turn_over(own: NDArray[np.int16], other: NDArray[np.int16], r: int, c: int) -> int:
    """Flip the discs that a disc of ``own`` at (r, c) encloses, and return their number."""
    size = len(own)
    turned = 0
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            y, x, run = r + dr, c + dc, 0
            while 0 <= y < size and 0 <= x < size and other[y] >> x & 1:
                y, x, run = y + dr, x + dc, run + 1
            if run and 0 <= y < size and 0 <= x < size and own[y] >> x & 1:
                turned += run
                for _ in range(run):
                    y, x = y - dr, x - dc
                    own[y] ^= 1 << x
                    other[y] ^= 1 << x
    return turned


@cached_njit
def count_bits(rows: NDArray[np.int16]) -> int:
    """The number of bits set in all of ``rows``."""
    total = 0
    for bits in rows:
        while bits:
            bits &= bits - 1
            total += 1
    return total


DESCRIPTION = Description(
    rules=(
        "A disc must enclose a line of the opponent's discs, and turns all of them over. A player who cannot"
        " do that passes."
    ),
    goal="Have more discs when neither player can move.",
    moves="the cell, such as d3 (rows are counted from the top), or pass",
    illegal="A disc must turn over at least one disc of the other player, and you pass only if you have no move.",
    counted="stone",
    parameters={"size": Parameter(choices=(4, 6, 8, 10, 12))},
    variants={"6": "size=6", "8": "size=8"},
    sgf=SgfType(2, "8", rows_from_top=True),
)


def game(size: int = 8) -> CompiledGame:
    """Othello on ``size`` x ``size`` cells. ValueError unless ``size`` is even and 4 to 12."""
    if not (4 <= size <= 12 and size % 2 == 0):
        raise ValueError(f"othello: size={size}; the side is even, 4 to 12")
    num_cells = size * size
    state = np.dtype(
        [
            ("discs", np.int16, (2, size)),  # by player and row, one bit for each column
            ("moves", np.int16, (size,)),  # where the player to move may place; none: it must pass
            ("counts", np.int16, (2,)),
            ("to_play", np.int8),
            ("over", np.int8),
        ]
    )

    def init(s: Any) -> None:
        low, high = size // 2 - 1, size // 2
        discs = s["discs"]
        discs[0, low] = discs[1, high] = 1 << high
        discs[1, low] = discs[0, high] = 1 << low
        s["counts"][0] = s["counts"][1] = 2
        find_moves(discs[0], discs[1], s["moves"])

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        moves = s["moves"]
        anywhere = 0
        for r in range(size):
            bits = int(moves[r])
            anywhere |= bits
            for c in range(size):
                legal[r * size + c] = bits >> c & 1
        legal[num_cells] = anywhere == 0

    def step(s: Any, a: int) -> None:
        mover = s["to_play"]
        mine, theirs = s["discs"][mover], s["discs"][1 - mover]
        if a != num_cells:
            r, c = a // size, a % size
            turned = turn_over(mine, theirs, r, c)
            mine[r] |= 1 << c
            s["counts"][mover] += turned + 1
            s["counts"][1 - mover] -= turned
        s["to_play"] = 1 - mover
        moves = s["moves"]
        if not find_moves(theirs, mine, moves):
            s["over"] = not find_moves(mine, theirs, moves)
            moves[:] = 0

    def outcome(s: Any) -> int:
        if not s["over"]:
            return ONGOING
        lead = s["counts"][s["to_play"]] - s["counts"][1 - s["to_play"]]
        return int(lead > 0) - int(lead < 0)

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        mine, theirs, moves = s["discs"][s["to_play"]], s["discs"][1 - s["to_play"]], s["moves"]
        for r in range(size):
            for c in range(size):
                planes[0, r, c] = mine[r] >> c & 1
                planes[1, r, c] = theirs[r] >> c & 1
                planes[2, r, c] = moves[r] >> c & 1

    def begin_turn(s: Any) -> None:
        find_moves(s["discs"][s["to_play"]], s["discs"][1 - s["to_play"]], s["moves"])

    def heuristic(s: Any) -> float:
        mine, theirs = s["discs"][s["to_play"]], s["discs"][1 - s["to_play"]]
        replies = np.empty(size, np.int16)
        find_moves(theirs, mine, replies)
        lead = 0.1 * (count_bits(s["moves"]) - count_bits(replies))
        for r in (0, size - 1):
            for c in (0, size - 1):
                lead += 0.6 * ((mine[r] >> c & 1) - (theirs[r] >> c & 1))  # a corner is never flipped
        return math.tanh(lead)

    def final_targets(s: Any, ownership: NDArray[np.int8]) -> float:
        mine, theirs = s["discs"][s["to_play"]], s["discs"][1 - s["to_play"]]
        for r in range(size):
            for c in range(size):
                ownership[r, c] = (mine[r] >> c & 1) - (theirs[r] >> c & 1)
        return float(s["counts"][s["to_play"]] - s["counts"][1 - s["to_play"]])

    def draw(s: Any) -> NDArray[np.int8]:
        first, second = s["discs"][:, :, None] >> np.arange(size) & 1
        return np.asarray(first + 2 * second, np.int8)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        discs = s["discs"]
        for player in range(2):
            discs[player] = ((cells == player + 1) << np.arange(size)).sum(axis=1)
            s["counts"][player] = (cells == player + 1).sum()
        s["to_play"] = to_play = mover or 0
        if not find_moves(discs[to_play], discs[1 - to_play], s["moves"]):
            s["over"] = not find_moves(discs[1 - to_play], discs[to_play], s["moves"])
            s["moves"] = 0

    letters = "abcdefghijkl"[:size]
    cells = [(r, c) for r in range(size) for c in range(size)]
    made = from_rules(
        description=DESCRIPTION,
        name="othello" if size == 8 else f"othello:size={size}",
        state=state,
        num_actions=num_cells + 1,
        observation_shape=(3, size, size),
        max_plies=2 * (num_cells - 4),  # a disc follows every pass
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        begin_turn=begin_turn,
        heuristic=heuristic,
        final_targets=final_targets,
        draw=draw,
        read=read,
        arrange=read,
        write_action=lambda a: "pass" if a == num_cells else f"{letters[a % size]}{a // size + 1}",
        symmetries=cell_symmetries(size, size, DIAGONAL, extra_actions=1),
        action_layout=np.array([*((0, r, c) for r, c in cells), (1, -1, -1)]),
        board=Board(
            size,
            size,
            glyphs=(".", "b", "w"),
            names=("black", "white"),
            column_labels=tuple(letters),
            row_labels=tuple(str(r + 1) for r in range(size)),
            clicks=np.arange(num_cells).reshape(size, size),
        ),
    )
    made.plies_without_passes = num_cells - 4
    return made
