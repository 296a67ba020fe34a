"""Throughput against the number of actors, with the network replaced by one that sleeps; and what the driver costs.

The sleeping evaluator gives ``--rate`` evaluations a second an actor, 10,000 unless told otherwise, and needs no torch,
so that a few cores host many actors; where the actors' own search asks for more cores than there are, ``cores`` says
so, and a lower rate measures Ray instead of the machine. CPU seconds are those of each process, which other load does
not change; they are what benchmarks.scaling_sim is fed with. ``--aggregate`` puts an aggregator between.

    python -m benchmarks.ray_scaling [--actors 1 2 4 8] [--rate 10000] [--aggregate] [--seconds 15] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import ray

from agent.evaluation import uniform
from agent.search import SearchConfig
from benchmarks.machine import report
from games import make
from games.game import Game
from selfplay.local_runner import SelfPlayConfig
from selfplay.ray_runner import RayRunner, connect
from selfplay.records import pack, unpack
from selfplay.sheaf import Part, Sheaf, packed, samples
from selfplay.worker import RayConfig, Weightless
from training.replay import Replay, WindowConfig

SIMULATIONS = 100
WARM = 3.0  # seconds between the last actor's first answer and the beginning of what counts


def sleeping(game: Game, rate: float) -> Any:
    """No knowledge at ``rate`` evaluations a second; the time that a search takes meanwhile is slept less."""
    free = [time.perf_counter()]

    def evaluate(states: Any, positions: Any) -> Any:
        free[0] = max(free[0], time.perf_counter() - 1.0) + len(states) / rate
        time.sleep(max(0.0, free[0] - time.perf_counter()))
        return uniform(states, positions)

    return Weightless(evaluate)


def at(actors: int, seconds: float, rate: float, aggregate: bool) -> dict[str, Any]:
    """One row: moves a second of so many actors, CPU of driver and actors, their memory, a weight update's time."""
    config = SelfPlayConfig(num_games=32, opening_plies=4, search=SearchConfig(num_simulations=SIMULATIONS))
    spread = RayConfig(num_actors=actors, num_cpus=0.01, aggregate_above=0 if aggregate else 100)
    runner = RayRunner(make("connect_four"), config, partial(sleeping, rate=rate), seed=1, cluster=spread)
    try:
        runner.publish({}, 0)
        playing: list[int] = []
        while len(playing) < actors or not all(any(hired.counts) for hired in runner.staff.values()):
            runner.collect(1.0)
            playing = processes("ray::_Actor") if aggregate else [h.pid for h in runner.staff.values() if h.pid]
        until = time.perf_counter() + WARM * (5 if aggregate else 1)  # it is not told when the last one begins
        while time.perf_counter() < until:
            runner.collect(0.5)
        helpers = [hired.pid for hired in runner.staff.values()] if aggregate else []
        before, start, cpu = runner.counts(), time.perf_counter(), time.process_time()
        played, helped = spent(playing), spent(helpers)
        while time.perf_counter() - start < seconds:
            runner.collect(0.5)
        span, used = time.perf_counter() - start, time.process_time() - cpu
        moved, _, evaluated = (now - then for now, then in zip(runner.counts(), before, strict=True))
        calls = len(runner.staff) * span / runner.seconds
        row = {
            "actors": actors,
            "rate": rate,
            "aggregators": len(helpers),
            "moves_per_s": round(moved / span, 1),
            "evaluations_per_s_an_actor": round(evaluated / span / actors),
            "of_linear": round(evaluated / span / actors / rate, 3),
            "actors_cpu": round((spent(playing) - played) / span, 3),
            "aggregators_cpu": round((spent(helpers) - helped) / span, 3),
            "driver_cpu": round(used / span, 4),
            "driver_ms_a_call": round(1e3 * used / calls, 3),
            "actor_MB": round(statistics.median(proportional(pid) for pid in playing)),
        }
        print(row, file=sys.stderr, flush=True)
        if aggregate:
            return row
        nothing, whole = update(runner, 1, 1), update(runner, 2, 5_000_000)
        return row | {"calls_under_way_s": round(nothing, 2), "update_s": round(whole - nothing, 2)}
    finally:
        runner.close()


def processes(name: str) -> list[int]:
    """Of the actors called so, which Ray writes where others have their command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if name in path.read_text(errors="replace"):
                found.append(int(path.parent.name))
    return found


def spent(pids: list[int]) -> float:
    """Seconds of CPU that these processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def update(runner: RayRunner, version: int, parameters: int) -> float:
    """Seconds from publishing so many parameters until every actor has answered a call that brought them."""
    start = time.perf_counter()
    runner.publish({"weights": np.zeros(parameters, np.float32)}, version)
    asked: dict[str, Any] = {}
    while len(asked) < len(runner.staff) or any(ref in pending(runner) for ref in asked.values()):
        runner.collect(0.05)
        for name, hired in runner.staff.items():
            if hired.version == version and hired.calls:
                asked.setdefault(name, hired.calls[-1][1])
    return time.perf_counter() - start


def pending(runner: RayRunner) -> set[Any]:
    return {ref for hired in runner.staff.values() for _, ref in hired.calls}


def proportional(pid: int) -> float:
    """Megabytes of a process, shared pages divided among those that share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def ingest() -> dict[str, float]:
    """Seconds of the driver for one position: as records, which it unpacks, checks, turns into rows and packs for the
    disk; from an aggregator, which did all that; and a position's bytes, packed and as a row.
    """
    from selfplay.local_runner import LocalRunner
    from selfplay.worker import hash_network

    game = make("connect_four")
    config = SelfPlayConfig(num_games=64, quantum=9000, search=SearchConfig(num_simulations=4))
    records = LocalRunner(game, config, lambda: hash_network(game), seed=1, deterministic=True).collect()
    part, count = Part.of(game, records), samples(records)
    replays = {name: Replay(game, WindowConfig(start=10**7)) for name in ("records", "sheaf")}
    works: dict[str, Callable[[], Any]] = {
        "taken": lambda: replays["records"].add(unpack(game, part.data)),
        "packed": lambda: pack(game, records),
        "appended": lambda: (replays["sheaf"].add(Sheaf(game, [part])), packed(game, [Sheaf(game, [part])])),
        "checked": lambda: Part.of(game, unpack(game, part.data)),
    }
    spans: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(8):
        for name, work in works.items():
            start = time.process_time()
            work()
            spans[name].append((time.process_time() - start) / count)
    size = sum(array.nbytes for array in part.rows) / count
    found = {name: statistics.median(each[1:]) for name, each in spans.items()}
    return found | {"bytes_packed": len(part.data) / count, "bytes_of_a_row": size}


def main() -> None:
    parser = argparse.ArgumentParser(description="RayRunner's throughput against the number of actors.")
    parser.add_argument("--actors", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--rate", type=float, default=10_000.0, help="evaluations a second of one actor")
    parser.add_argument("--aggregate", action="store_true", help="through an aggregator")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    connect("local", RayConfig())
    rows = []
    for actors in flags.actors:
        rows.append(at(actors, flags.seconds, flags.rate, flags.aggregate))
    costs = ingest()
    settings = {name: value for name, value in vars(flags).items() if name not in ("out", "json")}
    report("ray_scaling", settings | {"costs": costs}, rows, out=flags.out, as_json=flags.json)
    for name in ("taken", "appended"):
        print(f"{name}: {1 / costs[name]:,.0f} positions/s of the driver's thread", file=sys.stderr)


if __name__ == "__main__":
    main()
