"""A run's look at perfect play: mistakes of the playing network on solved positions, alone and with search.

Knows which games have solved positions at hand, or can have some drawn. Does not know the run; it gets an ``Evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent import solvers
from agent.inference.evaluate import Evaluate
from agent.search.search import Search, SearchConfig
from agent.solvers import perfect_player, tic_tac_toe
from agent.storage import durable_files
from games.game import Game
from selfplay.solved import position_classes
from selfplay.solved.grading import SolvedPosition, find_mistakes, parse_positions, read_positions

MISTAKES, BY_CLASS = "mistakes/", "by_class/"
"""A rate of mistakes is named ``mistakes/SET/HOW`` for a whole set, ``by_class/SET/HOW/CLASS`` for one class of it."""

NUM_SLOTS = 128
SOLVED, NUM_DRAWN = "solved.jsonl", 300


class RateName(NamedTuple):
    """The parts of the name of a rate of mistakes."""

    set_name: str
    how: str  # who chose the moves: "raw" is the network alone, "search" is the network with search
    class_name: str = ""  # empty: all positions of the set

    @property
    def text(self) -> str:
        if self.class_name:
            return f"{BY_CLASS}{self.set_name}/{self.how}/{self.class_name}"
        return f"{MISTAKES}{self.set_name}/{self.how}"


def split_rate_name(name: str) -> RateName:
    """The inverse of ``RateName.text``. ValueError for a metric that is no rate of mistakes."""
    prefix, *parts = name.split("/")
    if len(parts) != {MISTAKES: 2, BY_CLASS: 3}.get(f"{prefix}/"):
        raise ValueError(f"{name!r} does not name a rate of mistakes, such as {MISTAKES}all/raw")
    return RateName(*parts)


def solved_sets(game: Game, folder: Path | None = None) -> dict[str, list[SolvedPosition]]:
    """Solved positions of ``game`` by the name of their set: those that ship, or those that ``draw_positions`` stored.

    Empty where there are none. ``folder``: that of a run.
    """
    if game.name == "connect_four":
        return {name: parse_positions(solvers.positions(name)) for name in solvers.POSITION_SETS}
    if game.name == "tic_tac_toe":
        every = every_tic_tac_toe()  # shuffled, by a step that has no divisor of their number: the first of them
        return {"all": [every[1009 * i % len(every)] for i in range(len(every))]}  # are of all stages of the game
    drawn = None if folder is None else folder / SOLVED
    return {"drawn": read_positions(drawn)} if drawn is not None and drawn.is_file() else {}


def draw_positions(game: Game, folder: Path) -> None:
    """Solve some positions of random games into ``folder``, once, where honte has none of ``game`` but a solver."""
    if solved_sets(game, folder) or not perfect_player.answers_at_once(game):
        return
    found = position_classes.draw_solved(
        game, perfect_player.make_solver(game), NUM_DRAWN, solvable=lambda row: perfect_player.is_solvable(game, row)
    )
    if found:
        durable_files.write_atomic(folder / SOLVED, position_classes.format_positions(found))


def count_positions(game: Game, folder: Path | None = None, *, searched: int = 200) -> dict[str, int]:
    """How many positions stand behind each rate that ``make_grader`` gives."""
    sets = solved_sets(game, folder)
    return {name: len(rows) for each in sets for name, rows, _ in _parts(game, each, sets[each], searched)}


def _parts(game: Game, name: str, positions: list[SolvedPosition], searched: int) -> list[tuple[str, list[int], int]]:
    """(rate, the positions that it is of, how many simulations decide: 0, or below 0 for all)."""
    found = []
    for how, count, budget in (("raw", len(positions), 0), ("search", min(searched, len(positions)), -1)):
        groups = position_classes.group_by_class(game, positions[:count])
        found.append((RateName(name, how).text, list(range(count)), budget))
        if len(groups) > 1:
            found += [(RateName(name, how, kind).text, rows, budget) for kind, rows in groups.items()]
    return found


def every_tic_tac_toe() -> list[SolvedPosition]:
    """Each of the 4,520 reachable positions of tic-tac-toe that are not over, once, with exact values."""
    found: dict[bytes, SolvedPosition] = {}
    level: list[tuple[int, ...]] = [()]
    while level:
        deeper: list[tuple[int, ...]] = []
        for moves in level:
            cells = np.zeros(9, np.int8)
            cells[list(moves[0::2])], cells[list(moves[1::2])] = 1, 2
            if cells.tobytes() in found or _over(cells):
                continue
            found[cells.tobytes()] = SolvedPosition(moves, tic_tac_toe.outcomes(cells.reshape(3, 3)))
            deeper += [(*moves, int(a)) for a in np.flatnonzero(cells == 0)]
        level = deeper
    return list(found.values())


def _over(cells: NDArray[np.int8]) -> bool:
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    return any(cells[a] and cells[a] == cells[b] == cells[c] for a, b, c in lines) or bool(cells.all())


def make_grader(
    game: Game, search: SearchConfig, folder: Path | None = None, *, num_simulations: int = 100, searched: int = 200
) -> Callable[[Evaluate], dict[str, float]] | None:
    """A function that grades an ``Evaluate``: rates of mistakes as ``mistakes/SET/raw`` and ``mistakes/SET/search``.

    The raw network decides in every position; the search, dearer, in the first ``searched`` of each set. Where a set
    has several classes each has its rates, too: ``by_class/SET/raw/CLASS``. None where there are no solved positions.
    """
    sets = solved_sets(game, folder)
    if not sets:
        return None
    quiet = replace(
        search,
        num_simulations=num_simulations,
        leaves=1,
        reuse=False,
        lookahead=min(search.lookahead, 2),  # further would cost the learner seconds, and hide what the network knows
        average_symmetries=False,
    )

    def look(evaluate: Evaluate) -> dict[str, float]:
        player = Search(game, evaluate, quiet, num_slots=NUM_SLOTS)
        out: dict[str, float] = {}
        for each, positions in sets.items():
            wrong = {
                0: find_mistakes(game, player, positions, num_slots=NUM_SLOTS, num_simulations=0),
                -1: find_mistakes(game, player, positions[:searched], num_slots=NUM_SLOTS),
            }
            out |= {
                name: float(wrong[budget][rows].sum()) / len(rows)
                for name, rows, budget in _parts(game, each, positions, searched)
            }
        return out

    return look
