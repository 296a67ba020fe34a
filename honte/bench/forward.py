"""Backends: positions per second at typical batch sizes, and the time to load new weights.

Knows backends. Does not know search.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from agent.inference.backend_benchmark import Backend
from games.game import Positions, States
from honte.bench.setup import BenchSetup, forward_batches, reached_positions
from honte.bench.turns import Row, median, run_in_turns

BATCHES = (1, 32, 128, 512)
"""The batches of one game, of a few games, of a group of games, and one that fills wide processors."""


def measure_backends(bench: BenchSetup) -> Iterator[Row]:
    game = bench.game
    states = reached_positions(game, max(*BATCHES, bench.num_games))
    positions = game.describe_new(states)
    sizes = sorted({*BATCHES, bench.num_games})
    for rows in sizes:
        tasks = {
            name: forward_batches(backend, states[:rows], positions.rows(0, rows))
            for name, (_, backend) in bench.backends.items()
        }
        rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
        for name in tasks:
            yield Row("engines", f"batch {rows}, {name}", median(rates[name]), "positions/s")
    for name, (_, backend) in bench.backends.items():
        rows = sizes[-1]
        spans = [time_loading(backend, bench, states[:rows], positions.rows(0, rows)) for _ in range(3)]
        yield Row("engines", f"new weights, {name}", 1e3 * statistics.median(spans), "ms")


def time_loading(backend: Backend, bench: BenchSetup, states: States, positions: Positions) -> float:
    """Seconds that new weights cost: from ``load`` to the first evaluation, minus the time of an evaluation."""
    clock = bench.clock
    start = clock()
    backend.load(bench.state_dict, backend.version + 1)
    backend(states, positions)
    first = clock() - start
    start = clock()
    backend(states, positions)
    return max(first - (clock() - start), 0.0)
