"""Training on a GPU without Ray, in calls that continue each other: how fast it is, and how busy the GPU is.

Needs torch, numpy, numba, safetensors and PyYAML, but neither Ray nor the packages of the command line. A call trains
for ``--minutes`` in ``--folder`` and stops; the same call continues the run. The rates of the run are recorded every
two seconds, and the utilisation that ``nvidia-smi`` reports every second. The row has their means without the first
fifth of the call, in which kernels are compiled. On a machine without a GPU ``--device cpu --minutes 0.3`` shows that
it runs.

    python -m benchmarks.gpu_training --game connect_four --folder runs/gpu_connect_four [--minutes 9] [--out FILE.json]
    python -m benchmarks.gpu_training --game go --folder runs/gpu_go --blocks 10 --channels 128
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch

from agent.inference.backend_selection import BackendConfig
from agent.networks.policy_value import NetworkConfig
from agent.search.search import SearchConfig
from agent.storage.durable_files import FolderLock
from benchmarks.script import make_parser, report, run_script
from games import make
from selfplay.config import SelfPlayConfig
from selfplay.cores import num_cores
from training.alphazero import AlphaZeroRun
from training.config import LearnConfig, TrainConfig
from training.replay_buffer import WindowConfig
from training.run.progress import ProgressReport
from training.trainer import TrainerConfig

RATES = ("evaluations_per_second", "simulations_per_second", "games_per_second", "trained_per_second", "rows_per_call")


class Utilisation(threading.Thread):
    """What nvidia-smi says of the GPU every second: (time, per cent busy, MB used)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[float, float, float]] = []
        self.command: subprocess.Popen[str] | None = None
        if shutil.which("nvidia-smi"):
            words = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-l", "1", "-i", "0"]
            self.command = subprocess.Popen(["nvidia-smi", *words], stdout=subprocess.PIPE, text=True)

    def run(self) -> None:
        for line in (self.command and self.command.stdout) or ():
            busy, used = (float(word) for word in line.split(","))
            self.seen.append((time.monotonic(), busy, used))

    def close(self) -> None:
        if self.command is not None:
            self.command.terminate()


def config(args: argparse.Namespace) -> TrainConfig:
    """Threads for all cores but the learner's, big batches, and a learner on the same device."""
    return TrainConfig(
        game=args.game,
        network=NetworkConfig(blocks=args.blocks, channels=args.channels),
        engine=BackendConfig(device=args.device),
        self_play=SelfPlayConfig(
            num_games=args.games,
            num_groups=args.threads or max(1, num_cores() - 1),
            opening_plies=4,
            temperature_plies=10,
            search=SearchConfig(num_simulations=args.simulations),
        ),
        learn=LearnConfig(
            device=args.device,
            batch_size=args.batch_size,
            reuse=args.reuse,
            first_samples=8 * args.batch_size,
            window=WindowConfig(start=250_000),
            trainer=TrainerConfig(precision="auto", channels_last=True, clip_norm=5.0, compile=args.compile),
        ),
        grade_minutes=0.0,
        checkpoint_minutes=2.0,
    )


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Train for one call; the row."""
    samples: list[tuple[float, dict[str, float]]] = []

    def over() -> bool:
        return time.monotonic() >= begun + 60 * args.minutes

    def watch(progress: ProgressReport) -> None:
        samples.append((time.monotonic(), {name: getattr(progress, name) for name in RATES}))
        if len(samples) % 15 == 1:
            print(f"step {progress.step}, {progress.games} games, {samples[-1][1]}", file=sys.stderr, flush=True)

    gpu = Utilisation()
    if gpu.command is not None:
        gpu.start()
    folder = Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder):
        run = AlphaZeroRun(make(args.game), config(args), folder, watch=watch, stopping=over)
        begun, steps, games = time.monotonic(), run.trainer.steps, run.num_games
        try:
            run.go()
        finally:
            gpu.close()
    warm = begun + 0.2 * (time.monotonic() - begun)
    row: dict[str, Any] = {
        "game": args.game,
        "minutes": round(run.minutes, 2),
        "steps": run.trainer.steps,
        "steps_of_this_call": run.trainer.steps - steps,
        "games_of_this_call": run.num_games - games,
    }
    for name in RATES:
        row[name] = round(statistics.mean([values[name] for when, values in samples if when >= warm] or [0.0]), 1)
    busy = [each for when, each, _ in gpu.seen if when >= warm]
    if busy:
        row |= {"gpu_busy_%": round(statistics.mean(busy), 1), "gpu_busy_median_%": statistics.median(busy)}
        row["gpu_MB"] = max(used for _, _, used in gpu.seen)
    return row


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of one call, without the game, the network, the device and the folder."""
    parser.add_argument("--minutes", type=float, default=9.0, help="of training in one call")
    parser.add_argument("--batch-size", type=int, default=1024, help="of the learner")
    parser.add_argument("--reuse", type=float, default=4.0)
    parser.add_argument("--compile", action="store_true", help="torch.compile for the learner")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=64)
    parser.add_argument("--games", type=int, default=1024, help="at once in a thread")
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core but the learner's")
    add_flags(parser)
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"torch sees no {args.device} here; --device cpu shows that it runs")
    torch.set_num_threads(1)
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "json", "folder")}
    if args.device.startswith("cuda"):
        settings["gpu"] = torch.cuda.get_device_name(args.device)
    report("gpu_training", settings, [measure(args)], out=args.out, as_json=args.json)


if __name__ == "__main__":
    run_script(main)
