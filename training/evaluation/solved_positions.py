"""Grading on solved positions: how often the network makes a mistake there, alone and with search.

Solved positions ship with some games; for others, those that have a fast solver, random positions are solved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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

BY_CLASS = "by_class/"
"""How the names of rates begin that belong to one class of positions."""

NUM_SLOTS = 128
SOLVED, NUM_DRAWN = "solved.jsonl", 300


def solved_sets(game: Game, folder: Path | None = None) -> dict[str, list[SolvedPosition]]:
    """Solved positions of ``game`` by the name of their set; empty when there are none.

    They ship with honte, or ``draw_positions`` has stored them in ``folder``, the folder of a run.
    """
    if game.name == "connect_four":
        return {name: parse_positions(solvers.positions(name)) for name in solvers.POSITION_SETS}
    if game.name == "tic_tac_toe":
        every = every_tic_tac_toe()
        # Shuffled, so that the first ones are from all stages of the game; 1009 is coprime to their number.
        return {"all": [every[1009 * i % len(every)] for i in range(len(every))]}
    drawn = None if folder is None else folder / SOLVED
    return {"drawn": read_positions(drawn)} if drawn is not None and drawn.is_file() else {}


def draw_positions(game: Game, folder: Path) -> None:
    """Solve random positions and store them in ``folder``, for a game with a solver but no solved positions."""
    if solved_sets(game, folder) or not perfect_player.answers_at_once(game):
        return
    found = position_classes.draw_solved(
        game, perfect_player.make_solver(game), NUM_DRAWN, solvable=lambda row: perfect_player.is_solvable(game, row)
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
        parts.append((f"mistakes/{name}/{how}", list(range(count)), budget))
        if len(groups) > 1:
            parts += [(f"{BY_CLASS}{name}/{how}/{kind}", rows, budget) for kind, rows in groups.items()]
    return parts


def every_tic_tac_toe() -> list[SolvedPosition]:
    """The 4,520 reachable positions of tic-tac-toe that are not over, with exact values."""
    solved: dict[bytes, SolvedPosition] = {}
    level: list[tuple[int, ...]] = [()]
    while level:
        deeper: list[tuple[int, ...]] = []
        for moves in level:
            cells = np.zeros(9, np.int8)
            cells[list(moves[0::2])], cells[list(moves[1::2])] = 1, 2
            if cells.tobytes() in solved or _is_over(cells):
                continue
            solved[cells.tobytes()] = SolvedPosition(moves, tic_tac_toe.outcomes(cells.reshape(3, 3)))
            deeper += [(*moves, int(a)) for a in np.flatnonzero(cells == 0)]
        level = deeper
    return list(solved.values())


def _is_over(cells: NDArray[np.int8]) -> bool:
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    return any(cells[a] and cells[a] == cells[b] == cells[c] for a, b, c in lines) or bool(cells.all())


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
