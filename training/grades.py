"""A run's look at perfect play: mistakes of the playing network on solved positions, alone and with search.

Knows which games have solved positions at hand. Does not know the run; it gets an ``Evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent import solvers
from agent.evaluation import Evaluate
from agent.search import Search, SearchConfig
from agent.solvers import tic_tac_toe
from games.game import Game
from selfplay.grading import Solved, grade, solved

NUM_SLOTS = 128


def solved_sets(game: Game) -> dict[str, list[Solved]]:
    """Names and solved positions for ``game``; empty where honte has none."""
    if game.name == "connect_four":
        return {name: solved(solvers.positions(name)) for name in solvers.POSITION_SETS}
    if game.name == "tic_tac_toe":
        return {"all": every_tic_tac_toe()}
    return {}


def counts(game: Game, *, searched: int = 200) -> dict[str, int]:
    """How many positions stand behind each rate that ``grader`` gives."""
    sizes = {name: len(positions) for name, positions in solved_sets(game).items()}
    raw = {f"mistakes/{name}/raw": size for name, size in sizes.items()}
    return raw | {f"mistakes/{name}/search": min(searched, size) for name, size in sizes.items()}


def every_tic_tac_toe() -> list[Solved]:
    """Each of the 4,520 reachable positions of tic-tac-toe that are not over, once, with exact values."""
    found: dict[bytes, Solved] = {}
    level: list[tuple[int, ...]] = [()]
    while level:
        deeper: list[tuple[int, ...]] = []
        for moves in level:
            cells = np.zeros(9, np.int8)
            cells[list(moves[0::2])], cells[list(moves[1::2])] = 1, 2
            if cells.tobytes() in found or _over(cells):
                continue
            found[cells.tobytes()] = Solved(moves, tic_tac_toe.outcomes(cells.reshape(3, 3)))
            deeper += [(*moves, int(a)) for a in np.flatnonzero(cells == 0)]
        level = deeper
    return list(found.values())


def _over(cells: NDArray[np.int8]) -> bool:
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    return any(cells[a] and cells[a] == cells[b] == cells[c] for a, b, c in lines) or bool(cells.all())


def grader(
    game: Game, search: SearchConfig, *, num_simulations: int = 100, searched: int = 200
) -> Callable[[Evaluate], dict[str, float]] | None:
    """A function that grades an ``Evaluate``: rates of mistakes as ``mistakes/SET/raw`` and ``mistakes/SET/search``.

    The raw network decides in every position; the search, dearer, in the first ``searched`` of each set. None where
    the game has no solved positions.
    """
    sets = solved_sets(game)
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
        for name, positions in sets.items():
            raw = grade(game, player, positions, num_slots=NUM_SLOTS, num_simulations=0)
            full = grade(game, player, positions[:searched], num_slots=NUM_SLOTS)
            out |= {f"mistakes/{name}/raw": raw.mistake_rate, f"mistakes/{name}/search": full.mistake_rate}
        return out

    return look
