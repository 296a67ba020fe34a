"""Throughput against the number of actors, with the network replaced by one that sleeps; and what the driver costs.

The sleeping evaluator gives 10,000 evaluations a second an actor and needs no torch, so that a few cores host many
actors. The driver's costs are CPU seconds of its process, which other load on the machine does not change; they are
what benchmarks.scaling_sim is fed with.

    python -m benchmarks.ray_scaling [--actors 1 2 4 8] [--seconds 15] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
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
from selfplay.ray_runner import RayRunner
from selfplay.records import pack, samples, unpack
from selfplay.worker import RayConfig, Weightless
from training.replay import Replay, WindowConfig

RATE = 10_000.0


def sleeping(game: Game) -> Any:
    """No knowledge at ``RATE`` evaluations a second; the time that a search takes meanwhile is slept less."""
    free = [time.perf_counter()]

    def evaluate(states: Any, positions: Any) -> Any:
        free[0] = max(free[0], time.perf_counter() - 1.0) + len(states) / RATE
        time.sleep(max(0.0, free[0] - time.perf_counter()))
        return uniform(states, positions)

    return Weightless(evaluate)


def at(actors: int, seconds: float) -> dict[str, Any]:
    """One row: moves a second of so many actors, the driver's CPU, an actor's memory, a weight update's time."""
    config = SelfPlayConfig(num_games=32, opening_plies=4, search=SearchConfig(num_simulations=100))
    spread = RayConfig(num_actors=actors, num_cpus=0.01)
    runner = RayRunner(make("connect_four"), config, sleeping, seed=1, cluster=spread)
    try:
        runner.publish({}, 0)
        while len(runner.staff) < actors or not all(any(hired.counts) for hired in runner.staff.values()):
            runner.collect(1.0)
        start, cpu, before, games = time.perf_counter(), time.process_time(), runner.moves, 0
        while time.perf_counter() - start < seconds:
            games += samples(runner.collect(0.5))
        span, used = time.perf_counter() - start, time.process_time() - cpu
        moved = runner.moves - before
        calls = actors * span / runner.seconds
        updates = [update(runner, version) for version in (1, 2, 3)]
        memory = [proportional(hired.pid) for hired in runner.staff.values()]
        return {
            "actors": actors,
            "moves_per_s": round(moved / span, 1),
            "evaluations_per_s_an_actor": round(moved * 100 / span / actors),
            "driver_cpu": round(used / span, 4),
            "driver_ms_a_call": round(1e3 * used / calls, 3),
            "actor_MB": round(statistics.median(memory)),
            "update_s": round(statistics.median(updates), 2),
        }
    finally:
        runner.close()


def update(runner: RayRunner, version: int) -> float:
    """Seconds from publishing 5 M parameters until every actor has answered a call that brought them."""
    start = time.perf_counter()
    runner.publish({"weights": np.zeros(5_000_000, np.float32)}, version)
    asked: dict[str, Any] = {}
    while len(asked) < len(runner.staff) or any(ref in pending(runner) for ref in asked.values()):
        runner.collect(0.05)
        for name, hired in runner.staff.items():
            if hired.version == version and hired.calls:
                asked.setdefault(name, hired.calls[-1][1])
    return time.perf_counter() - start - 2 * runner.seconds  # the two calls that were under way come first


def pending(runner: RayRunner) -> set[Any]:
    return {ref for hired in runner.staff.values() for _, ref in hired.calls}


def proportional(pid: int) -> float:
    """Megabytes of a process, shared pages divided among those that share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def ingest() -> dict[str, Any]:
    """What one position costs the driver: unpacked, checked against the rules, put into replay; and its bytes."""
    from selfplay.local_runner import LocalRunner
    from selfplay.worker import hash_network

    game = make("connect_four")
    config = SelfPlayConfig(num_games=64, quantum=9000, search=SearchConfig(num_simulations=4))
    records = LocalRunner(game, config, lambda: hash_network(game), seed=1, deterministic=True).collect()
    data, count = pack(game, records), samples(records)
    replay = Replay(game, WindowConfig(start=10**7))
    spans = []
    for _ in range(6):
        start = time.process_time()
        replay.add(unpack(game, data))
        spans.append(time.process_time() - start)
    return {"position": statistics.median(spans[1:]) / count, "bytes_a_position": len(data) / count}


def main() -> None:
    parser = argparse.ArgumentParser(description="RayRunner's throughput against the number of actors.")
    parser.add_argument("--actors", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    rows = [at(actors, flags.seconds) for actors in flags.actors]
    costs = ingest()
    settings = {"actors": flags.actors, "seconds": flags.seconds}
    report("ray_scaling", settings, rows, out=flags.out, as_json=flags.json)
    constants = {
        "positions": rows[0]["moves_per_s"],
        "call": max(0.0, statistics.median(row["driver_ms_a_call"] for row in rows) / 1e3),
        "position": costs["position"],
    }
    print(f"one thread takes in {1 / costs['position']:,.0f} positions/s of {costs['bytes_a_position']:.1f} bytes each")
    if flags.out:
        path = Path(flags.out)
        found = json.loads(path.read_text(encoding="utf-8")) | {"constants": constants, "ingest": costs}
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
