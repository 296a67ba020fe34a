"""How a search's cost grows with its length: time a simulation, and memory. Knows search; needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from agent.inference.evaluate import uniform_evaluate
from agent.search.search import Search, SearchConfig
from agent.search.tree import node_bytes
from honte.bench.setting import OPENING_PLIES, BenchSetting, reached_positions
from honte.bench.tree import search_all
from honte.bench.turns import Row, median_ratio, run_in_turns

TREES = 64
MEMORY = 3 << 30
"""Bytes that the longest searches may take: of large boards fewer trees grow."""

LENGTHS = (100, 1_000, 10_000)
"""Simulations a move."""


def growth(setting: BenchSetting) -> Iterator[Row]:
    """Lengths take turns, one rule after the other: trees of both at once would want twice the memory."""
    game = setting.game
    size = node_bytes(game.num_actions) + game.state.itemsize
    trees = max(1, min(TREES, MEMORY // (size * LENGTHS[-1])))
    states = reached_positions(game, trees, OPENING_PLIES)
    for rule in ("puct", "gumbel"):
        works = {}
        for number in LENGTHS:
            search = Search(game, uniform_evaluate, SearchConfig(rule=rule, num_simulations=number), num_slots=trees)
            works[str(number)] = search_all(search, states)
        rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
        shortest = rates[str(LENGTHS[0])]
        for number in LENGTHS[1:]:
            what = f"{rule}: cost of a simulation of {number:,} a move ÷ of {LENGTHS[0]}, {trees} trees"
            yield Row("growth", what, median_ratio(shortest, rates[str(number)]), "x")
    yield Row("growth", "memory of a node and its state", size, "bytes")
