"""Does the memory of the driver and of the object store grow if the actors are faster than the learner?

A real run on a Ray cluster of this machine. Actors play tic-tac-toe with the hash network, and the learner trains on
every position many times, so that it uses fewer games than the actors could play. Memory is measured every second. Its
slope is the median of the slopes between all pairs of measurements (Theil and Sen), without the first third, in which
the replay buffer fills and libraries are loaded.

    python -m benchmarks.cluster.slow_learner [--minutes 10] [--out FILE.json] [--json]
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agent.networks.policy_value import NetworkConfig
from agent.search.search import SearchConfig
from benchmarks.script import make_parser, report, run_script
from games import make
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import hash_network
from selfplay.distributed.config import RayConfig
from training.alphazero import AlphaZeroRun
from training.config import LearnConfig, TrainConfig
from training.replay_buffer import WindowConfig

INTERVAL = 1.0  # seconds between two measurements
LONGEST_GAP = 5.0  # seconds; a longer gap means that the process was stopped, and counts as this long
CONFIG = TrainConfig(
    game="tic_tac_toe",
    network=NetworkConfig(blocks=2, channels=32),
    self_play=SelfPlayConfig(num_games=32, search=SearchConfig(num_simulations=4)),
    learn=LearnConfig(reuse=32.0, first_samples=2000, window=WindowConfig(start=2000, slope=0.0), publish_steps=10),
    grade_minutes=0.0,
    checkpoint_minutes=0.5,
)


def run(seconds: float, actors: int, folder: Path) -> dict[str, Any]:
    """One run of so many seconds after the learner's first step: its memory, slopes and counts."""
    from selfplay.distributed.ray_runner import RayRunner

    cluster = RayConfig(num_actors=actors, num_cpus=0.1, seconds=0.5, object_store_mb=80)

    def remote(game: Any, config: Any, evaluator: Any, **more: Any) -> RayRunner:
        return RayRunner(game, config, hash_network, address="local", cluster=cluster, **more)

    samples: list[tuple[float, float, float]] = []  # seconds of work, megabytes of the driver and of the stores
    last = [time.monotonic()]

    def stopping() -> bool:  # called between any two steps
        gap = time.monotonic() - last[0]
        if learner.trainer.steps and gap >= INTERVAL:
            worked = samples[-1][0] + min(gap, LONGEST_GAP) if samples else 0.0
            samples.append((worked, resident_megabytes(), object_store_megabytes()))
            last[0] += gap
        return bool(samples) and samples[-1][0] >= seconds

    learner = AlphaZeroRun(make(CONFIG.game), CONFIG, folder, remote=remote, stopping=stopping)
    learner.go()
    times, driver, store = np.array(samples[len(samples) // 3 :]).T
    return {
        "minutes": round(samples[-1][0] / 60, 2),
        "games": learner.num_games,
        "steps": learner.trainer.steps,
        "versions": learner.version // CONFIG.learn.publish_steps,
        "driver_MB": round(float(driver[-1]), 1),
        "driver_MB_a_minute": round(60 * median_slope(times, driver), 3),
        "store_MB": round(float(store.max()), 2),
        "store_MB_a_minute": round(60 * median_slope(times, store), 3),
    }


def resident_megabytes() -> float:
    """The megabytes of this process, without freed memory, which varies by more than the measured growth."""
    with contextlib.suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def object_store_megabytes() -> float:
    """The megabytes in the object stores of all nodes of the cluster."""
    import ray
    from ray._private.internal_api import node_stats

    nodes = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    stats = [node_stats(n["NodeManagerAddress"], n["NodeManagerPort"], False) for n in nodes]  # type: ignore[no-untyped-call]
    return sum(each.store_stats.object_store_bytes_used for each in stats) / 1e6


def median_slope(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """The median of the slopes between all pairs of points, per second."""
    first, second = np.triu_indices(len(times), 1)
    if not len(first):
        return 0.0
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


def main() -> None:
    parser = make_parser("Memory of the driver while actors are faster than the learner.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--actors", type=int, default=4)
    flags = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        row = run(60 * flags.minutes, flags.actors, Path(folder))
    settings = {"minutes": flags.minutes, "actors": flags.actors}
    report("ray_slow_learner", settings, [row], out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)
