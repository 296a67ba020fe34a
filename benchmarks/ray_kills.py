"""A long run under fire: actors of a real cluster are killed (-9) at random, frozen now and then, nodes leave and come.

Counts what must not happen: an id stored twice, an id lost, a game in quarantine that crashes nobody; and measures the
driver's memory and the object store meanwhile.

    python -m benchmarks.ray_kills [--kills 500] [--minutes 60] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from agent.search import SearchConfig
from benchmarks.machine import report
from games import make
from selfplay.hired import patiently
from selfplay.local_runner import SelfPlayConfig
from selfplay.ray_runner import RayRunner
from selfplay.records import samples
from selfplay.worker import RayConfig, hash_network

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
PAUSE = (1.0, 3.0)  # seconds between two kills, while somebody is at work


def run(kills: int, minutes: float, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False}))
    spare = patiently(lambda: cluster.add_node(**NODE))
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    config = SelfPlayConfig(num_games=16, search=SearchConfig(num_simulations=16))
    spread = RayConfig(num_actors=2, seconds=0.2, timeout=20.0)
    runner = RayRunner(make("tic_tac_toe"), config, hash_network, seed=seed, cluster=spread)
    runner.publish({}, 0)
    found: set[int] = set()
    counts = {"killed": 0, "frozen": 0, "nodes removed": 0, "twice": 0, "positions": 0}
    start, due, memory = time.monotonic(), 0.0, []

    def take() -> None:
        for record in runner.collect(0.5):
            counts["twice"] += record.id in found
            counts["positions"] += samples([record])
            found.add(record.id)

    try:
        while counts["killed"] < kills and time.monotonic() - start < 60 * minutes:
            take()
            now = time.monotonic()
            at_work = [hired for hired in runner.staff.values() if any(hired.counts)]
            if now >= due and at_work:
                due = now + chance.uniform(*PAUSE)
                victim, kind = chance.choice(at_work), chance.random()
                if kind < 0.03:
                    os.kill(victim.pid, signal.SIGSTOP)
                    counts["frozen"] += 1
                elif kind < 0.05:
                    cluster.remove_node(spare, allow_graceful=False)
                    spare = patiently(lambda: cluster.add_node(**NODE))
                    counts["nodes removed"] += 1
                else:
                    os.kill(victim.pid, signal.SIGKILL)
                    counts["killed"] += 1
                memory.append((now - start, resident()))
        last = max(found)
        deadline = time.monotonic() + 300
        while not set(range(last)) <= found and time.monotonic() < deadline:
            take()
        lost = set(range(runner.next_id)) - found - set(runner.missing)
        spent = time.monotonic() - start
        row = {
            **counts,
            "games": len(found),
            "lost": len(lost - set(runner.ledger.quarantined)),
            "quarantined": len(runner.ledger.quarantined),
            "replaced": sum("is replaced" in note for note in runner.notes),
            "minutes": round(spent / 60, 1),
            "driver_MB_a_minute": round(slope(memory[len(memory) // 3 :]) * 60, 3),
        }
        return [{"what": name, "count": value} for name, value in row.items()]
    finally:
        runner.close()
        ray.shutdown()
        cluster.shutdown()


def resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def slope(points: list[tuple[float, float]]) -> float:
    """Of the least-squares line."""
    if len(points) < 2:
        return 0.0
    mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / max(spread, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill actors at random and count what must not happen.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    settings = {name: value for name, value in vars(flags).items() if name not in ("out", "json")}
    report("ray_kills", settings, run(flags.kills, flags.minutes, flags.seed), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
