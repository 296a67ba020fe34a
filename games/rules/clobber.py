"""Clobber: a stone moves onto a stone of the opponent beside it and takes it; who cannot move loses.

Knows its rules and its drawing. Does not know how they are compiled or searched.

The board begins full, with stones of both players in turn like the colours of a checkerboard, the first player's at the
top left (M. Albert, J. P. Grossman, R. Nowakowski and D. Wolfe, "An Introduction to Clobber", 2005). A stone goes up,
right, down or left. There are no draws. As in Fairy-Stockfish the usual board is 5 wide and 6 high.

Actions are the steps from cell to cell, cell after cell (row by row from the top left) and for each cell clockwise from
up. They are written ``a6a5``. Every move takes one stone, so the number of stones says who is to move, unless the last
line of a drawing says otherwise.
"""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.compilation.jit_cache import cached_njit
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.symmetry import RECTANGLE, SQUARE, Symmetries
from games.uci_notation import UciNotation

WAYS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""(down, right), clockwise from up."""

VARIANTS = {(6, 5): "clobber", (10, 10): "clobber10"}
"""What Fairy-Stockfish calls a board of so many rows and columns."""


@cached_njit
def count_moves(cells: NDArray[np.int8]) -> int:
    """The number of neighbours with different owners: every move of either player is one of these pairs."""
    rows, columns = cells.shape
    total = 0
    for r in range(rows):
        for c in range(columns):
            if cells[r, c]:
                total += r + 1 < rows and cells[r + 1, c] == 3 - cells[r, c]
                total += c + 1 < columns and cells[r, c + 1] == 3 - cells[r, c]
    return total


def steps_of(rows: int, columns: int) -> list[tuple[int, int, int]]:
    """All steps on the board: way, from, to."""
    return [
        (way, r * columns + c, (r + down) * columns + c + right)
        for r in range(rows)
        for c in range(columns)
        for way, (down, right) in enumerate(WAYS)
        if 0 <= r + down < rows and 0 <= c + right < columns
    ]


def symmetries_of(start: NDArray[np.int8], steps: list[tuple[int, int, int]]) -> Symmetries:
    """The turns of the board that leave the first position as it is."""
    turns = SQUARE if start.shape[0] == start.shape[1] else RECTANGLE
    grid, numbers = np.arange(start.size).reshape(start.shape), {step[1:]: i for i, step in enumerate(steps)}
    cells = np.array([turn(grid).ravel() for turn in turns if np.array_equal(turn(start), start)])
    actions = [[numbers[places[q], places[t]] for _, q, t in steps] for places in np.argsort(cells, axis=1).tolist()]
    return Symmetries(cells, np.array(actions))


DESCRIPTION = Description(
    rules=(
        "The board begins full. A stone moves onto an opponent's stone beside it (up, right, down or left)"
        " and takes it."
    ),
    goal="A player who cannot move loses. There are no draws.",
    moves="from and to, such as a6a5",
    illegal="A stone takes a stone of the other player beside it: up, right, down or left.",
    parameters={"rows": Parameter(2, 10), "columns": Parameter(2, 10)},
)


def game(rows: int = 6, columns: int = 5) -> CompiledGame:
    """Clobber on ``rows`` x ``columns`` cells. ValueError unless both are 2 to 10."""
    if not (2 <= rows <= 10 and 2 <= columns <= 10):
        raise ValueError(f"clobber: rows={rows}, columns={columns}; both sides are 2 to 10")
    num_cells = rows * columns
    steps = steps_of(rows, columns)
    num_steps = len(steps)
    starts, ends = (np.array([step[i] for step in steps]) for i in (1, 2))
    start = (1 + np.indices((rows, columns)).sum(axis=0) % 2).astype(np.int8)
    state = np.dtype([("cells", np.int8, (rows, columns)), ("to_play", np.int8)])

    def init(s: Any) -> None:
        for r in range(rows):
            for c in range(columns):
                s["cells"][r, c] = start[r, c]

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        cells, mine = s["cells"], s["to_play"] + 1
        for a in range(num_steps):
            q, t = starts[a], ends[a]
            if cells[q // columns, q % columns] == mine and cells[t // columns, t % columns] == 3 - mine:
                legal[a] = True

    def step(s: Any, a: int) -> None:
        q, t = starts[a], ends[a]
        s["cells"][q // columns, q % columns] = 0
        s["cells"][t // columns, t % columns] = s["to_play"] + 1
        s["to_play"] = 1 - s["to_play"]

    def outcome(s: Any) -> int:
        return ONGOING if count_moves(s["cells"]) else -1

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        for r in range(rows):
            for c in range(columns):
                if s["cells"][r, c]:
                    planes[0 if s["cells"][r, c] == s["to_play"] + 1 else 1, r, c] = 1

    def heuristic(s: Any) -> float:
        """Stones that can move, of the mover minus of the opponent."""
        cells, mine = s["cells"], s["to_play"] + 1
        lead = 0
        last = -1
        for a in range(num_steps):
            q, t = starts[a], ends[a]
            owner = cells[q // columns, q % columns]
            if owner and q != last and cells[t // columns, t % columns] == 3 - owner:
                lead += 1 if owner == mine else -1
                last = q
        return math.tanh(lead / 6)

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["cells"], np.int8)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        s["cells"] = cells
        s["to_play"] = (num_cells - np.count_nonzero(cells)) % 2 if mover is None else mover

    letters = string.ascii_lowercase[:columns]
    names = [f"{letters[q % columns]}{rows - q // columns}" for q in range(num_cells)]
    texts = [names[q] + names[t] for _, q, t in steps]
    return from_rules(
        description=DESCRIPTION,
        name="clobber" if (rows, columns) == (6, 5) else f"clobber:rows={rows},columns={columns}",
        state=state,
        num_actions=num_steps,
        observation_shape=(2, rows, columns),
        max_plies=num_cells - 1,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        write_action=lambda a: texts[a],
        uci=UciNotation(VARIANTS.get((rows, columns), ""), lambda _, a: texts[a]),
        symmetries=symmetries_of(start, steps),
        action_layout=np.array([(way, q // columns, q % columns) for way, q, _ in steps]),
        board=Board(
            rows,
            columns,
            surface="checkers",
            column_labels=tuple(letters),
            row_labels=tuple(str(rows - r) for r in range(rows)),
        ),
    )
