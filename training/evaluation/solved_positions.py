"""Grading on solved positions: how often the network makes a mistake there, alone and with search.

Solved positions ship with some games; for others, those that have a fast solver, random positions are solved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from agent.inference.evaluate import Evaluate
from agent.search.search import Search, SearchConfig
from agent.solvers.registry import find_solved_game, has_fast_solver, is_solvable, make_solver
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
    """Solved positions of ``game`` by the name of their set; empty when there are none.

    They ship with honte, or ``draw_positions`` has stored them in ``folder``, the folder of a run.
    """
    entry = find_solved_game(game)
    if entry is not None and (sets := entry.positions()):
        return {name: parse_positions(rows) for name, rows in sets.items()}
    drawn = None if folder is None else folder / SOLVED
    return {"drawn": read_positions(drawn)} if drawn is not None and drawn.is_file() else {}


def draw_positions(game: Game, folder: Path) -> None:
    """Solve random positions and store them in ``folder``, for a game with a solver but no solved positions."""
    if solved_sets(game, folder) or not has_fast_solver(game):
        return
    found = position_classes.draw_solved(
        game, make_solver(game).values, NUM_DRAWN, solvable=lambda row: is_solvable(game, row)
    )
    if found:
        durable_files.write_atomic(folder / SOLVED, position_classes.format_positions(found))


def count_positions(game: Game, folder: Path | None = None, *, searched: int = 200) -> dict[str, int]:
    """The number of positions behind each rate that ``make_grader`` measures."""
    sets = solved_sets(game, folder)
    return {name: len(rows) for each in sets for name, rows, _ in _parts(game, each, sets[each], searched)}


def _parts(game: Game, name: str, positions: list[SolvedPosition], searched: int) -> list[tuple[str, list[int], int]]:
    """(name of a rate, indices of its positions, simulations for each: 0, or -1 for all that the search is set to)."""
    parts = []
    for how, count, budget in (("raw", len(positions), 0), ("search", min(searched, len(positions)), -1)):
        groups = position_classes.group_by_class(game, positions[:count])
        parts.append((RateName(name, how).text, list(range(count)), budget))
        if len(groups) > 1:
            parts += [(RateName(name, how, kind).text, rows, budget) for kind, rows in groups.items()]
    return parts


def make_grader(
    game: Game, search: SearchConfig, folder: Path | None = None, *, num_simulations: int = 100, searched: int = 200
) -> Callable[[Evaluate], dict[str, float]] | None:
    """A function that grades an ``Evaluate``; None when there are no solved positions.

    It returns mistake rates: ``mistakes/SET/raw`` of the network alone in every position, ``mistakes/SET/search`` with
    search in the first ``searched`` positions of each set, and ``by_class/SET/raw/CLASS`` for each class of a set that
    has several.
    """
    sets = solved_sets(game, folder)
    if not sets:
        return None
    settings = replace(
        search,
        num_simulations=num_simulations,
        leaves=1,
        reuse=False,
        lookahead=min(search.lookahead, 2),  # a deeper one would take seconds and hide mistakes of the network
        average_symmetries=False,
    )

    def grade(evaluate: Evaluate) -> dict[str, float]:
        player = Search(game, evaluate, settings, num_slots=NUM_SLOTS)
        rates: dict[str, float] = {}
        for each, positions in sets.items():
            mistakes = {
                0: find_mistakes(game, player, positions, num_slots=NUM_SLOTS, num_simulations=0),
                -1: find_mistakes(game, player, positions[:searched], num_slots=NUM_SLOTS),
            }
            rates |= {
                name: float(mistakes[budget][rows].sum()) / len(rows)
                for name, rows, budget in _parts(game, each, positions, searched)
            }
        return rates

    return grade
