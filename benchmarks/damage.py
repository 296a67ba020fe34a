"""Does a run notice a damaged shard, checkpoint or metrics file? Files are cut short, or a random bit is flipped.

A small run is trained; then one of its files is damaged, and the run is loaded again. It must name the damage, use
nothing of the damaged file, and continue from the rest: the older checkpoint, the other shards, the complete lines.
A metrics file that is cut between two lines is a valid, shorter file, which looks like an earlier one. Such cases are
counted separately.

    python -m benchmarks.damage [--cases 1000] [--out FILE.json] [--json]
"""

from __future__ import annotations

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
from benchmarks.script import make_parser, report, run_script
from games import make
from selfplay.config import SelfPlayConfig
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

GAME = make(CONFIG.game)  # one for all cases, since each game object loads its kernels again


def train_run(folder: Path) -> None:
    """Train a run with several shards, checkpoints and lines of metrics."""
    AlphaZeroRun(GAME, CONFIG, folder).go()
    with metrics.Metrics(folder, tensorboard=False) as lines:
        for step in range(1, 40):
            lines.write(step, {"loss": 1 / step, "games": step * 10})


def cut(whole: bytes, rng: random.Random) -> bytes:
    return whole[: rng.randrange(len(whole))]


def flip_bit(whole: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(whole))
    return whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]


@functools.cache
def count_samples(data: bytes) -> int:
    """The number of samples in an undamaged shard."""
    return num_samples(unpack(GAME, data))


def damage_shard(folder: Path, damage: Callable[[Path], None], rng: random.Random) -> str:
    """Damage a shard; return what the run did wrong, or an empty text."""
    shards = list_shards(folder / "games")
    number = rng.choice(sorted(shards))
    sizes = {i: count_samples(durable_files.read_checked(path)) for i, path in shards.items()}
    damage(shards[number])
    replay = ReplayBuffer(GAME, CONFIG.learn.window)
    saved = RunStorage(GAME, CONFIG, folder).load(replay)
    if not any(f"{number:08d}.npz" in note for note in saved.notes):
        return "not named"
    return "" if saved.trainer is not None and len(replay) == sum(sizes.values()) - sizes[number] else "accepted"


def damage_checkpoint(folder: Path, damage: Callable[[Path], None], rng: random.Random) -> str:
    """Damage a file of the newest checkpoint; return what the run did wrong, or an empty text."""
    steps = sorted(int(path.name) for path in (folder / "checkpoints").iterdir() if path.name.isdecimal())
    older = checkpoints.load_checkpoint(folder / "checkpoints", steps[-2])
    damage(rng.choice(sorted((folder / "checkpoints" / str(steps[-1])).iterdir())))
    saved = RunStorage(GAME, CONFIG, folder).load(ReplayBuffer(GAME, CONFIG.learn.window))
    if not any(f"checkpoint {steps[-1]} " in note for note in saved.notes):
        return "not named"
    same = all(torch.equal(saved.weights[name], tensor) for name, tensor in older.tensors["model"].items())
    return "" if same and saved.version == older.state["version"] else "accepted"


def damage_metrics(folder: Path, damage: Callable[[Path], None], rng: random.Random) -> str:
    """Damage the metrics; return what the run did wrong, or an empty text."""
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


KINDS = {"shards": damage_shard, "checkpoints": damage_checkpoint, "metrics": damage_metrics}
DAMAGES = {"cut": cut, "bit turned over": flip_bit}


def attack(folder: Path, kind: str, how: str, cases: int, seed: int = 0) -> dict[str, Any]:
    """One row: the outcomes of damaging so many copies of the run in ``folder``."""
    rng = random.Random(f"{seed} {kind} {how}")

    def damage(path: Path) -> None:
        path.write_bytes(DAMAGES[how](path.read_bytes(), rng))

    counts = {"accepted": 0, "not named": 0, "a shorter file": 0, "": 0}
    with tempfile.TemporaryDirectory() as place:
        for case in range(cases):
            copy = Path(place) / str(case)
            shutil.copytree(folder, copy)
            counts[KINDS[kind](copy, damage, rng)] += 1
            shutil.rmtree(copy)
    named = counts.pop("")
    return {"file": kind, "damage": how, "cases": cases, "named, and gone on without": named, **counts}


def main() -> None:
    parser = make_parser("Damage a run's files at random places and count what is noticed.")
    parser.add_argument("--cases", type=int, default=1000)
    flags = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        train_run(folder)
        for kind in KINDS:
            for how in DAMAGES:
                rows.append(attack(folder, kind, how, flags.cases))
                print(rows[-1], file=sys.stderr, flush=True)
    report("damage", {"cases": flags.cases}, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)
