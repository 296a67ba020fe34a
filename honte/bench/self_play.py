"""Self-play on one core compared with forward passes of the network alone, in batches of the same size.

The ratio shows how much time goes to anything but the network. Knows game loops and evaluators. Does not know learning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.inference.evaluate import Evaluate, EvaluateFunction, Evaluation, uniform_evaluate
from agent.inference.network_evaluator import NetworkEvaluator
from agent.search.search import Search, SearchConfig
from games.game import Positions, States
from honte.bench.forward import time_loading
from honte.bench.setup import BenchSetup, forward_batches
from honte.bench.turns import Clock, Row, median, median_ratio, run_in_turns
from selfplay.config import SelfPlayConfig
from selfplay.game_loop import GameLoop
from selfplay.local_runner import LocalRunner

WARM_UP_MOVES = 4
"""Moves per game, on average, before anything is timed."""


class CountingEvaluator(Evaluate):
    """An evaluator of a runner that counts positions, and whose ``evaluate`` can be replaced later.

    ``evaluate`` is a network, or does as little with states.
    """

    reads_states = False

    def __init__(self, evaluate: EvaluateFunction) -> None:
        self.evaluate = evaluate
        self.version = self.asked = self.calls = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        self.asked += len(states)
        self.calls += 1
        return self.evaluate(states, positions)

    def load(self, weights: Any, version: int) -> None:
        self.version = version

    @property
    def evaluated(self) -> int:
        return self.asked


@dataclass
class RunningSelfPlay:
    """A game loop with its search and its evaluator."""

    loop: GameLoop
    search: Search
    evaluator: CountingEvaluator

    def grow(self) -> None:
        """Run one round of simulations, and play the moves of games whose search is done."""
        if not self.search.grow():
            self.loop.round()


def begin_self_play(bench: BenchSetup, evaluate: EvaluateFunction, *, num_simulations: int = 0) -> RunningSelfPlay:
    """Self-play of games from random openings, after a warm-up, evaluated by ``evaluate`` from now on.

    The warm-up gives every position the value 0, so it needs no network.
    """
    plies = bench.game.max_plies // 2
    search = SearchConfig(num_simulations=num_simulations or bench.num_simulations)
    config = SelfPlayConfig(num_games=bench.num_games, max_opening_plies=plies, deep_openings=1.0, search=search)
    evaluator = CountingEvaluator(uniform_evaluate)
    loop = LocalRunner(bench.game, config, lambda: evaluator, seed=1, deterministic=True).loops[0]
    while loop.moves < WARM_UP_MOVES * bench.num_games:
        loop.round()
    player = stagger_games(loop, search.num_simulations)
    evaluator.evaluate = evaluate
    return RunningSelfPlay(loop, player, evaluator)


def stagger_games(loop: GameLoop, num_simulations: int) -> Search:
    """End the searches of games in different rounds, so that not all games move at once. Returns the player."""
    player = loop.players[0]
    assert isinstance(player, Search)
    for first in range(num_simulations):
        for slot in range(first, loop.num_slots, num_simulations):
            player.finish_early(slot)
        while not player.grow():
            loop.round()
    return player


class TimedFunction:
    """A function that adds up the seconds of its calls."""

    def __init__(self, function: Callable[..., Any], clock: Clock) -> None:
        self.function, self.clock, self.seconds = function, clock, 0.0

    def __call__(self, *arguments: Any) -> Any:
        start = self.clock()
        try:
            return self.function(*arguments)
        finally:
            self.seconds += self.clock() - start


def counting(count: Callable[[], int], work: Callable[[], None]) -> Callable[[], int]:
    """A task that calls ``work`` and returns by how much ``count()`` grew."""

    def task() -> int:
        before = count()
        work()
        return count() - before

    return task


def measure_self_play(bench: BenchSetup, moves_between_weights: float) -> Iterator[Row]:
    """``moves_between_weights``: the number of moves that a run plays before it gets new weights."""
    config, backend = bench.backends[bench.fastest_backend]
    name, part = bench.fastest_backend, "self-play"

    def evaluator(entries: int) -> NetworkEvaluator:
        network = NetworkEvaluator(bench.game, bench.network, replace(config, few=False, cache_entries=entries))
        network.load(bench.state_dict, 0)
        return network

    uncached, cached = evaluator(0), evaluator(config.cache_entries)
    network = TimedFunction(uncached, bench.clock)
    without_cache, with_cache = begin_self_play(bench, network), begin_self_play(bench, cached)
    grow = TimedFunction(without_cache.grow, bench.clock)
    states = without_cache.loop.states.copy()
    positions = bench.game.describe_new(states)
    tasks = {
        "forward": forward_batches(backend, states, positions),
        "uncached": counting(lambda: uncached.evaluated, grow),
        "cached": counting(lambda: with_cache.search.simulations, with_cache.grow),
    }
    requested, evaluated, before = cached.asked, cached.evaluated, uncached.evaluated
    network.seconds = 0.0
    rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
    hits = 1 - (cached.evaluated - evaluated) / max(cached.asked - requested, 1)
    load_seconds = time_loading(backend, bench, states, positions)
    between = moves_between_weights * bench.num_simulations / median(rates["uncached"])
    share = median_ratio(rates["uncached"], rates["forward"])
    yield Row(part, f"forward passes only, {name}, batch {len(states)}", median(rates["forward"]), "positions/s")
    yield Row(
        part,
        f"self-play, no cache, {bench.num_simulations} simulations per move",
        median(rates["uncached"]),
        "evaluations/s",
    )
    yield Row(part, "self-play, no cache ÷ forward passes", share, "")
    what = f"same ratio, new weights every {moves_between_weights:,.0f} moves"
    yield Row(part, what, share * between / (between + load_seconds), "")
    inside = share * grow.seconds / network.seconds
    others = (grow.seconds - network.seconds) / (uncached.evaluated - before)
    yield Row(part, "the network within self-play ÷ forward passes", inside, "")
    yield Row(part, "everything but the network", 1e6 * others, "µs/evaluation")
    yield Row(part, "self-play with cache", median(rates["cached"]), "simulations/s")
    yield Row(part, "self-play with cache ÷ forward passes", median_ratio(rates["cached"], rates["forward"]), "")
    yield Row(part, "simulations that the cache answers", 100 * hits, "%")
