"""Tree work alone: a search whose evaluator costs nothing. Knows search; needs no network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.decision import Terms
from agent.inference.evaluate import uniform_evaluate
from agent.search.search import Search, SearchConfig
from games.game import States
from honte.bench.setting import OPENING_PLIES, BenchSetting, reached_positions
from honte.bench.turns import Row, Work, median, run_in_turns

TREES = 256


def search_all(search: Search, states: States) -> Work:
    """One search in every slot, from ``states [T]``; counts simulations."""

    def work() -> int:
        before = search.simulations
        search.think(np.arange(len(states)), states, Terms.of(len(states)))
        while len(search.decide()[0]):
            pass
        return search.simulations - before

    return work


def tree(setting: BenchSetting) -> Iterator[Row]:
    game, number = setting.game, setting.num_simulations
    states = reached_positions(game, TREES, OPENING_PLIES)
    works = {
        rule: search_all(
            Search(game, uniform_evaluate, SearchConfig(rule=rule, num_simulations=number), num_slots=TREES), states
        )
        for rule in ("puct", "gumbel")
    }
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
    for rule in works:
        what = f"{rule}: {TREES} searches of {number}, every position even"
        yield Row("tree", what, median(rates[rule]), "simulations/s")
