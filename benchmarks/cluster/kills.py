"""Does self-play lose a game while actors are killed at random? A long run on a real cluster of this machine.

Actors are killed (-9), and so are the processes in which they play suspected games; some are frozen, and nodes leave
and come. The benchmark counts what must not happen: an id stored twice, an id lost, a harmless game in quarantine, a
game that differs from the one that LocalRunner plays under that id. The evaluator is the hash network with a short
wait, so that most of the time goes into deaths and new starts.

With ``--state FILE`` a call continues where the last one stopped, as a run does whose driver has died: one long run in
calls of a few minutes. The counts are those of all calls together.

    python -m benchmarks.cluster.kills [--kills 500] [--minutes 60] [--state FILE] [--out FILE.json] [--json]
"""

from __future__ import annotations

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
from benchmarks.cluster.slow_evaluator import slow_hash_network
from benchmarks.script import make_parser, report, run_script
from games import make
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import hash_network
from selfplay.distributed.cluster_connection import retry_start
from selfplay.distributed.config import RayConfig
from selfplay.distributed.ray_runner import RayRunner
from selfplay.local_runner import LocalRunner
from selfplay.records import GameRecord, num_samples

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
PAUSE = (0.4, 1.2)  # seconds between two kills, while somebody is at work
PLAY = SelfPlayConfig(num_games=16, search=SearchConfig(num_simulations=16))


def digest(record: GameRecord) -> str:
    """A digest that differs if the games differ in a bit."""
    arrays = (record.actions, record.policies, record.values, record.budgets, record.networks)
    whole = b"".join(array.tobytes() for array in arrays) + bytes([record.outcome & 255, record.proven])
    return hashlib.blake2b(whole, digest_size=12).hexdigest()


def count_different(found: dict[int, str], seed: int) -> int:
    """How many of the games differ from LocalRunner's."""
    game = make("tic_tac_toe")
    local = LocalRunner(game, PLAY, lambda: hash_network(game), seed=seed, deterministic=True)
    left = set(found)
    different = 0
    while left:
        for record in local.collect():
            if record.id in left:
                left.remove(record.id)
                different += digest(record) != found[record.id]
    return different


def isolated_processes(actors: set[int]) -> list[int]:
    """The processes in which these actors play suspected games."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            parent = int((path.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent in actors and b"selfplay.distributed.quarantine" in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def run(kills: int, minutes: float, seed: int, state: dict[str, Any]) -> None:
    """Continue from ``state``, which is updated, until there are so many kills or so many minutes are over."""
    counts, found = state["counts"], state["found"]
    rng = random.Random(seed * 1000 + counts["killed"])
    start = time.monotonic()
    cluster = retry_start(lambda: Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False}))
    spare = retry_start(lambda: cluster.add_node(**NODE))
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    config = RayConfig(num_actors=4, num_cpus=0.5, seconds=0.2, timeout=20.0)
    ids: dict[str, Any] = {"first_id": state["next_id"], "missing": state["missing"]}
    runner = RayRunner(make("tic_tac_toe"), PLAY, slow_hash_network, seed=seed, cluster=config, **ids)
    runner.publish({}, 0)
    next_kill = 0.0

    def collect() -> None:
        for record in runner.collect(0.5):
            counts["twice"] += record.id in found
            counts["positions"] += num_samples([record])
            found[record.id] = digest(record)

    try:
        while counts["killed"] < kills and time.monotonic() - start < 60 * minutes:
            collect()
            now = time.monotonic()
            at_work = [actor for actor in runner.actors.values() if actor.has_worked]
            if now >= next_kill and at_work:
                next_kill = now + rng.uniform(*PAUSE)
                victim, kind = rng.choice(at_work), rng.random()
                if kind < 0.02:
                    cluster.remove_node(spare, allow_graceful=False)
                    spare = retry_start(lambda: cluster.add_node(**NODE))
                    counts["nodes removed"] += 1
                    continue
                isolated = isolated_processes({actor.pid for actor in runner.actors.values()})
                if kind > 0.8 and isolated:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(rng.choice(isolated), signal.SIGKILL)
                        counts["suspects' processes killed"] += 1
                    continue
                frozen = kind < 0.05
                try:
                    os.kill(victim.pid, signal.SIGSTOP if frozen else signal.SIGKILL)
                except ProcessLookupError:  # it died with its node, or its death is not noticed yet
                    continue
                counts["frozen" if frozen else "killed"] += 1
                if not counts["killed"] % 20:
                    print(f"{now - start:.0f} s: {counts}, {len(found)} games", file=sys.stderr, flush=True)
    finally:
        counts["replaced"] += sum("is replaced" in note for note in runner.notes)
        counts["quarantined"] += len(runner.assignments.quarantined)
        state |= {"next_id": runner.next_id, "missing": runner.missing}
        counts["drivers"] += 1
        counts["minutes"] = round(counts["minutes"] + (time.monotonic() - start) / 60, 2)
        runner.close()
        ray.shutdown()
        cluster.shutdown()


def result(state: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """Every id that was assigned is stored, still to be played (owed), or lost."""
    found = state["found"]
    lost = set(range(state["next_id"])) - found.keys() - set(state["missing"])
    rows = {**state["counts"], "games": len(found), "owed": len(state["missing"]), "lost": len(lost)}
    rows["not LocalRunner's"] = count_different(found, seed)
    return [{"what": name, "count": value} for name, value in rows.items()]


def load_state(path: str | None) -> dict[str, Any]:
    """The state that an earlier call stored in a file, or a new one."""
    if path and Path(path).exists():
        state: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return state | {"found": {int(i): digest for i, digest in state["found"].items()}}
    names = ["killed", "suspects' processes killed", "frozen", "nodes removed", "drivers", "replaced"]
    names += ["twice", "quarantined", "positions", "minutes"]
    return {"counts": dict.fromkeys(names, 0), "found": {}, "next_id": 0, "missing": []}


def main() -> None:
    parser = make_parser("Kill actors at random and count what must not happen.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", help="a file from which another call continues")
    flags = parser.parse_args()
    state = load_state(flags.state)
    if state["counts"]["killed"] < flags.kills:
        run(flags.kills, flags.minutes, flags.seed, state)
        if flags.state:
            durable_files.write_atomic(flags.state, json.dumps(state).encode())
    print(state["counts"], file=sys.stderr)
    if state["counts"]["killed"] >= flags.kills or not flags.state:
        settings = {"kills": flags.kills, "seed": flags.seed}
        report("ray_kills", settings, result(state, flags.seed), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)
