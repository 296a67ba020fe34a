"""Perfect tic-tac-toe on 3×3, three in a row: the outcome of every move, from a table of all 5,478 positions.

Knows how to fill the table by the game's rules. Does not know other sizes, trees or players.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import ONGOING, Row
from games.playouts import initial_states
from games.rules import tic_tac_toe

_Cells = tuple[int, ...]


class _Solution(NamedTuple):
    outcome: int  # for the player to move
    moves: dict[int, int]  # the outcome of each legal move for the player who makes it; none in a game that is over


def outcomes(cells: NDArray[np.int8]) -> dict[int, int]:
    """{action: +1 win, 0 draw, -1 loss} of every legal move, for the player who makes it; best play by both after it.

    `cells` [3, 3] hold 0 empty, 1 a stone of the first player, 2 of the second; an action is row * 3 + column.
    ValueError when the position cannot come up in a game or the game is over.
    """
    if np.shape(cells) != (3, 3):
        raise ValueError(f"cells has shape {np.shape(cells)}: the solver knows 3×3 only")
    board = tuple(int(cell) for cell in np.ravel(cells))
    if board not in _solutions():
        raise ValueError(f"cells {board} is no position of tic-tac-toe: the players take turns, the first begins")
    moves = _solutions()[board].moves
    if not moves:
        raise ValueError("the game is over: there is no move to solve")
    return dict(moves)


def all_positions() -> list[dict[str, Any]]:
    """Each of the 4,520 reachable positions that are not over, once: the `moves` to it and the outcomes as `scores`."""
    solutions, seen, positions = _solutions(), set[_Cells](), list[dict[str, Any]]()
    level: list[tuple[tuple[int, ...], _Cells]] = [((), (0,) * 9)]
    while level:
        deeper: list[tuple[tuple[int, ...], _Cells]] = []
        for moves, cells in level:
            if cells in seen or not solutions[cells].moves:
                continue
            seen.add(cells)
            positions.append({"moves": moves, "scores": solutions[cells].moves})
            stone = 1 if cells.count(1) == cells.count(2) else 2
            deeper += [
                ((*moves, action), (*cells[:action], stone, *cells[action + 1 :])) for action in solutions[cells].moves
            ]
        level = deeper
    return positions


@cache
def _solutions() -> dict[_Cells, _Solution]:
    """The solution of every position, by its cells. Made once, in less than a second."""
    game, solutions = tic_tac_toe.game(), dict[_Cells, _Solution]()
    step, legal_actions, outcome = (game.scalar_rules[name] for name in ("step", "legal_actions", "outcome"))

    def solve(row: Row) -> int:
        """The outcome of ``row`` for the player to move."""
        cells = tuple(row["stones"].tolist())
        if cells not in solutions:
            result, moves = outcome(row), dict[int, int]()
            if result == ONGOING:
                legal = np.zeros(game.num_actions, np.bool_)
                legal_actions(row, legal)
                for action in np.flatnonzero(legal).tolist():
                    child = row.copy()
                    step(child, action)
                    moves[action] = -solve(child)
                result = max(moves.values())
            solutions[cells] = _Solution(result, moves)
        return solutions[cells].outcome

    solve(initial_states(game)[0])
    return solutions
