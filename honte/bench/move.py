"""One move of one game: what a person waits for. Knows search; one tree, from one leaf at a time to many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from agent.decision import Terms
from agent.search.search import Search, SearchConfig
from games.game import States
from honte.bench.setting import OPENING_PLIES, BenchSetting, reached_positions
from honte.bench.turns import Row, median, run_in_turns

SIMULATIONS = 800
LEAVES = (1, 8, 32)
"""That one tree gathers before they are judged together."""


def move(setting: BenchSetting) -> Iterator[Row]:
    game = setting.game
    states = reached_positions(game, 1, OPENING_PLIES)
    _, backend = setting.backends[setting.fastest]
    works = {}
    for leaves in LEAVES:
        config = SearchConfig(rule="puct", num_simulations=SIMULATIONS, leaves=leaves)
        works[str(leaves)] = partial(decided, Search(game, backend, config, num_slots=1), states)
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
    for number, each in rates.items():
        many = "one leaf" if number == "1" else f"{number} leaves"
        yield Row("move", f"{SIMULATIONS} simulations by {setting.fastest}, {many} at once", 1e3 / median(each), "ms")


def decided(search: Search, states: States) -> int:
    """One move from ``states [1]``."""
    search.think(np.zeros(1, np.int64), states, Terms.of(1))
    while not len(search.decide()[0]):
        pass
    return 1
