"""Finds the number of games and threads with which self-play is fastest on this machine, by measuring a few.

It measures wall time, since threads overlap. Knows runners. Does not know learning.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.inference.network_evaluator import NetworkEvaluator
from agent.search.search import SearchConfig
from honte.bench.setup import BenchSetup
from honte.bench.turns import Row
from selfplay.config import SelfPlayConfig
from selfplay.cores import num_cores
from selfplay.local_runner import LocalRunner

NEARLY_AS_FAST = 0.97
"""A candidate with fewer games is suggested if it has this share of the best rate: it needs less memory."""

NUM_GAMES = (128, 512)


@dataclass(frozen=True)
class Candidate:
    """Numbers of threads and games, and the evaluations per second of wall time that they gave."""

    num_groups: int
    num_games: int
    rate: float


def measure_threads(bench: BenchSetup, num_groups: int, num_games: int, *, warm: float) -> float:
    """Evaluations per second of wall time, without the cache, of ``num_groups`` threads with ``num_games`` games each.

    ``warm``: seconds of play before the measurement starts.
    """
    fastest, _ = bench.backends[bench.fastest_backend]
    backend = replace(fastest, few=False, cache_entries=0)
    config = SelfPlayConfig(
        num_games=num_games, num_groups=num_groups, search=SearchConfig(num_simulations=bench.num_simulations)
    )
    runner = LocalRunner(bench.game, config, lambda: NetworkEvaluator(bench.game, bench.network, backend), seed=2)
    runner.publish(bench.state_dict, 0)

    def play_until(end: float) -> int:
        while (left := end - time.perf_counter()) > 0:
            runner.collect(min(left, 0.1))
        return runner.evaluator.evaluated

    try:
        runner.collect(0.0)  # compile, then start the threads
        before, start = play_until(time.perf_counter() + warm), time.perf_counter()
        after = play_until(start + bench.seconds * bench.rounds)
        return (after - before) / (time.perf_counter() - start)
    finally:
        runner.close()


def measure_candidates(bench: BenchSetup) -> list[Candidate]:
    """Candidates with one thread, with one for each core and with one less, each with its rate."""
    cores = num_cores()
    groups = sorted({1, max(cores - 1, 1), cores})
    pairs = [(group, games) for group in groups for games in sorted({*NUM_GAMES, bench.num_games})]
    return [Candidate(*pair, measure_threads(bench, *pair, warm=2 * bench.seconds)) for pair in pairs]


def choose(candidates: list[Candidate]) -> Candidate:
    """The candidate with the fewest games among those that are nearly as fast as the fastest."""
    highest = max(candidate.rate for candidate in candidates)
    fast = [candidate for candidate in candidates if candidate.rate >= NEARLY_AS_FAST * highest]
    return min(fast, key=lambda candidate: (candidate.num_groups * candidate.num_games, candidate.num_games))


def suggest(bench: BenchSetup, candidates: list[Candidate]) -> dict[str, Any]:
    """The chosen candidate as keys of a recipe, and its rate."""
    config, _ = bench.backends[bench.fastest_backend]
    chosen = choose(candidates)
    return {
        "self_play": {"num_games": chosen.num_games, "num_groups": chosen.num_groups},
        "engine": {"kind": config.kind, "precision": config.precision},
        "evaluations_per_s": round(chosen.rate),
    }


def rows(candidates: list[Candidate]) -> Iterator[Row]:
    for each in candidates:
        threads = "1 thread" if each.num_groups == 1 else f"{each.num_groups} threads"
        yield Row("threads", f"{threads} of {each.num_games} games", each.rate, "evaluations/s")
