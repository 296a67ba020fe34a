"""How the cost of a simulation grows with the number of simulations, and the memory of a node. Needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from agent.inference.evaluate import uniform_evaluate
from agent.search.search import Search, SearchConfig
from agent.search.tree import node_bytes
from honte.bench.setup import OPENING_PLIES, BenchSetup, reached_positions
from honte.bench.tree import search_all
from honte.bench.turns import Row, median_ratio, run_in_turns

NUM_TREES = 64
MAX_BYTES = 3 << 30
"""Memory of the longest searches. Large boards get fewer trees."""

NUM_SIMULATIONS = (100, 1_000, 10_000)
"""Per move."""


def measure_growth(bench: BenchSetup) -> Iterator[Row]:
    """Times one search rule after the other, since the trees of both would need twice the memory."""
    game = bench.game
    size = node_bytes(game.num_actions) + game.state.itemsize
    trees = max(1, min(NUM_TREES, MAX_BYTES // (size * NUM_SIMULATIONS[-1])))
    states = reached_positions(game, trees, OPENING_PLIES)
    for rule in ("puct", "gumbel"):
        tasks = {}
        for number in NUM_SIMULATIONS:
            search = Search(game, uniform_evaluate, SearchConfig(rule=rule, num_simulations=number), num_slots=trees)
            tasks[str(number)] = search_all(search, states)
        rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
        shortest = rates[str(NUM_SIMULATIONS[0])]
        for number in NUM_SIMULATIONS[1:]:
            what = f"{rule}: cost per simulation, {number:,} ÷ {NUM_SIMULATIONS[0]}, {trees} trees"
            yield Row("growth", what, median_ratio(shortest, rates[str(number)]), "x")
    yield Row("growth", "memory per node, with its state", size, "bytes")
