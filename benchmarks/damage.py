"""Shards, checkpoints and metrics of a run, cut short or with a bit turned over at random places: is it always noticed?

A small run is trained; then one of its files is damaged, and what the next start of the run reads is looked at: the
damage must be named, nothing of the damaged file may be used, and there must be something to go on from: the older
checkpoint, the other shards, the lines that are whole. Metrics cut between two lines are a whole, shorter file, which
nothing can tell from an earlier one; they are counted by themselves.

    python -m benchmarks.damage [--cases 1000] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import functools
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from agent.inference.backend_selection import BackendConfig
from agent.networks.policy_value import NetworkConfig
from agent.search.search import SearchConfig
from agent.storage import durable_files
from benchmarks.machine import report
from games import make
from selfplay.local_runner import SelfPlayConfig
from selfplay.records import list_shards, num_samples, unpack
from training.alphazero import AlphaZeroRun
from training.config import LearnConfig, TrainConfig
from training.replay_buffer import ReplayBuffer
from training.run import checkpoints, metrics
from training.run.run_storage import RunStorage

CONFIG = TrainConfig(
    game="tic_tac_toe",
    network=NetworkConfig(blocks=1, channels=8),
    engine=BackendConfig(kind="torch", precision="fp32"),
    self_play=SelfPlayConfig(num_games=16, quantum=200, search=SearchConfig(num_simulations=4)),
    learn=LearnConfig(batch_size=64, first_samples=100, reuse=2.0),
    deterministic=True,
    grade_minutes=0.0,
    max_samples=1200,
)

GAME = make(CONFIG.game)  # one for all cases: another would load its kernels again


def trained(folder: Path) -> None:
    """A run with several shards, checkpoints and lines of metrics."""
    AlphaZeroRun(GAME, CONFIG, folder).go()
    with metrics.Metrics(folder, tensorboard=False) as lines:
        for step in range(1, 40):
            lines.write(step, {"loss": 1 / step, "games": step * 10})


def cut(whole: bytes, chance: random.Random) -> bytes:
    return whole[: chance.randrange(len(whole))]


def flip(whole: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(whole))
    return whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]


@functools.cache
def held(data: bytes) -> int:
    """Samples in an undamaged shard."""
    return num_samples(unpack(GAME, data))


def shard(folder: Path, damage: Callable[[Path], None], chance: random.Random) -> str:
    """What went wrong, or nothing."""
    there = list_shards(folder / "games")
    number = chance.choice(sorted(there))
    whole = {i: held(durable_files.read_checked(path)) for i, path in there.items()}
    damage(there[number])
    replay = ReplayBuffer(GAME, CONFIG.learn.window)
    saved = RunStorage(GAME, CONFIG, folder).load(replay)
    if not any(f"{number:08d}.npz" in note for note in saved.notes):
        return "not named"
    return "" if saved.trainer is not None and len(replay) == sum(whole.values()) - whole[number] else "accepted"


def checkpoint(folder: Path, damage: Callable[[Path], None], chance: random.Random) -> str:
    steps = sorted(int(path.name) for path in (folder / "checkpoints").iterdir() if path.name.isdecimal())
    older = checkpoints.load_checkpoint(folder / "checkpoints", steps[-2])
    damage(chance.choice(sorted((folder / "checkpoints" / str(steps[-1])).iterdir())))
    saved = RunStorage(GAME, CONFIG, folder).load(ReplayBuffer(GAME, CONFIG.learn.window))
    if not any(f"checkpoint {steps[-1]} " in note for note in saved.notes):
        return "not named"
    same = all(torch.equal(saved.weights[name], tensor) for name, tensor in older.tensors["model"].items())
    return "" if same and saved.version == older.state["version"] else "accepted"


def metrics_file(folder: Path, damage: Callable[[Path], None], chance: random.Random) -> str:
    path, before = folder / metrics.FILE, metrics.read(folder)
    damage(path)
    torn = path.read_bytes()
    with metrics.Metrics(folder, tensorboard=False) as lines:
        lines.write(99, {"loss": 0.0})
        named = any("damaged" in note for note in lines.notes)
    after = metrics.read(folder)
    if any(record not in before for record in after[:-1]) or after[-1]["step"] != 99:
        return "accepted"
    if named:
        return ""
    return "a shorter file" if torn.endswith((b"\n", b"}")) or not torn else "not named"


KINDS = {"shards": shard, "checkpoints": checkpoint, "metrics": metrics_file}
DAMAGES = {"cut": cut, "bit turned over": flip}


def attack(folder: Path, kind: str, how: str, cases: int, seed: int = 0) -> dict[str, Any]:
    """One row: what came of so many damages to a copy of the run in ``folder``."""
    chance = random.Random(f"{seed} {kind} {how}")

    def damage(path: Path) -> None:
        path.write_bytes(DAMAGES[how](path.read_bytes(), chance))

    counts = {"accepted": 0, "not named": 0, "a shorter file": 0, "": 0}
    with tempfile.TemporaryDirectory() as place:
        for case in range(cases):
            copy = Path(place) / str(case)
            shutil.copytree(folder, copy)
            counts[KINDS[kind](copy, damage, chance)] += 1
            shutil.rmtree(copy)
    named = counts.pop("")
    return {"file": kind, "damage": how, "cases": cases, "named, and gone on without": named, **counts}


def main() -> None:
    parser = argparse.ArgumentParser(description="Damage a run's files at random places and look what is noticed.")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        trained(folder)
        for kind in KINDS:
            for how in DAMAGES:
                rows.append(attack(folder, kind, how, flags.cases))
                print(rows[-1], file=sys.stderr, flush=True)
    report("damage", {"cases": flags.cases}, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
