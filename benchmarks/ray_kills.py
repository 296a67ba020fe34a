"""A long run under fire: actors of a real cluster are killed (-9) at random, frozen now and then, nodes leave and come.

Counts what must not happen: an id stored twice, an id lost, a game in quarantine that crashes nobody, a game that is
not the one LocalRunner plays under that id; and measures the driver's memory meanwhile. The evaluator is the hash
network, which waits a little, so that what is spent is spent on dying and beginning again.

    python -m benchmarks.ray_kills [--kills 500] [--minutes 60] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from agent.evaluation import hashed
from agent.search import SearchConfig
from benchmarks.machine import report
from games import make
from games.game import Game
from selfplay.hired import patiently
from selfplay.local_runner import LocalRunner, SelfPlayConfig
from selfplay.ray_runner import RayRunner
from selfplay.records import GameRecord, samples
from selfplay.worker import RayConfig, Weightless, hash_network

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
PAUSE = (1.0, 3.0)  # seconds between two kills, while somebody is at work
PLAY = SelfPlayConfig(num_games=16, search=SearchConfig(num_simulations=16))
WAIT = 0.01  # seconds for each batch of the network


def waiting(game: Game) -> Any:
    """The hash network, at leisure."""

    def evaluate(states: Any, positions: Any) -> Any:
        time.sleep(WAIT)
        return hashed(states, positions)

    return Weightless(evaluate)


def mark(record: GameRecord) -> bytes:
    """What tells two games apart that differ in a bit."""
    arrays = (record.actions, record.policies, record.values, record.budgets, record.networks)
    whole = b"".join(array.tobytes() for array in arrays) + bytes([record.outcome & 255, record.proven])
    return hashlib.blake2b(whole, digest_size=12).digest()


def others(found: dict[int, bytes], seed: int) -> int:
    """How many of the games are not LocalRunner's."""
    game = make("tic_tac_toe")
    local = LocalRunner(game, PLAY, lambda: hash_network(game), seed=seed, deterministic=True)
    left = set(found)
    different = 0
    while left:
        for record in local.collect():
            if record.id in left:
                left.remove(record.id)
                different += mark(record) != found[record.id]
    return different


def run(kills: int, minutes: float, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False}))
    spare = patiently(lambda: cluster.add_node(**NODE))
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    spread = RayConfig(num_actors=3, num_cpus=0.5, seconds=0.2, timeout=20.0)
    runner = RayRunner(make("tic_tac_toe"), PLAY, waiting, seed=seed, cluster=spread)
    runner.publish({}, 0)
    found: dict[int, bytes] = {}
    counts = {"killed": 0, "frozen": 0, "nodes removed": 0, "twice": 0, "positions": 0}
    start, due, memory = time.monotonic(), 0.0, []

    def take() -> None:
        for record in runner.collect(0.5):
            counts["twice"] += record.id in found
            counts["positions"] += samples([record])
            found[record.id] = mark(record)

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
                if not sum(counts[kind] for kind in ("killed", "frozen", "nodes removed")) % 25:
                    print(f"{(now - start) / 60:.1f} min: {counts}, {len(found)} games", file=sys.stderr, flush=True)
        last = max(found)
        deadline = time.monotonic() + 300
        while not found.keys() >= set(range(last)) and time.monotonic() < deadline:
            take()
        lost = set(range(runner.next_id)) - found.keys() - set(runner.missing)
        spent = time.monotonic() - start
        row = {
            **counts,
            "games": len(found),
            "not LocalRunner's": others(found, seed),
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
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # actors cannot import what runs as a script
    settings = {name: value for name, value in vars(flags).items() if name not in ("out", "json")}
    report("ray_kills", settings, run(flags.kills, flags.minutes, flags.seed), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
