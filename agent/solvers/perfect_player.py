"""``perfect``: a player that never gives away its outcome, where a solver exists.

Knows which games have a solver, and how a state becomes what it reads. Does not know how it solves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer
from games.game import Game, Row, States

if TYPE_CHECKING:
    from agent.solvers.connect_four_answers import Answers

Values = dict[int, int]
"""{action: value for the player who makes it}: an outcome +1, 0 or -1, or a score that a sooner win makes higher."""

SOLVED = "connect_four, tic_tac_toe, nim, hex up to size 4, othello of size 4 (and 6 near its end), go of size 2 and 3"
"""The games that have a solver, as people read it."""

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


def answers_at_once(game: Game) -> bool:
    """Whether ``perfect`` plays whole games of ``game`` without anybody waiting."""
    return has_solver(game) and not game.name.startswith(SLOW)


def is_solvable(game: Game, row: Row) -> bool:
    """Whether a solver of ``game`` answers for ``row`` within seconds or minutes."""
    if game.name == "othello:size=6":
        return bool(36 - row["counts"].sum() <= OTHELLO_6_EMPTY)
    return True


def make_solver(
    game: Game, *, quickest: bool = False, note: Callable[[str], None] = to_stderr
) -> Callable[[Row], Values]:
    """The exact value of every legal action of a row of ``game`` that is not over.

    ``quickest``: Connect Four's exact scores instead of outcomes. ``note`` is told how long work goes on. ValueError
    for games without a solver, and from what is returned for a position that ``is_solvable`` refuses.
    """
    if not has_solver(game):
        raise ValueError(f"perfect does not know {game.name}; there are solvers for {SOLVED}")
    match game.name.partition(":")[0]:
        case "connect_four":
            return _connect_four(_answers(quickest, note))
        case "tic_tac_toe":
            from agent.solvers.tic_tac_toe import outcomes

            return lambda row: outcomes(row["stones"].reshape(3, 3))
        case "nim":
            return _nim(game)
    return _exhaustive(game)


def _answers(quickest: bool, note: Callable[[str], None]) -> Answers:
    from agent.solvers.connect_four_answers import Answers

    return Answers(quickest=quickest, note=note)


def _connect_four(answers: Answers) -> Callable[[Row], Values]:
    return lambda row: answers.values(*_bitboards(row))


def _bitboards(row: Row) -> tuple[int, int]:
    """The stones of the player to move, and all stones."""
    mine, theirs = (int(row["stones"][player][0]) for player in (row["to_play"], 1 - row["to_play"]))
    return mine, mine | theirs


def _nim(game: Game) -> Callable[[Row], Values]:
    from games.rules.nim import solved

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
    from agent.solvers.exhaustive import ExhaustiveSolver

    found = ExhaustiveSolver(game, with_history=game.name.startswith("go"), table_bits=22)

    def of(row: Row) -> Values:
        if not is_solvable(game, row):
            raise ValueError(
                f"perfect solves {game.name} once {OTHELLO_6_EMPTY} cells or fewer are empty;"
                f" here are {36 - row['counts'].sum()}: begin from longer openings"
            )
        return found.values(row)

    return of


class PerfectPlayer(ImmediatePlayer):
    """Plays a move of the best outcome, by chance among equals. Values are exact.

    In Connect Four's opening, below 8 stones, it plays one such move, always the same: it comes from a book where the
    position arises from perfect's own moves, whichever side it has, and is searched for elsewhere. Positions met before
    are remembered, so a match from the same openings pays for them once.
    """

    def __init__(self, game: Game, *, quickest: bool = False, note: Callable[[str], None] = to_stderr) -> None:
        """``quickest``: of several wins the soonest, of several losses the latest (slower; Connect Four only).

        ``note`` is told how long work goes on. ValueError for games and sizes without a solver.
        """
        self.answers = _answers(quickest, note) if game.name == "connect_four" else None
        self.solve = make_solver(game, note=note) if self.answers is None else _connect_four(self.answers)
        super().__init__(game)
        self.known = dict[bytes, Values]()

    def values(self, row: Row) -> Values:
        """The value of every legal move in ``row``, which must not be over."""
        return self.solve(row)

    def best(self, row: Row) -> Values:
        """The moves that it may play in ``row``, which must not be over, with their value."""
        code = row.tobytes()
        if code not in self.known:
            self.known[code] = self._best(row)
        return self.known[code]

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        for b in range(len(states)):
            for action, value in self.best(states[b]).items():
                out.policy[b, action], out.value[b] = 1, np.sign(value)
        out.proven[:] = True
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.TIES, out.policy)
        out.policy[:] /= out.policy.sum(axis=1, keepdims=True)
        return out

    def _best(self, row: Row) -> Values:
        if self.answers is not None:
            return self.answers.best(*_bitboards(row))
        values = self.values(row)
        top = max(values.values())
        return {action: value for action, value in values.items() if value == top}
