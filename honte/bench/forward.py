"""Backends: positions a second at the batch sizes that matter, and the time to take new weights.

Knows backends. Does not know search.
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


def backends(setting: BenchSetting) -> Iterator[Row]:
    game = setting.game
    states = reached_positions(game, max(*BATCHES, setting.num_games))
    positions = game.describe_new(states)
    sizes = sorted({*BATCHES, setting.num_games})
    for rows in sizes:
        works = {
            name: forward_batches(backend, states[:rows], positions.rows(0, rows))
            for name, (_, backend) in setting.backends.items()
        }
        rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
        for name in works:
            yield Row("engines", f"batch {rows}, {name}", median(rates[name]), "positions/s")
    for name, (_, backend) in setting.backends.items():
        rows = sizes[-1]
        spans = [loading(backend, setting, states[:rows], positions.rows(0, rows)) for _ in range(3)]
        yield Row("engines", f"new weights, {name}", 1e3 * middle(spans), "ms")


def loading(backend: Backend, setting: BenchSetting, states: States, positions: Positions) -> float:
    """Seconds that new weights cost: from ``load`` to the first answer, less what an answer costs anyway."""
    clock = setting.clock
    start = clock()
    backend.load(setting.loaded, backend.version + 1)
    backend(states, positions)
    first = clock() - start
    start = clock()
    backend(states, positions)
    return max(first - (clock() - start), 0.0)
