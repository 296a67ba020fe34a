"""Where the time of self-play goes that is not the network: processor time of each stage of a round.

The network is replaced by an evaluator that costs nothing but the packing and unpacking of a real backend. Stages are
timed by wrapping the functions that they consist of, for as long as the measurement lasts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import agent.search.search as search_module
from agent.inference.backends.openvino import copy_outputs, pad_rows
from agent.inference.backends.torch import SHAPES
from agent.inference.evaluate import Evaluate, Evaluation
from games.game import Game, Positions, States
from honte.bench.self_play import RunningSelfPlay, begin_self_play
from honte.bench.setup import BenchSetup
from honte.bench.turns import Row

NUM_GAMES = (512, 128)

LOOP, SEARCH, ROOTS = "game loop", "search: batches of leaves", "search: roots and decisions"
COPIES = "search: copies of states and positions"
TREE, RULES, OBSERVE = "tree: select, expand, backup", "rules: step", "rules: describe and observe"
PACK, CALL, UNPACK = "backend: packing", "backend: call", "backend: unpacking"

STAGES = {
    LOOP: True,
    SEARCH: True,
    ROOTS: True,
    COPIES: False,
    TREE: False,
    RULES: False,
    OBSERVE: False,
    PACK: False,
    CALL: True,
    UNPACK: False,
}
"""The stages of a round, and whether Python's lock (the GIL) is held there.

Compiled loops release it, and so does NumPy while it copies or computes arrays, as
``python -m benchmarks.many_cores`` shows.
"""


class StageClock:
    """Adds up processor time of this thread by stage. What a stage calls of another stage does not count for it.

    Neither does the time of the measurement itself, which is found by timing a function that does nothing.
    """

    def __init__(self, inside: float = 0.0, outside: float = 0.0) -> None:
        """``inside``, ``outside``: the seconds that the measurement of a call adds to it and to its caller."""
        self.inside, self.outside = inside, outside
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.nested = [0.0]  # seconds of the stages that the running ones have called, the innermost last

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, whose calls count for ``stage``."""

        def call(*arguments: Any, **named: Any) -> Any:
            self.nested.append(0.0)
            begun = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                spent = time.thread_time() - begun
                self.seconds[stage] += spent - self.nested.pop() - self.inside
                self.nested[-1] += spent + self.outside

        return call

    @classmethod
    def calibrated(cls, calls: int = 10_000, repeats: int = 5) -> StageClock:
        """A clock that knows what its own measurement costs on this machine."""
        costs = []
        for _ in range(repeats):
            clock = cls()
            nothing = clock.timed(CALL, lambda: None)

            def many(nothing: Callable[[], Any] = nothing) -> None:
                for _ in range(calls):
                    nothing()

            clock.timed(LOOP, many)()
            costs.append((clock.seconds[CALL] / calls, clock.seconds[LOOP] / calls))
        return cls(*np.median(costs, axis=0).tolist())


class FreeBackend(Evaluate):
    """Packs and unpacks batches as the OpenVINO backend does; its network takes no time."""

    def __init__(self, game: Game, clock: StageClock) -> None:
        self.outputs = np.zeros((SHAPES[-1], game.num_actions), np.float32), np.zeros((SHAPES[-1], 3), np.float32)
        self.memory = np.empty((SHAPES[-1], *game.observation_shape), np.float32)
        self.pack = clock.timed(PACK, pad_rows)
        self.unpack = clock.timed(UNPACK, copy_outputs)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        observation, largest, parts = positions.observation, SHAPES[-1], []
        for first in range(0, len(observation), largest):
            rows = observation[first : first + largest]
            self.pack(rows, SHAPES, self.memory)
            policy, value = (output[: len(rows)] for output in self.outputs)
            parts.append(self.unpack(policy, value, True))
        logits, values = (np.concatenate(each) if len(parts) > 1 else each[0] for each in zip(*parts, strict=True))
        return Evaluation(logits, values)


@contextlib.contextmanager
def timed_stages(self_play: RunningSelfPlay, clock: StageClock) -> Iterator[None]:
    """Within the context, the functions that ``self_play`` runs count for their stages."""
    search, loop, game = self_play.search, self_play.loop, self_play.loop.game
    wrapped: list[tuple[Any, str, str]] = [
        (loop, "round", LOOP),
        (search, "grow", SEARCH),
        (search, "think", ROOTS),
        (search, "_decisions", ROOTS),
        (search.rule, "prepare_roots", ROOTS),
        (search.rule, "select_leaves", TREE),
        (self_play.evaluator, "evaluate", CALL),
        (search_module, "copy_rows", COPIES),
        (Positions, "take", COPIES),
        *((search_module, name, TREE) for name in ("sort_slots", "init_roots", "expand_and_backup")),
        *((search_module, name, TREE) for name in ("prove_finished", "list_unproven")),
        *((game, name, RULES) for name in ("advance", "copy")),
        *((game, name, OBSERVE) for name in ("describe", "describe_new")),
    ]
    with contextlib.ExitStack() as restored:
        for owner, name, stage in wrapped:
            function, in_class = getattr(owner, name), name not in vars(owner)
            setattr(owner, name, clock.timed(stage, function))
            restored.callback(delattr, owner, name) if in_class else restored.callback(setattr, owner, name, function)
        yield


def stage_costs(bench: BenchSetup) -> dict[str, float]:
    """{stage: microseconds of processor time for each evaluation}, the median over the rounds of the benchmark."""
    clock = StageClock.calibrated()
    self_play = begin_self_play(bench, FreeBackend(bench.game, clock))
    costs = []
    with timed_stages(self_play, clock):
        for _ in range(bench.rounds):
            clock.seconds = dict.fromkeys(STAGES, 0.0)
            before, begun = self_play.evaluator.asked, time.thread_time()
            while time.thread_time() - begun < bench.seconds:
                self_play.loop.round()
            count = self_play.evaluator.asked - before
            costs.append([1e6 * seconds / count for seconds in clock.seconds.values()])
    return dict(zip(STAGES, np.median(costs, axis=0).tolist(), strict=True))


def measure_round(bench: BenchSetup) -> Iterator[Row]:
    for num_games in NUM_GAMES:
        costs = stage_costs(replace(bench, num_games=num_games))
        for stage, cost in costs.items():
            yield Row("round", f"{num_games} games: {stage}", cost, "µs/evaluation")
        total, locked = sum(costs.values()), sum(cost for stage, cost in costs.items() if STAGES[stage])
        yield Row("round", f"{num_games} games: all of these", total, "µs/evaluation")
        yield Row("round", f"{num_games} games: share that holds Python's lock", 100 * locked / total, "%")
