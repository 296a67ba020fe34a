"""Self-play on one core beside its own backend's pure batched forward passes: what is spent on anything else.

Knows game loops and evaluators. Does not know learning: how often new weights come is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.inference.evaluate import Evaluate, EvaluateFunction, Evaluation, uniform_evaluate
from agent.inference.network_evaluator import NetworkEvaluator
from agent.search.search import Search, SearchConfig
from games.game import Positions, States
from honte.bench.forward import loading
from honte.bench.setting import BenchSetting, forward_batches
from honte.bench.turns import Row, median, median_ratio, run_in_turns
from selfplay.game_loop import GameLoop
from selfplay.local_runner import LocalRunner, SelfPlayConfig

WARM_MOVES = 4
"""Moves a game, as the mean, that are played before anything is timed."""


class CountingEvaluator(Evaluate):
    """A runner's evaluator whose ``Evaluate`` may be another one later; its counts are of what it was asked."""

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
class SelfPlayUnderWay:
    """Self-play under way: the loop, its search, and what judges it."""

    loop: GameLoop
    search: Search
    judge: CountingEvaluator

    def grow(self) -> None:
        """One round of simulations, and the moves of the games that are ready."""
        if not self.search.grow():
            self.loop.round()


def begin_self_play(setting: BenchSetting, evaluate: EvaluateFunction, *, num_simulations: int = 0) -> SelfPlayUnderWay:
    """Games well under way that begin anywhere, judged by ``evaluate`` from now on; until now every position was even.

    So the positions are those of games, and to come there cost no network.
    """
    plies = setting.game.max_plies // 2
    search = SearchConfig(num_simulations=num_simulations or setting.num_simulations)
    config = SelfPlayConfig(num_games=setting.num_games, max_opening_plies=plies, deep_openings=1.0, search=search)
    judge = CountingEvaluator(uniform_evaluate)
    loop = LocalRunner(setting.game, config, lambda: judge, seed=1, deterministic=True).loops[0]
    while loop.moves < WARM_MOVES * setting.num_games:
        loop.round()
    player = stagger_games(loop, search.num_simulations)
    judge.evaluate = evaluate
    return SelfPlayUnderWay(loop, player, judge)


def stagger_games(loop: GameLoop, num_simulations: int) -> Search:
    """Self-play whose games no longer move all at once: some are told to, each round others. Its one player."""
    player = loop.players[0]
    assert isinstance(player, Search)
    for first in range(num_simulations):
        for slot in range(first, loop.num_slots, num_simulations):
            player.finish_early(slot)
        while not player.grow():
            loop.round()
    return player


def counting(count: Callable[[], int], work: Callable[[], None]) -> Callable[[], int]:
    """``work``, and by how much ``count`` grew meanwhile."""

    def counted() -> int:
        before = count()
        work()
        return count() - before

    return counted


def self_play(setting: BenchSetting, moves_between_weights: float) -> Iterator[Row]:
    """``moves_between_weights``: how many moves a real run plays with one set of weights."""
    config, backend = setting.backends[setting.fastest]
    name, part = setting.fastest, "self-play"

    def evaluator(entries: int) -> NetworkEvaluator:
        made = NetworkEvaluator(setting.game, setting.network, replace(config, few=False, cache_entries=entries))
        made.load(setting.loaded, 0)
        return made

    plain, cached = evaluator(0), evaluator(config.cache_entries)
    bare, hitting = begin_self_play(setting, plain), begin_self_play(setting, cached)
    states = bare.loop.states.copy()
    positions = setting.game.describe_new(states)
    works = {
        "forward": forward_batches(backend, states, positions),
        "bare": counting(lambda: plain.evaluated, bare.grow),
        "cached": counting(lambda: hitting.search.simulations, hitting.grow),
    }
    asked, evaluated = cached.asked, cached.evaluated
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
    hits = 1 - (cached.evaluated - evaluated) / max(cached.asked - asked, 1)
    loads = loading(backend, setting, states, positions)
    between = moves_between_weights * setting.num_simulations / median(rates["bare"])
    share = median_ratio(rates["bare"], rates["forward"])
    yield Row(part, f"{name}, pure forward, batch {len(states)}", median(rates["forward"]), "positions/s")
    yield Row(part, f"cache off, {setting.num_simulations} simulations a move", median(rates["bare"]), "evaluations/s")
    yield Row(part, "cache off ÷ forward", share, "")
    what = f"the same, new weights every {moves_between_weights:,.0f} moves"
    yield Row(part, what, share * between / (between + loads), "")
    yield Row(part, "cache on", median(rates["cached"]), "simulations/s")
    yield Row(part, "cache on ÷ forward", median_ratio(rates["cached"], rates["forward"]), "")
    yield Row(part, "cache on, answered by the cache", 100 * hits, "%")
