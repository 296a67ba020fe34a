"""A run's look at perfect play: mistakes of the playing network on solved positions, alone and with search.

Knows which games have solved positions at hand, or can have some drawn. Does not know the run; it gets an ``Evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.inference.evaluate import Evaluate
from agent.search.search import Search, SearchConfig
from agent.solvers.registry import find_solved_game, has_fast_solver, is_solvable, make_solver
from agent.storage import durable_files
from games.game import Game
from selfplay.solved import position_classes
from selfplay.solved.grading import SolvedPosition, find_mistakes, parse_positions, read_positions

BY_CLASS = "by_class/"
"""How the names of rates begin that are of one class of positions."""

NUM_SLOTS = 128
SOLVED, NUM_DRAWN = "solved.jsonl", 300


def solved_sets(game: Game, folder: Path | None = None) -> dict[str, list[SolvedPosition]]:
    """Solved positions of ``game`` by the name of their set: those that ship, or those that ``draw_positions`` stored.

    Empty where there are none. ``folder``: that of a run.
    """
    entry = find_solved_game(game)
    if entry is not None and (sets := entry.positions()):
        return {name: parse_positions(rows) for name, rows in sets.items()}
    drawn = None if folder is None else folder / SOLVED
    return {"drawn": read_positions(drawn)} if drawn is not None and drawn.is_file() else {}


def draw_positions(game: Game, folder: Path) -> None:
    """Solve some positions of random games into ``folder``, once, where honte has none of ``game`` but a solver."""
    if solved_sets(game, folder) or not has_fast_solver(game):
        return
    found = position_classes.draw_solved(
        game, make_solver(game).values, NUM_DRAWN, solvable=lambda row: is_solvable(game, row)
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
        found.append((f"mistakes/{name}/{how}", list(range(count)), budget))
        if len(groups) > 1:
            found += [(f"{BY_CLASS}{name}/{how}/{kind}", rows, budget) for kind, rows in groups.items()]
    return found


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
