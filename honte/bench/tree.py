"""The search tree alone, with an evaluator that costs nothing. Needs no network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.decision import Terms
from agent.inference.evaluate import uniform_evaluate
from agent.search.search import Search, SearchConfig
from games.game import States
from honte.bench.setup import OPENING_PLIES, BenchSetup, reached_positions
from honte.bench.turns import Row, Task, median, run_in_turns

NUM_TREES = 256


def search_all(search: Search, states: States) -> Task:
    """A task that runs one search in every slot, from ``states [T]``; it counts simulations."""

    def task() -> int:
        before = search.simulations
        search.think(np.arange(len(states)), states, Terms.of(len(states)))
        while len(search.decide()[0]):
            pass
        return search.simulations - before

    return task


def measure_tree(bench: BenchSetup) -> Iterator[Row]:
    game, number = bench.game, bench.num_simulations
    states = reached_positions(game, NUM_TREES, OPENING_PLIES)
    tasks = {
        rule: search_all(
            Search(game, uniform_evaluate, SearchConfig(rule=rule, num_simulations=number), num_slots=NUM_TREES), states
        )
        for rule in ("puct", "gumbel")
    }
    rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
    for rule in tasks:
        what = f"{rule}: {NUM_TREES} searches of {number} simulations, all values 0"
        yield Row("tree", what, median(rates[rule]), "simulations/s")
