"""Throughput of RayRunner by the number of actors, with an evaluator that sleeps; and the driver's CPU time.

The sleeping evaluator makes ``--rate`` evaluations per second in each actor, 10,000 by default. It needs neither torch
nor observations, so that two cores can host 64 actors; with many games at once, the search is cheap too. One cluster
grows from the first to the last number of actors, so that each actor starts once. An actor's rate is measured between
its first and its last report in the window, so that the ends of the window do not matter. CPU seconds are those of each
process; ``benchmarks.cluster.simulation`` reads them. ``--aggregate`` puts an aggregator between driver and actors.

    python -m benchmarks.cluster.scaling [--actors 1 2 4 8] [--rate 10000] [--games 1024] [--aggregate] [--seconds 20]
        [--update-call 0.5] [--out FILE.json]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("RAY_worker_niceness", "5")  # the driver, which would have a core of its own, goes first

import ray

from agent.inference.evaluate import uniform_evaluate
from agent.search.search import SearchConfig
from benchmarks.cluster.driver_costs import driver_costs
from benchmarks.cluster.processes import cpu_seconds, memory_megabytes, processes
from benchmarks.script import make_parser, report, run_script
from games import make
from games.game import Game
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import ActorReport, FixedEvaluator
from selfplay.distributed.checked_games import Games, num_samples
from selfplay.distributed.config import RayConfig
from selfplay.distributed.ray_runner import RayRunner, connect
from training.replay_buffer import ReplayBuffer, WindowConfig

SIMULATIONS = 100
WARM_UP = 3.0  # seconds between the last actor's first report and the start of the measurement
PARAMETERS = 5_000_000
MAX_LATENESS = 0.25  # seconds that an evaluator may make up for
START_TIMEOUT = 600.0  # seconds until all actors must have reported work


class SleepingEvaluator(FixedEvaluator):
    """Evaluates every position as even, ``rate`` positions per second; the time that the search takes is not slept.

    Up to ``MAX_LATENESS`` seconds that an actor waits for a core or for the driver are made up for; the rest is lost.

    ``marks``: a folder in which each process creates a file when it has loaded a version of the weights.
    """

    observes = False

    def __init__(self, game: Game, *, rate: float, marks: str) -> None:
        super().__init__(uniform_evaluate)
        self.rate, self.marks, self.free = rate, marks, time.perf_counter()

    def __call__(self, states: Any, positions: Any) -> Any:
        self.free = max(self.free, time.perf_counter() - MAX_LATENESS) + len(states) / self.rate
        time.sleep(max(0.0, self.free - time.perf_counter()))
        return super().__call__(states, positions)

    def load(self, weights: Any, version: int) -> None:
        super().load({name: np.array(each) for name, each in weights.items()}, version)
        Path(self.marks, f"{version}.{os.getpid()}").touch()


class WatchedRayRunner(RayRunner):
    """Notes when each report came, and how many evaluations its actor had counted by then."""

    reports: dict[str, list[tuple[float, int]]]

    def _accept_report(self, name: str, report: ActorReport) -> list[Games]:
        self.reports.setdefault(name, []).append((time.perf_counter(), report.counts.evaluated))
        return super()._accept_report(name, report)


class Curve:
    """One cluster whose number of actors grows."""

    def __init__(self, rate: float, games: int, aggregate: bool) -> None:
        self.rate, self.aggregate = rate, aggregate
        self.marks = tempfile.mkdtemp(prefix="honte-scaling-")
        game, search = make("connect_four"), SearchConfig(num_simulations=SIMULATIONS)
        config = SelfPlayConfig(num_games=games, opening_plies=4, search=search)
        spread = RayConfig(num_actors=1, num_cpus=0.01, seconds=1.0, aggregate_above=0 if aggregate else 100)
        self.runner = WatchedRayRunner(
            game, config, partial(SleepingEvaluator, rate=rate, marks=self.marks), seed=1, cluster=spread
        )
        self.runner.reports = {}
        self.replay = ReplayBuffer(game, WindowConfig(start=10**7))
        self.version = 0

    def collect(self) -> int:
        """Add the finished games to a replay buffer, as a learner does; return the number of their positions."""
        games = self.runner.collect(0.5)
        if games:
            self.replay.add(games)
        return num_samples(games)

    def until(self, done: Callable[[], bool], limit: float = START_TIMEOUT) -> float:
        """Seconds until ``done``; TimeoutError after ``limit``."""
        start = time.perf_counter()
        while not done():
            self.collect()
            if time.perf_counter() - start > limit:
                raise TimeoutError(f"not done within {limit:.0f} seconds; {len(self.runner.actors)} actors")
        return time.perf_counter() - start

    def wait(self, seconds: float) -> None:
        """Collect games for so many seconds."""
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() > end)

    def playing(self) -> list[int]:
        """The processes of the actors that play."""
        if self.aggregate:
            return processes("ray::_RayActor")
        return [actor.pid for actor in self.runner.actors.values() if actor.pid]

    def grow(self, actors: int) -> float:
        """Have so many actors; the seconds until all of them have reported work."""
        self.runner.cluster = replace(self.runner.cluster, num_actors=actors)
        handles = self.runner.actors
        return self.until(
            lambda: len(self.playing()) >= actors and bool(handles) and all(h.has_worked for h in handles.values())
        )

    def idle(self, actors: int) -> dict[str, float]:
        """Medians of ``actors``: CPU seconds and megabytes before the first call, and CPU seconds after it."""
        self.runner.cluster = replace(self.runner.cluster, num_actors=actors)
        handles = self.runner.actors
        start = self.until(lambda: len(handles) == actors and all(h.pid and not h.calls for h in handles.values()))
        found = {"start_s": start, "start_cpu_s": self.cpu_each(), "idle_MB": self.memory()}
        self.publish(1)
        self.grow(actors)
        return {name: round(value, 2) for name, value in (found | {"first_call_cpu_s": self.cpu_each()}).items()}

    def cpu_each(self) -> float:
        return statistics.median(cpu_seconds([pid]) for pid in self.playing())

    def memory(self) -> float:
        return statistics.median(memory_megabytes(pid) for pid in self.playing())

    def publish(self, parameters: int) -> None:
        self.version += 1
        self.runner.publish({"weights": np.zeros(parameters, np.float32)}, self.version)

    def row(self, actors: int, seconds: float) -> dict[str, Any]:
        """Evaluations per second of so many actors, CPU time of driver and actors, and their memory."""
        starting = self.grow(actors)
        self.wait(WARM_UP * (5 if self.aggregate else 1))  # an aggregator does not report when its last actor begins
        playing = self.playing()
        aggregators = [each.pid for each in self.runner.actors.values()] if self.aggregate else []
        daemons = processes("raylet/raylet", "gcs_server")
        pids = {
            "actors_cpu": playing,
            "aggregators_cpu": aggregators,
            "daemons_cpu": daemons,
            "driver_cpu": [os.getpid()],
        }
        before = {name: cpu_seconds(group) for name, group in pids.items()}
        self.runner.reports = {}
        start, positions = time.perf_counter(), 0
        while time.perf_counter() - start < seconds or min(map(len, self.runner.reports.values())) < 2:
            positions += self.collect()
        reports = list(self.runner.reports.values())
        span, calls = time.perf_counter() - start, sum(map(len, reports))
        used = {name: cpu_seconds(group) - before[name] for name, group in pids.items()}
        rates = [(each[-1][1] - each[0][1]) / (each[-1][0] - each[0][0]) for each in reports]
        row = {
            "actors": actors,
            "rate": self.rate,
            "aggregators": len(aggregators),
            "evaluations_per_s": round(sum(rates)),
            "of_linear": round(sum(rates) / actors / self.rate, 3),
            "slowest": round(min(rates) * len(rates) / actors / self.rate, 3),
            "positions_per_s": round(positions / span, 1),
            "calls_per_s": round(calls / span, 2),
            **{name: round(value / span, 4) for name, value in used.items()},
            "us_an_evaluation": round(1e6 * used["actors_cpu"] / span / sum(rates), 2),
            "driver_ms_a_call": round(1e3 * used["driver_cpu"] / calls, 3),
            "actor_MB": round(self.memory()),
            "starting_s": round(starting, 1),
        }
        print(row, file=sys.stderr, flush=True)
        return row

    def update(self, actors: int, call: float) -> dict[str, Any]:
        """Seconds from publishing 5 M parameters until the last actor has loaded them, for calls of ``call`` seconds.

        The same is measured for a single parameter: that is the time that the calls in flight take.
        """
        self.runner.cluster = replace(self.runner.cluster, seconds=call)
        self.wait(6.0)
        found: dict[str, Any] = {"actors": actors, "call_s": round(self.runner.seconds, 2)}
        for name, parameters in (("bare", 1), ("update", PARAMETERS)):
            spans = []
            for turn in range(4):
                self.wait(
                    2.0 + 0.37 * turn * self.runner.seconds
                )  # so that publishing does not always hit the same moment of a call
                spans.append(self.arrivals(parameters, actors))
            found |= {f"{name}_median_s": round(statistics.median(map(statistics.median, spans)), 2)}
            found |= {f"{name}_last_s": [round(each[-1], 2) for each in spans]}
        print(found, file=sys.stderr, flush=True)
        return found

    def arrivals(self, parameters: int, actors: int) -> list[float]:
        """Seconds from publishing so many parameters until each actor has loaded them, in rising order."""
        start = time.time()
        self.publish(parameters)
        names = f"{self.version}.*"
        self.until(lambda: len(list(Path(self.marks).glob(names))) >= actors, 60.0)
        return sorted(path.stat().st_mtime - start for path in Path(self.marks).glob(names))

    def close(self) -> None:
        self.runner.close()
        shutil.rmtree(self.marks)


def main() -> None:
    parser = make_parser("RayRunner's throughput against the number of actors.")
    parser.add_argument("--actors", type=int, nargs="*", default=[1, 2, 4, 8], help="rising")
    parser.add_argument("--rate", type=float, default=10_000.0, help="evaluations a second of one actor")
    parser.add_argument("--games", type=int, default=1024, help="that an actor plays at once")
    parser.add_argument("--aggregate", action="store_true", help="through an aggregator")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a window")
    parser.add_argument("--update-call", type=float, nargs="*", default=[], help="its seconds, an update each")
    parser.add_argument("--idle", type=int, default=0, help="so many actors' start and memory first")
    flags = parser.parse_args()
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    found: dict[str, Any] = {"simulations": SIMULATIONS, "costs": driver_costs()}
    connect("local", RayConfig())
    if flags.idle:
        curve = Curve(flags.rate, 32, aggregate=False)
        found["idle"] = curve.idle(flags.idle)
        print(found["idle"], file=sys.stderr, flush=True)
        curve.close()
    rows, curve = [], Curve(flags.rate, flags.games, flags.aggregate)
    try:
        curve.publish(1)
        rows = [curve.row(actors, flags.seconds) for actors in flags.actors]
        if flags.update_call and not flags.aggregate:
            found["updates"] = [curve.update(flags.actors[-1], call) for call in flags.update_call]
    finally:
        curve.close()
    settings = {name: value for name, value in vars(flags).items() if name not in ("out", "json")}
    report("ray_scaling", settings | found, rows, out=flags.out, as_json=flags.json)
    for name in ("taken", "appended"):
        print(f"{name}: {1 / found['costs'][name]:,.0f} positions/s of the driver's thread", file=sys.stderr)


if __name__ == "__main__":
    run_script(main)
