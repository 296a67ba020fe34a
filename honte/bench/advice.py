"""Advice: how many games and threads, and which backend, this machine plays fastest with. Found by measuring a few.

Knows runners and the wall's clock, since threads that overlap are the point. Does not know learning.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.inference.network_evaluator import NetworkEvaluator
from agent.search.search import SearchConfig
from honte.bench.setting import BenchSetting
from honte.bench.turns import Row
from selfplay.cores import num_cores
from selfplay.local_runner import LocalRunner, SelfPlayConfig

CLOSE = 0.97
"""Of two that are so close, the one with fewer games is suggested: it needs less memory and learns sooner."""

GAMES = (128, 512)


@dataclass(frozen=True)
class Way:
    """One way to play, and the evaluations a second of the wall's clock that it gave."""

    num_groups: int
    num_games: int
    rate: float


def threads(setting: BenchSetting, num_groups: int, num_games: int, *, warm: float) -> float:
    """Evaluations a second of the wall's clock, cache off, of ``num_groups`` threads with ``num_games`` games each."""
    chosen, _ = setting.backends[setting.fastest]
    backend = replace(chosen, few=False, cache_entries=0)
    config = SelfPlayConfig(
        num_games=num_games, num_groups=num_groups, search=SearchConfig(num_simulations=setting.num_simulations)
    )
    runner = LocalRunner(setting.game, config, lambda: NetworkEvaluator(setting.game, setting.network, backend), seed=2)
    runner.publish(setting.loaded, 0)

    def until(end: float) -> int:
        while (left := end - time.perf_counter()) > 0:
            runner.collect(min(left, 0.1))
        return runner.evaluator.evaluated

    try:
        runner.collect(0.0)  # compiles, then starts the threads
        before, start = until(time.perf_counter() + warm), time.perf_counter()
        after = until(start + setting.seconds * setting.rounds)
        return (after - before) / (time.perf_counter() - start)
    finally:
        runner.close()


def ways(setting: BenchSetting) -> list[Way]:
    """What was tried, each with its rate."""
    most = num_cores()
    groups = sorted({1, max(most - 1, 1), most})
    pairs = [(group, games) for group in groups for games in sorted({*GAMES, setting.num_games})]
    return [Way(*pair, threads(setting, *pair, warm=2 * setting.seconds)) for pair in pairs]


def best(tried: list[Way]) -> Way:
    """The fastest, or the smallest that is nearly as fast."""
    most = max(way.rate for way in tried)
    good = [way for way in tried if way.rate >= CLOSE * most]
    return min(good, key=lambda way: (way.num_groups * way.num_games, way.num_games))


def advice(setting: BenchSetting, tried: list[Way]) -> dict[str, Any]:
    """The fastest way as the keys of a recipe, and what it gave."""
    config, _ = setting.backends[setting.fastest]
    way = best(tried)
    return {
        "self_play": {"num_games": way.num_games, "num_groups": way.num_groups},
        "engine": {"kind": config.kind, "precision": config.precision},
        "evaluations_per_s": round(way.rate),
    }


def rows(tried: list[Way]) -> Iterator[Row]:
    for way in tried:
        what = f"{way.num_groups} {'thread' if way.num_groups == 1 else 'threads'} of {way.num_games} games"
        yield Row("threads", what, way.rate, "evaluations/s")
