"""The time of one move of one game, for several numbers of leaves that the tree gathers for one batch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from agent.decision import Terms
from agent.search.search import Search, SearchConfig
from games.game import States
from honte.bench.setup import OPENING_PLIES, BenchSetup, reached_positions
from honte.bench.turns import Row, median, run_in_turns

NUM_SIMULATIONS = 800
NUM_LEAVES = (1, 8, 32)
"""Leaves that one tree gathers before they are evaluated together."""


def measure_move(bench: BenchSetup) -> Iterator[Row]:
    game = bench.game
    states = reached_positions(game, 1, OPENING_PLIES)
    _, backend = bench.backends[bench.fastest_backend]
    tasks = {}
    for num_leaves in NUM_LEAVES:
        config = SearchConfig(rule="puct", num_simulations=NUM_SIMULATIONS, leaves=num_leaves)
        tasks[str(num_leaves)] = partial(choose_move, Search(game, backend, config, num_slots=1), states)
    rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
    for number, each in rates.items():
        leaves = "1 leaf per batch" if number == "1" else f"{number} leaves per batch"
        yield Row("move", f"{NUM_SIMULATIONS} simulations, {bench.fastest_backend}, {leaves}", 1e3 / median(each), "ms")


def choose_move(search: Search, states: States) -> int:
    """Search one move from ``states [1]``."""
    search.think(np.zeros(1, np.int64), states, Terms.of(1))
    while not len(search.decide()[0]):
        pass
    return 1
