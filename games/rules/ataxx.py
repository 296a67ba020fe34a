"""Ataxx: a stone grows onto a cell beside it or jumps two cells far, and turns over the opponent's stones around it.

Knows its rules and its drawing. Does not know how they are compiled or searched.

Each player begins with two stones in opposite corners, the first player at the top left. A *clone* puts a new stone on
an empty cell next to an own one, diagonally too. A *jump* moves a stone to an empty cell whose distance is two (two
columns, two rows or both). Either turns over all opponent's stones next to the cell. A player who can do neither
passes, if the opponent can move. The game is over when nobody can move, when a player has no stone left, or after
``max_plies`` plies; more stones win, and equal numbers are a draw. These are the rules of the arcade game (Leland
Corporation, 1990) as engines play them (libataxx), but that those call 100 jumps in a row a draw. The network sees the
number of plies in binary digits.

Actions are the cells that a clone fills, row by row from the top left, then the jumps, from cell after cell to cell
after cell, then the pass. They are written ``b2``, ``a1c3`` and ``pass``. Passes break the order, so only a drawing's
last line says who is to move; without one the first player is. Reading a drawing counts the plies from zero.
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
from games.symmetry import SQUARE, Symmetries


@cached_njit
def can_move(cells: NDArray[np.int8], player: int) -> bool:
    """Whether an empty cell is at most two cells away from a stone of ``player``."""
    size = len(cells)
    for r in range(size):
        for c in range(size):
            if cells[r, c] == player + 1:
                for y in range(max(r - 2, 0), min(r + 3, size)):
                    for x in range(max(c - 2, 0), min(c + 3, size)):
                        if cells[y, x] == 0:
                            return True
    return False


def jumps_of(size: int) -> list[tuple[int, int]]:
    """All pairs of cells whose distance is two."""
    places = [(r, c) for r in range(size) for c in range(size)]
    return [
        (start, end)
        for start, (r, c) in enumerate(places)
        for end, (y, x) in enumerate(places)
        if max(abs(y - r), abs(x - c)) == 2
    ]


def symmetries_of(start: NDArray[np.int8], jumps: list[tuple[int, int]]) -> Symmetries:
    """The turns of the board that leave the first position as it is."""
    num_cells = start.size
    grid, numbers = np.arange(num_cells).reshape(start.shape), {jump: i for i, jump in enumerate(jumps)}
    cells = np.array([turn(grid).ravel() for turn in SQUARE if (turn(start) == start).all()])
    actions = [
        [*places, *(num_cells + numbers[places[a], places[b]] for a, b in jumps), num_cells + len(jumps)]
        for places in np.argsort(cells, axis=1).tolist()
    ]
    return Symmetries(cells, np.array(actions))


DESCRIPTION = Description(
    rules=(
        "A stone grows onto an empty cell beside it, or jumps to an empty cell two away. Either turns over"
        " the opponent's stones around that cell. A player who cannot move passes."
    ),
    goal="Have more stones when nobody can move, or take all of the opponent's.",
    moves="the cell that is filled, such as b2; a jump is from and to, such as a1c3; pass",
    illegal="A stone grows onto an empty cell beside it or jumps to one two cells away.",
    parameters={"size": Parameter(3, 8)},
)


def game(size: int = 5, max_plies: int = 0) -> CompiledGame:
    """Ataxx on ``size`` x ``size`` cells. ``max_plies`` 0: four times the number of cells.

    ValueError unless ``size`` is 3 to 8 and ``max_plies`` 0 to 1000.
    """
    if not (3 <= size <= 8 and 0 <= max_plies <= 1000):
        raise ValueError(
            f"ataxx: size={size}, max_plies={max_plies}; the side is 3 to 8, and there are up to 1000 plies"
        )
    num_cells = size * size
    longest = max_plies or 4 * num_cells
    jumps = jumps_of(size)
    num_jumps, pass_action = len(jumps), num_cells + len(jumps)
    starts, ends = (np.array([jump[i] for jump in jumps]) for i in range(2))
    num_digits = longest.bit_length()
    start = np.zeros((size, size), np.int8)
    start[0, 0] = start[-1, -1] = 1
    start[0, -1] = start[-1, 0] = 2
    state = np.dtype(
        [
            ("cells", np.int8, (size, size)),
            ("counts", np.int8, (2,)),
            ("plies", np.int16),
            ("to_play", np.int8),
            ("over", np.int8),
        ],
        align=True,
    )

    def init(s: Any) -> None:
        for r in range(size):
            for c in range(size):
                s["cells"][r, c] = start[r, c]
        s["counts"][0] = s["counts"][1] = 2

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        cells, mine = s["cells"], s["to_play"] + 1
        anywhere = False
        for r in range(size):
            for c in range(size):
                if cells[r, c] == mine:
                    for y in range(max(r - 1, 0), min(r + 2, size)):
                        for x in range(max(c - 1, 0), min(c + 2, size)):
                            if cells[y, x] == 0:
                                legal[y * size + x] = anywhere = True
        for i in range(num_jumps):
            q, t = starts[i], ends[i]
            if cells[q // size, q % size] == mine and cells[t // size, t % size] == 0:
                legal[num_cells + i] = anywhere = True
        legal[pass_action] = not anywhere

    def step(s: Any, a: int) -> None:
        cells, counts, mover = s["cells"], s["counts"], int(s["to_play"])
        if a < pass_action:
            t = a if a < num_cells else ends[a - num_cells]
            r, c = t // size, t % size
            if a < num_cells:
                counts[mover] += 1
            else:
                q = starts[a - num_cells]
                cells[q // size, q % size] = 0
            cells[r, c] = mover + 1
            for y in range(max(r - 1, 0), min(r + 2, size)):
                for x in range(max(c - 1, 0), min(c + 2, size)):
                    if cells[y, x] == 2 - mover:
                        cells[y, x] = mover + 1
                        counts[mover] += 1
                        counts[1 - mover] -= 1
        s["to_play"] = 1 - mover
        s["plies"] += 1
        stuck = counts[1 - mover] == 0 or not (can_move(cells, 0) or can_move(cells, 1))
        s["over"] = stuck or s["plies"] >= longest

    def outcome(s: Any) -> int:
        if not s["over"]:
            return ONGOING
        lead = s["counts"][s["to_play"]] - s["counts"][1 - s["to_play"]]
        return int(lead > 0) - int(lead < 0)

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        for r in range(size):
            for c in range(size):
                if s["cells"][r, c]:
                    planes[0 if s["cells"][r, c] == s["to_play"] + 1 else 1, r, c] = 1
        for i in range(num_digits):
            planes[2 + i] = s["plies"] >> i & 1

    def heuristic(s: Any) -> float:
        return math.tanh((s["counts"][s["to_play"]] - s["counts"][1 - s["to_play"]]) / size)

    def final_targets(s: Any, ownership: NDArray[np.int8]) -> float:
        for r in range(size):
            for c in range(size):
                if s["cells"][r, c]:
                    ownership[r, c] = 1 if s["cells"][r, c] == s["to_play"] + 1 else -1
        return float(s["counts"][s["to_play"]] - s["counts"][1 - s["to_play"]])

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["cells"], np.int8)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        s["cells"], s["to_play"] = cells, mover or 0
        s["counts"] = (cells == 1).sum(), (cells == 2).sum()
        if not s["counts"].any():
            raise ValueError("the drawing has no stone; every position has one at least")
        s["over"] = s["counts"].min() == 0 or not (can_move(cells, 0) or can_move(cells, 1))

    letters = string.ascii_lowercase[:size]
    names = [f"{letters[q % size]}{size - q // size}" for q in range(num_cells)]
    texts = [*names, *(names[q] + names[t] for q, t in jumps), "pass"]
    ways = sorted({(t // size - q // size, t % size - q % size) for q, t in jumps})
    layout = [
        *((0, q // size, q % size) for q in range(num_cells)),
        *((1 + ways.index((t // size - q // size, t % size - q % size)), q // size, q % size) for q, t in jumps),
        (1 + len(ways), -1, -1),
    ]
    options = [f"size={size}"] * (size != 5) + [f"max_plies={max_plies}"] * (max_plies != 0)
    return from_rules(
        description=DESCRIPTION,
        name=":".join(["ataxx", *([",".join(options)] if options else [])]),
        state=state,
        num_actions=pass_action + 1,
        observation_shape=(2 + num_digits, size, size),
        max_plies=longest,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        final_targets=final_targets,
        draw=draw,
        read=read,
        write_action=lambda a: texts[a],
        symmetries=symmetries_of(start, jumps),
        action_layout=np.array(layout),
        board=Board(
            size,
            size,
            column_labels=tuple(letters),
            row_labels=tuple(str(size - r) for r in range(size)),
            clicks=np.arange(num_cells).reshape(size, size),
        ),
    )
