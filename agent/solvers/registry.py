"""The games with an exact solver, and what is known of solving each: a registry by ``Game.family``.

Knows how a row becomes what a solver reads, and which positions take a solver long. Does not know how solvers work.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from games.game import Game, Row

Values = dict[int, int]
"""{action: value for the player who makes it}: an outcome +1, 0 or -1, or a score that a sooner win makes higher."""

Note = Callable[[str], None]
"""Receives a sentence for people before and after work that takes long."""

SOLVED = "connect_four, tic_tac_toe, nim, hex up to size 4, othello of size 4 (and 6 near its end), go of size 2 and 3"
"""The games that have a solver, for error messages."""

OTHELLO_6_EMPTY = 18
"""Othello 6×6 is solved from the position on where at most this many cells are empty."""


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Solver(ABC):
    """Exact values of the positions of one game."""

    @abstractmethod
    def values(self, row: Row) -> Values:
        """The value of every legal action in ``row``. ValueError for a finished game, or one that is not solvable."""

    def best(self, row: Row) -> Values:
        """Actions of the highest value, with that value: all of them, unless a subclass says otherwise."""
        values = self.values(row)
        top = max(values.values())
        return {action: value for action, value in values.items() if value == top}


class ConnectFourRows(Solver):
    """Connect Four by its opening book, stored results and alpha-beta search."""

    def __init__(self, game: Game, quickest: bool, note: Note) -> None:
        from agent.solvers.connect_four_answers import Answers

        self.answers = Answers(quickest=quickest, note=note)

    def values(self, row: Row) -> Values:
        return self.answers.values(*_bitboards(row))

    def best(self, row: Row) -> Values:
        """Below 8 stones one action of the best outcome, always the same; else all of them."""
        return self.answers.best(*_bitboards(row))


class TicTacToeRows(Solver):
    """Tic-tac-toe by a table of all positions."""

    def __init__(self, game: Game, quickest: bool, note: Note) -> None:
        pass

    def values(self, row: Row) -> Values:
        from agent.solvers.tic_tac_toe import outcomes

        return outcomes(row["stones"].reshape(3, 3))


class NimRows(Solver):
    """Nim by Bouton's theorem."""

    def __init__(self, game: Game, quickest: bool, note: Note) -> None:
        self.width = game.board.width
        no_objects = game.describe_new(game.new(1))
        self.misere = bool(no_objects.value[0] > 0)  # who took the last object has lost

    def values(self, row: Row) -> Values:
        from games.rules.nim import optimal_value

        heaps = [int(heap) for heap in row["heaps"]]
        values = {}
        for heap, size in enumerate(heaps):
            for taken in range(1, size + 1):
                left = [*heaps[:heap], size - taken, *heaps[heap + 1 :]]
                values[heap * self.width + taken - 1] = -optimal_value(left, self.misere)
        if not values:
            raise ValueError("the game is over: there is no move to solve")
        return values


class ExhaustiveRows(Solver):
    """A small board by alpha-beta over the game's own compiled rules."""

    with_history = False

    def __init__(self, game: Any, quickest: bool, note: Note) -> None:
        from agent.solvers.exhaustive import ExhaustiveSolver

        self.game = game
        self.solver = ExhaustiveSolver(game, with_history=self.with_history, table_bits=22)

    def values(self, row: Row) -> Values:
        if not is_solvable(self.game, row):
            raise ValueError(
                f"perfect solves {self.game.name} once {OTHELLO_6_EMPTY} cells or fewer are empty;"
                f" here are {_num_empty(row)}: begin from longer openings"
            )
        return self.solver.values(row)


class GoRows(ExhaustiveRows):
    """Go on a small board, where earlier boards count (superko)."""

    with_history = True


@dataclass(frozen=True, kw_only=True)
class SolvedGame:
    """What is known of solving the games of one family."""

    make: Callable[[Game, bool, Note], Solver]  # game, whether the quickest win counts, who is told of long work
    has_solver: Callable[[Game], bool]
    is_slow: Callable[[Game], bool] = lambda game: False  # the first positions take minutes, or cannot be solved
    is_solvable: Callable[[Game, Row], bool] = lambda game, row: True
    slow_plies: int = 0  # positions of fewer plies may take minutes
    plies_left: Callable[[int, int], int] | None = None  # of (plies, best score) under best play, where scores say it
    positions: Callable[[], Mapping[str, list[dict[str, Any]]]] = dict  # sets of solved positions that ship, by name


def _has_default_parameters(game: Game) -> bool:
    return game.name == game.family


def _connect_four_plies_left(plies: int, score: int) -> int:
    if score == 0:
        return 42 - plies
    winner = plies % 2 if score > 0 else 1 - plies % 2  # 0: the first player, whose stone k is ply 2k - 1
    return 2 * (22 - abs(score)) - 1 + winner - plies


def _connect_four_positions() -> Mapping[str, list[dict[str, Any]]]:
    from agent import solvers

    return {name: solvers.positions(name) for name in solvers.POSITION_SETS}


def _tic_tac_toe_positions() -> Mapping[str, list[dict[str, Any]]]:
    """All positions. A step that has no divisor in common with their number mixes the stages of the game."""
    from agent.solvers.tic_tac_toe import all_positions

    every = all_positions()
    return {"all": [every[1009 * i % len(every)] for i in range(len(every))]}


SOLVED_GAMES: Mapping[str, SolvedGame] = {
    "connect_four": SolvedGame(
        make=ConnectFourRows,
        has_solver=_has_default_parameters,
        is_slow=lambda game: True,
        slow_plies=8,
        plies_left=_connect_four_plies_left,
        positions=_connect_four_positions,
    ),
    "tic_tac_toe": SolvedGame(make=TicTacToeRows, has_solver=_has_default_parameters, positions=_tic_tac_toe_positions),
    "nim": SolvedGame(make=NimRows, has_solver=lambda game: True),
    "hex": SolvedGame(make=ExhaustiveRows, has_solver=lambda game: game.board.width <= 4),
    "othello": SolvedGame(
        make=ExhaustiveRows,
        has_solver=lambda game: game.board.width in (4, 6),
        is_slow=lambda game: game.board.width == 6,
        is_solvable=lambda game, row: game.board.width == 4 or _num_empty(row) <= OTHELLO_6_EMPTY,
    ),
    "go": SolvedGame(
        make=GoRows,
        has_solver=lambda game: game.board.width in (2, 3),
        is_slow=lambda game: game.board.width == 3,
    ),
}


def find_solved_game(game: Game) -> SolvedGame | None:
    """The entry of ``game``. None where it has no solver."""
    entry = SOLVED_GAMES.get(game.family)
    return entry if entry is not None and entry.has_solver(game) else None


def has_solver(game: Game) -> bool:
    """Whether ``perfect`` plays ``game``, at least its endings."""
    return find_solved_game(game) is not None


def has_fast_solver(game: Game) -> bool:
    """Whether ``perfect`` plays whole games of ``game`` without long waits."""
    entry = find_solved_game(game)
    return entry is not None and not entry.is_slow(game)


def is_solvable(game: Game, row: Row) -> bool:
    """Whether a solver of ``game`` gives the values of ``row`` within seconds or minutes."""
    entry = find_solved_game(game)
    return entry is None or entry.is_solvable(game, row)


def make_solver(game: Game, *, quickest: bool = False, note: Note = to_stderr) -> Solver:
    """The solver of ``game``. ValueError for games without one.

    ``quickest``: Connect Four's exact scores instead of outcomes. ``note`` is told how long work goes on.
    """
    entry = find_solved_game(game)
    if entry is None:
        raise ValueError(f"perfect does not know {game.name}; there are solvers for {SOLVED}")
    return entry.make(game, quickest, note)


def _bitboards(row: Row) -> tuple[int, int]:
    """The stones of the player to move, and all stones."""
    own, other = (int(row["stones"][player][0]) for player in (row["to_play"], 1 - row["to_play"]))
    return own, own | other


def _num_empty(row: Row) -> int:
    """Empty cells of Othello 6×6."""
    return int(36 - row["counts"].sum())
