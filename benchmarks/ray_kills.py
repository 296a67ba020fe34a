"""A long run under fire: actors of a real cluster are killed (-9) at random, and the processes in which they have
suspected games played; some are frozen, nodes leave and come.

Counts what must not happen: an id stored twice, an id lost, a game in quarantine that crashes nobody, a game that is
not the one LocalRunner plays under that id. The evaluator is the hash network, which waits a little, so that what is
spent is spent on dying and beginning again.

With ``--state FILE`` a call goes on where the last one stopped, as a run does whose driver has died: one long run in
calls of a few minutes. What is counted is of all calls together.

    python -m benchmarks.ray_kills [--kills 500] [--minutes 60] [--state FILE] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from agent.search.search import SearchConfig
from agent.storage import durable_files
from benchmarks.machine import report
from benchmarks.waiting import waiting
from games import make
from selfplay.distributed.actor import RayConfig, hash_network
from selfplay.distributed.actor_handle import retry_start
from selfplay.distributed.ray_runner import RayRunner
from selfplay.local_runner import LocalRunner, SelfPlayConfig
from selfplay.records import GameRecord, num_samples

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
PAUSE = (0.4, 1.2)  # seconds between two kills, while somebody is at work
PLAY = SelfPlayConfig(num_games=16, search=SearchConfig(num_simulations=16))


def mark(record: GameRecord) -> bytes:
    """What tells two games apart that differ in a bit."""
    arrays = (record.actions, record.policies, record.values, record.budgets, record.networks)
    whole = b"".join(array.tobytes() for array in arrays) + bytes([record.outcome & 255, record.proven])
    return hashlib.blake2b(whole, digest_size=12).digest()


def others(found: dict[int, str], seed: int) -> int:
    """How many of the games are not LocalRunner's."""
    game = make("tic_tac_toe")
    local = LocalRunner(game, PLAY, lambda: hash_network(game), seed=seed, deterministic=True)
    left = set(found)
    different = 0
    while left:
        for record in local.collect():
            if record.id in left:
                left.remove(record.id)
                different += mark(record).hex() != found[record.id]
    return different


def ordeals(actors: set[int]) -> list[int]:
    """The processes of suspected games that these have."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            parent = int((path.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent in actors and b"selfplay.distributed.quarantine" in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def run(kills: int, minutes: float, seed: int, state: dict[str, Any]) -> None:
    """Go on from ``state`` until there are so many kills, or so many minutes are over; ``state`` holds all of it."""
    counts, found = state["counts"], state["found"]
    chance = random.Random(seed * 1000 + counts["killed"])
    start = time.monotonic()
    cluster = retry_start(lambda: Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False}))
    spare = retry_start(lambda: cluster.add_node(**NODE))
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    spread = RayConfig(num_actors=4, num_cpus=0.5, seconds=0.2, timeout=20.0)
    owed: dict[str, Any] = {"first_id": state["next_id"], "missing": state["missing"]}
    runner = RayRunner(make("tic_tac_toe"), PLAY, waiting, seed=seed, cluster=spread, **owed)
    runner.publish({}, 0)
    due = 0.0

    def take() -> None:
        for record in runner.collect(0.5):
            counts["twice"] += record.id in found
            counts["positions"] += num_samples([record])
            found[record.id] = mark(record).hex()

    try:
        while counts["killed"] < kills and time.monotonic() - start < 60 * minutes:
            take()
            now = time.monotonic()
            at_work = [hired for hired in runner.staff.values() if any(hired.counts)]
            if now >= due and at_work:
                due = now + chance.uniform(*PAUSE)
                victim, kind = chance.choice(at_work), chance.random()
                if kind < 0.02:
                    cluster.remove_node(spare, allow_graceful=False)
                    spare = retry_start(lambda: cluster.add_node(**NODE))
                    counts["nodes removed"] += 1
                    continue
                apart = ordeals({hired.pid for hired in runner.staff.values()})
                if kind > 0.8 and apart:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(chance.choice(apart), signal.SIGKILL)
                        counts["suspects' processes killed"] += 1
                    continue
                frozen = kind < 0.05
                try:
                    os.kill(victim.pid, signal.SIGSTOP if frozen else signal.SIGKILL)
                except ProcessLookupError:  # it went with its node, or nobody has noticed yet
                    continue
                counts["frozen" if frozen else "killed"] += 1
                if not counts["killed"] % 20:
                    print(f"{now - start:.0f} s: {counts}, {len(found)} games", file=sys.stderr, flush=True)
    finally:
        counts["replaced"] += sum("is replaced" in note for note in runner.notes)
        counts["quarantined"] += len(runner.ledger.quarantined)
        state |= {"next_id": runner.next_id, "missing": runner.missing}
        counts["drivers"] += 1
        counts["minutes"] = round(counts["minutes"] + (time.monotonic() - start) / 60, 2)
        runner.close()
        ray.shutdown()
        cluster.shutdown()


def result(state: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """Every id that was given out is stored, still owed, or lost."""
    found = state["found"]
    lost = set(range(state["next_id"])) - found.keys() - set(state["missing"])
    rows = {**state["counts"], "games": len(found), "owed": len(state["missing"]), "lost": len(lost)}
    rows["not LocalRunner's"] = others(found, seed)
    return [{"what": name, "count": value} for name, value in rows.items()]


def begun(path: str | None) -> dict[str, Any]:
    """What an earlier call left in a file, or a beginning."""
    if path and Path(path).exists():
        state: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return state | {"found": {int(i): told for i, told in state["found"].items()}}
    names = ["killed", "suspects' processes killed", "frozen", "nodes removed", "drivers", "replaced"]
    names += ["twice", "quarantined", "positions", "minutes"]
    return {"counts": dict.fromkeys(names, 0), "found": {}, "next_id": 0, "missing": []}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill actors at random and count what must not happen.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", help="a file that another call goes on from")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    state = begun(flags.state)
    if state["counts"]["killed"] < flags.kills:
        run(flags.kills, flags.minutes, flags.seed, state)
        if flags.state:
            durable_files.write_atomic(flags.state, json.dumps(state).encode())
    print(state["counts"], file=sys.stderr)
    if state["counts"]["killed"] >= flags.kills or not flags.state:
        settings = {"kills": flags.kills, "seed": flags.seed}
        report("ray_kills", settings, result(state, flags.seed), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
