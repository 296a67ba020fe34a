"""Engines: positions a second at the batch sizes that matter, and the time to take new weights.

Knows engines. Does not know search.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median as middle

from agent.inference.backend_benchmark import Backend
from games.game import Positions, States
from honte.bench.setting import BenchSetting, forward_batches, reached_positions
from honte.bench.turns import Row, median, run_in_turns

BATCHES = (1, 32, 128, 512)
"""One game, a few, a group of games, and what fills the widest units."""


def engines(setting: BenchSetting) -> Iterator[Row]:
    game = setting.game
    states = reached_positions(game, max(*BATCHES, setting.num_games))
    positions = game.describe_new(states)
    sizes = sorted({*BATCHES, setting.num_games})
    for rows in sizes:
        works = {
            name: forward_batches(engine, states[:rows], positions.rows(0, rows))
            for name, (_, engine) in setting.engines.items()
        }
        rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
        for name in works:
            yield Row("engines", f"batch {rows}, {name}", median(rates[name]), "positions/s")
    for name, (_, engine) in setting.engines.items():
        rows = sizes[-1]
        spans = [loading(engine, setting, states[:rows], positions.rows(0, rows)) for _ in range(3)]
        yield Row("engines", f"new weights, {name}", 1e3 * middle(spans), "ms")


def loading(engine: Backend, setting: BenchSetting, states: States, positions: Positions) -> float:
    """Seconds that new weights cost: from ``load`` to the first answer, less what an answer costs anyway."""
    clock = setting.clock
    start = clock()
    engine.load(setting.loaded, engine.version + 1)
    engine(states, positions)
    first = clock() - start
    start = clock()
    engine(states, positions)
    return max(first - (clock() - start), 0.0)
