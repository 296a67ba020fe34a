"""``perfect``: a player that never gives away its outcome, where a solver exists.

Knows which games have a solver, and how a state becomes what it reads. Does not know how it solves.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from agent import chance
from agent.decision import Decisions, Terms
from agent.player import Immediate
from games.game import Game, Row, States

Values = dict[int, int]
"""{action: value for the player who makes it}: an outcome +1, 0 or -1, or a score that a sooner win makes higher."""

SOLVED = "connect_four, tic_tac_toe, nim, hex up to size 4, othello of size 4 (and 6 near its end), go of size 2 and 3"
"""The games that have a solver, as people read it."""

SLOW_BELOW = 8
"""Connect Four positions with fewer stones than this may take minutes, once: what is found is kept on disk."""

SLOW = ("connect_four", "othello:size=6", "go:size=3")
"""How the names of games begin whose first positions take long, or cannot be solved."""

OTHELLO_6_EMPTY = 18
"""Othello 6×6 is solved from so many empty cells on."""


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def has_solver(game: Game) -> bool:
    """Whether ``perfect`` plays ``game``, at least its endings."""
    name, _, parameters = game.name.partition(":")
    given = dict(part.split("=") for part in parameters.split(",") if "=" in part)
    size = int(given.get("size", 0)) if given.get("size", "0").isdigit() else 0
    match name:
        case "connect_four" | "tic_tac_toe":
            return not parameters  # other boards have none
        case "nim":
            return True
        case "hex":
            return 2 <= size <= 4
        case "othello":
            return size in (4, 6)
        case "go":
            return size in (2, 3)
    return False


def at_once(game: Game) -> bool:
    """Whether ``perfect`` plays whole games of ``game`` without anybody waiting."""
    return has_solver(game) and not game.name.startswith(SLOW)


def solvable(game: Game, row: Row) -> bool:
    """Whether a solver of ``game`` answers for ``row`` within seconds or minutes."""
    if game.name == "othello:size=6":
        return bool(36 - row["counts"].sum() <= OTHELLO_6_EMPTY)
    return True


def solver(game: Game, *, quickest: bool = False, note: Callable[[str], None] = to_stderr) -> Callable[[Row], Values]:
    """The exact value of every legal action of a row of ``game`` that is not over.

    ``quickest``: Connect Four's exact scores instead of outcomes. ``note`` is told how long work goes on. ValueError
    for games without a solver, and from what is returned for a position that ``solvable`` refuses.
    """
    if not has_solver(game):
        raise ValueError(f"perfect does not know {game.name}; there are solvers for {SOLVED}")
    match game.name.partition(":")[0]:
        case "connect_four":
            return _connect_four(quickest, note)
        case "tic_tac_toe":
            from agent.solvers.tic_tac_toe import outcomes

            return lambda row: outcomes(row["stones"].reshape(3, 3))
        case "nim":
            return _nim(game)
    return _exhaustive(game)


def _connect_four(quickest: bool, note: Callable[[str], None]) -> Callable[[Row], Values]:
    from agent.solvers.connect_four import Solve, Solver, solved_now
    from agent.solvers.results import Results

    found, kept = Solver(table_bits=24), Results(f"connect_four_{'scores' if quickest else 'outcomes'}")
    solve = found.board_scores if quickest else found.board_outcomes

    def remembered(solve: Solve, current: int, mask: int) -> int:
        value = kept.get(current, mask)
        if value is None:
            begun = time.monotonic()
            value = solve(current, mask)
            kept.put(current, mask, value)
            words = "lost" if value > 0 else "won" if value < 0 else "drawn"
            spent = time.monotonic() - begun
            note(
                f"perfect: a move to {mask.bit_count()} stones is {words} ({spent:.0f} s; it is kept for the next time)"
            )
        return value

    def of(row: Row) -> Values:
        mine, theirs = (int(row["stones"][player][0]) for player in (row["to_play"], 1 - row["to_play"]))
        return solve(mine, mine | theirs, remembered if row["plies"] < SLOW_BELOW else solved_now)

    return of


def _nim(game: Game) -> Callable[[Row], Values]:
    from games.nim import solved

    misere = "misere=true" in game.name
    width = game.board.width

    def of(row: Row) -> Values:
        heaps = [int(heap) for heap in row["heaps"]]
        values = {}
        for heap, size in enumerate(heaps):
            for taken in range(1, size + 1):
                left = [*heaps[:heap], size - taken, *heaps[heap + 1 :]]
                values[heap * width + taken - 1] = -solved(left, misere)
        if not values:
            raise ValueError("the game is over: there is no move to solve")
        return values

    return of


def _exhaustive(game: Any) -> Callable[[Row], Values]:
    from agent.solvers.exhaustive import Exhaustive

    found = Exhaustive(game, with_history=game.name.startswith("go"), table_bits=22)

    def of(row: Row) -> Values:
        if not solvable(game, row):
            raise ValueError(
                f"perfect solves {game.name} once {OTHELLO_6_EMPTY} cells or fewer are empty;"
                f" here are {36 - row['counts'].sum()}: begin from longer openings"
            )
        return found.values(row)

    return of


class Perfect(Immediate):
    """Plays a move of the best outcome, by chance among equals. Values are exact.

    Every move of a position is solved, and positions met before are remembered, so a match from the same openings pays
    for them once.
    """

    def __init__(self, game: Game, *, quickest: bool = False, note: Callable[[str], None] = to_stderr) -> None:
        """``quickest``: of several wins the soonest, of several losses the latest (slower; Connect Four only).

        ``note`` is told how long work goes on. ValueError for games and sizes without a solver.
        """
        self.solve = solver(game, quickest=quickest, note=note)
        super().__init__(game)
        self.known = dict[bytes, Values]()

    def values(self, row: Row) -> Values:
        """The value of every legal move in ``row``, which must not be over."""
        code = row.tobytes()
        if code not in self.known:
            self.known[code] = self.solve(row)
        return self.known[code]

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        for b in range(len(states)):
            values = self.values(states[b])
            top = max(values.values())
            for action, value in values.items():
                out.policy[b, action] = value == top
            out.value[b] = np.sign(top)
        out.proven[:] = True
        out.action[:] = chance.choices(terms.keys, chance.TIES, out.policy)
        out.policy[:] /= out.policy.sum(axis=1, keepdims=True)
        return out
