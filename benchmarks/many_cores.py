"""Where threads stop paying: self-play in threads and in processes, with devices that take no processor time.

Four parts, in Connect Four and other games:

* lock: which operations of NumPy release Python's lock (the GIL). While a thread does one, another thread counts how
  often it gets the lock.
* free: an evaluator that costs nothing, in 1 and 2 threads of one process and in 1 and 2 processes: evaluations for
  each second of processor time, and of wall time.
* device: a "null GPU", which takes the same time for every batch of up to 2,048 rows and no processor time. Threads of
  one process share it by batching, processes by taking turns.
* projected: evaluations/s of many threads. By ``honte bench --only round``, an evaluation needs the lock for g
  microseconds and a core without the lock for c, to which a network on the CPU adds its own. With N threads on as many
  cores, the lock is the one server of a closed queue, and mean value analysis (Reiser and Lavenberg 1980) gives the
  rate X(N): R(1) = g, X(n) = n / (c + R(n)), R(n + 1) = g (1 + X(n) R(n)). Threads gain until about (c + g) / g of
  them; the rate never exceeds 1 / g.

    python -m benchmarks.many_cores [--games connect_four go] [--seconds 3] [--out FILE.json] [--json]
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from agent.inference.batching import BatchingEvaluator
from agent.inference.evaluate import Evaluate, Evaluation
from agent.networks.policy_value import NetworkConfig
from agent.search.search import SearchConfig
from benchmarks.script import make_parser, report, run_script
from games import make
from games.game import Positions, States
from honte.bench.round import STAGES, stage_costs
from honte.bench.self_play import CountingEvaluator
from honte.bench.setup import BenchSetup
from selfplay import local_runner
from selfplay.config import SelfPlayConfig
from selfplay.local_runner import LocalRunner

DEVICE_ROWS = 2048
DEVICE_SECONDS = 0.004
NO_DEVICE = 0.0

WARM_UP = 50
"""Evaluations of each game before anything is timed."""

NETWORKS = {"a GPU": 0.0, "bf16 with AMX": 26.0, "int8 with AVX-512 VNNI": 140.0}
"""Microseconds of a core that an evaluation by a network of 6 x 64 takes (Connect Four)."""


class FreeEvaluator(Evaluate):
    """Answers every position with zeros, from memory that exists already."""

    def __init__(self, num_actions: int) -> None:
        self.logits, self.value = np.zeros((DEVICE_ROWS, num_actions), np.float32), np.zeros(DEVICE_ROWS, np.float32)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        rows = len(states)
        return Evaluation(self.logits[:rows], self.value[:rows])


class NullDevice(FreeEvaluator):
    """Sleeps ``seconds`` for a batch, one batch at a time, and then answers; ``turn`` is shared by processes."""

    def __init__(self, num_actions: int, seconds: float, turn: Any) -> None:
        super().__init__(num_actions)
        self.seconds, self.turn = seconds, turn

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        with self.turn:
            time.sleep(self.seconds)
        return super().__call__(states, positions)


class Played(NamedTuple):
    """What self-play did in some seconds."""

    evaluations: int
    cpu_s: float
    wall_s: float
    batches: int = 0


_shared: dict[str, Any] = {}  # in a process that plays: the turn at the device, and the barrier of all processes


def _share(turn: Any, together: Any) -> None:
    _shared.update(turn=turn, together=together)


def play(game_name: str, threads: int, games: int, device_seconds: float, seconds: float) -> Played:
    """Self-play in ``threads`` of this process with ``games`` each, at the same time as the other processes."""
    local_runner.SELF_PLAY_NICENESS = 0  # there is no learner to give way to
    game = make(game_name)
    config = SelfPlayConfig(
        num_games=games,
        num_groups=threads,
        max_opening_plies=game.max_plies // 2,
        deep_openings=1.0,
        search=SearchConfig(num_simulations=200),
    )
    evaluate: Any = FreeEvaluator(game.num_actions)
    if device_seconds:
        device = NullDevice(game.num_actions, device_seconds, _shared["turn"])
        evaluate = BatchingEvaluator(device, max_rows=DEVICE_ROWS)
    counted = CountingEvaluator(evaluate)
    runner = LocalRunner(game, config, lambda: counted, seed=3)
    try:
        while counted.asked < WARM_UP * threads * games:  # openings are drawn, and games have spread out
            runner.collect(0.1)
        _shared["together"].wait(timeout=120)
        before, batches, cpu, begun = counted.asked, _batches(evaluate), time.process_time(), time.perf_counter()
        _collect(runner, seconds)
        wall = time.perf_counter() - begun
        return Played(counted.asked - before, time.process_time() - cpu, wall, _batches(evaluate) - batches)
    finally:
        runner.close()


def _collect(runner: LocalRunner, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        runner.collect(min(left, 0.1))


def _batches(evaluate: Any) -> int:
    return int(getattr(evaluate, "num_batches", 0))


def play_in_processes(processes: int, *arguments: Any) -> Played:
    """The sum over ``processes`` that ``play`` at the same time."""
    spawn = multiprocessing.get_context("spawn")
    shared = spawn.Lock(), spawn.Barrier(processes)
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_share, initargs=shared) as pool:
        found = [each.result() for each in [pool.submit(play, *arguments) for _ in range(processes)]]
    evaluations, cpu, wall, batches = (sum(each) for each in zip(*found, strict=True))
    return Played(evaluations, cpu, wall / processes, batches)


def count_lock(work: Callable[[], Any]) -> tuple[float, int]:
    """Seconds that ``work`` takes in a thread, and how often this thread gets the lock meanwhile."""
    span: list[float] = []

    def run() -> None:
        begun = time.perf_counter()
        work()
        span.extend((begun, time.perf_counter()))

    ticks: list[float] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)  # nobody is made to give the lock away
    try:
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive():
            time.sleep(0.0005)
            ticks.append(time.perf_counter())
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    begun, end = span
    return end - begun, sum(begun < tick < end for tick in ticks)


def measure_lock() -> list[dict[str, Any]]:
    """The copies of a round of self-play, on arrays so large that one takes a tenth of a second or more."""
    states = np.zeros(40_000, np.dtype([("cells", np.uint8, 2504)]))
    index, observations = np.random.default_rng(0).permutation(len(states)), np.zeros((40_000, 17, 9, 9), np.uint8)
    floats, copies = np.zeros(observations.shape, np.float32), states.copy()
    works: dict[str, Callable[[], Any]] = {
        "copies of states: take": lambda: states.take(index, 0, copies, "clip"),
        "batches of several threads: concatenate": lambda: np.concatenate([states, states]),
        "packing: uint8 to float32": lambda: floats.__setitem__(slice(None), observations),
        "unpacking: a copy": lambda: np.array(floats, np.float32),
        "unpacking: exp": lambda: np.exp(floats),
    }
    rows: list[dict[str, Any]] = []
    for name, work in works.items():
        seconds, ticks = count_lock(work)
        rows.append({"part": "lock", "what": name, "seconds": round(seconds, 3), "got the lock": ticks})
    return rows


def projected_rate(threads: int, locked_us: float, free_us: float) -> float:
    """Evaluations per second of ``threads`` on as many cores; see the module's text."""
    response, rate = locked_us, 0.0
    for n in range(1, threads + 1):
        rate = n / (free_us + response)
        response = locked_us * (1 + rate * response)
    return 1e6 * rate


def measure_game(name: str, seconds: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def add(processes: int, threads: int, games: int, device_seconds: float) -> None:
        played = play_in_processes(processes, name, threads, games, device_seconds, seconds)
        device = f", device of {1e3 * device_seconds:g} ms" if device_seconds else ""
        row: dict[str, Any] = {"part": "device" if device else "free", "game": name}
        row["what"] = f"{processes} x {threads} threads of {games} games{device}"
        per_s = played.evaluations / played.wall_s
        row |= {"per_s": round(per_s), "per_cpu_s": round(played.evaluations / played.cpu_s)}
        row["cores"] = round(played.cpu_s / played.wall_s, 2)
        if device_seconds:
            row["rows/batch"] = round(played.evaluations / max(played.batches, 1))
            row["device busy"] = round(played.batches * device_seconds / played.wall_s, 3)
            row["of device"] = round(per_s * device_seconds / DEVICE_ROWS, 3)
        rows.append(row)
        print(", ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr, flush=True)

    for processes, threads in ((1, 1), (1, 2), (2, 1)):
        add(processes, threads, 512, NO_DEVICE)
    for processes, threads, games in ((1, 8, 512), (1, 16, 512), (2, 8, 512)):
        add(processes, threads, games, DEVICE_SECONDS)
    add(1, 16, 512, 2 * DEVICE_SECONDS)
    return rows + project(name, seconds)


def project(name: str, seconds: float) -> list[dict[str, Any]]:
    """The rates of many threads for each of ``NETWORKS``, and the share of the time that the lock is held."""
    setting = BenchSetup(game=make(name), network=NetworkConfig(), rounds=3, seconds=seconds / 3, num_games=512)
    costs = stage_costs(setting)
    locked = sum(cost for stage, cost in costs.items() if STAGES[stage])
    rows: list[dict[str, Any]] = []
    for network, microseconds in NETWORKS.items():
        free = sum(costs.values()) - locked + microseconds
        for threads in (1, 2, 4, 8, 16, 32, 64):
            rate = projected_rate(threads, locked, free)
            what = f"{network}: {threads} threads, g = {locked:.2f} and c = {free:.2f} µs"
            row = {"part": "projected", "game": name, "what": what, "per_s": round(rate)}
            rows.append(row | {"lock": round(rate * locked / 1e6, 3)})
    return rows


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--games", nargs="+", default=["connect_four", "go"])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    args = parser.parse_args()
    rows = measure_lock()
    for name in args.games:
        rows += measure_game(name, args.seconds)
    config = {"games": args.games, "seconds": args.seconds}
    config["load"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else ""
    report("many_cores", config, rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    run_script(main)
