"""Connect Four: stones fall down columns; the first with k in a line wins. Any size, any k.

Each player's stones are one integer, stored in 64-bit words. Bits are numbered upwards in each column. One bit above
each column is always 0, so that no line continues from one column into the next:

    6 13 20 ..        (always empty)
    5 12 19 ..
    .  .  .
    0  7 14 ..
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compilation.jit_cache import cached_njit
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.symmetry import column_symmetries

WORD = 64


@cached_njit
def shift_right(stones: NDArray[np.uint64], word: int, by: int) -> np.uint64:
    """Word ``word`` of ``stones`` shifted down by ``by`` bits."""
    source, bits = word + by // WORD, by % WORD
    out = np.uint64(0)
    if source < len(stones):
        out = stones[source] >> np.uint64(bits)
        if bits and source + 1 < len(stones):
            out |= stones[source + 1] << np.uint64(WORD - bits)
    return out


@cached_njit
def has_line(stones: NDArray[np.uint64], height: int, k: int) -> bool:
    """Whether ``k`` stones stand in a line; ``height`` bits a column, the empty one included."""
    for direction in (1, height - 1, height, height + 1):
        for word in range(len(stones)):
            run = stones[word]
            if len(stones) == 1:  # most boards: faster, because there is no next word
                for _ in range(1, k):
                    run &= run >> np.uint64(direction)
            else:
                for i in range(1, k):
                    run &= shift_right(stones, word, i * direction)
            if run:
                return True
    return False


@cached_njit
def open_lines(mine: NDArray[np.int8], k: int) -> float:
    """Lines of k that only one player can still fill: own minus the other's, each counting its stones squared.

    ``mine`` [H, W] holds +1 for the mover's stones, -1 for the other's, 0 elsewhere.
    """
    rows, columns = mine.shape
    total = 0.0
    for r in range(rows):
        for c in range(columns):
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if r + (k - 1) * dr >= rows or not 0 <= c + (k - 1) * dc < columns:
                    continue
                own, other = 0, 0
                for i in range(k):
                    stone = mine[r + i * dr, c + i * dc]
                    own += stone == 1
                    other += stone == -1
                if other == 0:
                    total += own * own
                elif own == 0:
                    total -= other * other
    return total


DESCRIPTION = Description(
    rules="The players drop stones into columns in turn.",
    goal="Be the first to have k stones in a line. A full board is a draw.",
    moves="the column, a to g",
    title="Connect Four",
    illegal="This column is full.",
    parameters={"rows": Parameter(3, 10), "columns": Parameter(3, 12), "k": Parameter(3, 6)},
    variants={"4x5": "rows=4,columns=5", "5x6": "rows=5,columns=6"},
)


def game(rows: int = 6, columns: int = 7, k: int = 4) -> CompiledGame:
    """Players drop stones into columns; ``k`` in a line win. ValueError for sizes that make no game."""
    if not (1 <= rows <= 19 and 1 <= columns <= 19 and 2 <= k <= max(rows, columns)):
        raise ValueError(
            f"connect_four: rows={rows}, columns={columns}, k={k}; sides are 1 to 19, k at least 2 and fits the board"
        )
    height = rows + 1
    num_words = -(-height * columns // WORD)
    state = np.dtype(
        [
            ("stones", np.uint64, (2, num_words)),
            ("heights", np.int8, (columns,)),
            ("to_play", np.int8),
            ("won", np.int8),
            ("plies", np.int16),
        ],
        align=True,
    )

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        heights = s["heights"]
        for c in range(columns):
            legal[c] = heights[c] < rows

    def step(s: Any, a: int) -> None:
        mover = s["to_play"]
        bit = a * height + s["heights"][a]
        stones = s["stones"][mover]
        stones[bit // WORD] |= np.uint64(1) << np.uint64(bit % WORD)
        s["heights"][a] += 1
        s["won"] = has_line(stones, height, k)
        s["plies"] += 1
        s["to_play"] = 1 - mover

    def outcome(s: Any) -> int:
        if s["won"]:
            return -1  # the player who just moved made the line
        if s["plies"] == rows * columns:
            return 0
        return ONGOING

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        mine, theirs = s["stones"][s["to_play"]], s["stones"][1 - s["to_play"]]
        heights = s["heights"]
        for c in range(columns):
            for r in range(heights[c]):
                bit = c * height + r
                word, shift = bit // WORD, np.uint64(bit % WORD)
                planes[0, rows - 1 - r, c] = (mine[word] >> shift) & np.uint64(1)
                planes[1, rows - 1 - r, c] = (theirs[word] >> shift) & np.uint64(1)
            if heights[c] < rows:
                planes[2, rows - 1 - heights[c], c] = 1  # where a stone would land

    def heuristic(s: Any) -> float:
        mine = np.zeros((rows, columns), np.int8)
        for c in range(columns):
            for r in range(s["heights"][c]):
                bit = c * height + r
                own = (s["stones"][s["to_play"], bit // WORD] >> np.uint64(bit % WORD)) & np.uint64(1)
                mine[rows - 1 - r, c] = 1 if own else -1
        return float(np.tanh(open_lines(mine, k) / 50))

    def draw(s: Any) -> NDArray[np.int8]:
        cells = np.zeros((rows, columns), np.int8)
        for player in range(2):
            stones = sum(int(word) << (WORD * w) for w, word in enumerate(s["stones"][player]))
            for c in range(columns):
                for r in range(rows):
                    if stones >> (c * height + r) & 1:
                        cells[rows - 1 - r, c] = player + 1
        return cells

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        first, second = int((cells == 1).sum()), int((cells == 2).sum())
        if first - second not in (0, 1):
            raise ValueError(f"the drawing has {first} x and {second} o; x moves first and the players alternate")
        for c in range(columns):
            column = cells[::-1, c]
            filled = int((column != 0).sum())
            if (column[:filled] == 0).any():
                raise ValueError(f"column {letters[c]} of the drawing has a stone above an empty cell; stones fall")
            s["heights"][c] = filled
            for r in range(filled):
                bit = c * height + r
                s["stones"][column[r] - 1, bit // WORD] |= np.uint64(1) << np.uint64(bit % WORD)
        s["plies"], s["to_play"] = first + second, first - second
        s["won"] = has_line(s["stones"][1 - s["to_play"]], height, k)

    letters = "abcdefghijklmnopqrs"[:columns]
    return from_rules(
        description=DESCRIPTION,
        name="connect_four" if (rows, columns, k) == (6, 7, 4) else f"connect_four:rows={rows},columns={columns},k={k}",
        state=state,
        num_actions=columns,
        observation_shape=(3, rows, columns),
        max_plies=rows * columns,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        write_action=lambda a: letters[a],
        symmetries=column_symmetries(rows, columns),
        action_layout=np.array([(0, -1, c) for c in range(columns)]),
        board=Board(
            rows,
            columns,
            surface="wells",
            column_labels=tuple(letters),
            clicks=np.broadcast_to(np.arange(columns), (rows, columns)),
        ),
    )
