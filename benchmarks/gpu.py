"""Everything that there is to measure on a GPU, in one command: docs/gpu.md says what each line should be near.

Needs torch, numpy, numba, safetensors and PyYAML only. The parts, one after the other:

* forward: positions/s of every backend of the device at several batch sizes. The highest rate that was measured is the
  peak, and ``share`` in later rows is work divided by the peak.
* weights: the milliseconds that new weights cost the fastest backend.
* self-play: evaluations/s of threads with games of their own, one thread first. In between, the forward pass is timed
  again with as many rows as a thread has games, and ``ratio`` compares with that.
* learner: samples/s in plain fp32, as a run trains, and with torch.compile where there is a C++ compiler; also
  samples/s of batches drawn from the replay buffer. A sample counts as three evaluations, for the backward pass.
* training: self-play and learner at once, in the folder ``--out`` (``benchmarks.gpu_training``); the same call again
  continues this run.

``--pgx-python`` names a Python whose jax sees the GPU: pgx and mctx then play on it, too. All times are wall time. On a
machine without a GPU, ``--device cpu --quick`` shows that everything runs.

    python -m benchmarks.gpu --out FOLDER [--only forward self-play] [--game go --blocks 10 --channels 128]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from agent.networks.policy_value import NetworkConfig, PolicyValueNet, num_flops
from benchmarks import gpu_training
from benchmarks.peers.turns import module, play, player, rate
from benchmarks.script import make_parser, report, run_script, store
from games import make
from honte.bench.advice import measure_threads
from honte.bench.forward import time_loading
from honte.bench.learner import fill_replay_buffer, training_steps
from honte.bench.setup import BenchSetup, forward_batches, reached_positions
from honte.bench.turns import median, run_in_turns
from selfplay.cores import num_cores
from training.trainer import TrainerConfig, check_compiler

PARTS = ("forward", "weights", "self-play", "learner", "training")

TRAINING_COST = 3
"""Evaluations that one trained sample counts as: a forward pass, and a backward pass of twice the work."""

QUICK = {"seconds": 0.05, "rounds": 1, "threads": 2, "games": [32], "batches": [32, 64], "minutes": 0.05}
"""Flags that only show that everything runs."""


@dataclass
class Measured:
    """The rows so far, and the peak: the highest rate of a forward pass."""

    flops: int  # of a forward pass of one position
    rows: list[dict[str, Any]]
    peak: float = 0.0

    def add(self, part: str, what: str, value: float, unit: str, *, work: float = 0.0, **more: Any) -> None:
        """``work``: the evaluations per second that this is worth, to be compared with the peak; 0: none."""
        row: dict[str, Any] = {"part": part, "what": what, "value": round(value, 3 if value < 100 else None)}
        row["unit"] = unit
        if work:
            row |= {"share": round(work / self.peak, 3), "TFLOP/s": round(work * self.flops / 1e12, 1)}
        self.rows.append(row | more)
        print(", ".join(f"{name} {text}" for name, text in self.rows[-1].items()), file=sys.stderr, flush=True)


def forward(setting: BenchSetup, names: list[str], rows: int) -> dict[str, float]:
    """Positions a second of the backends ``names``, ``rows`` real positions at a time."""
    states = reached_positions(setting.game, rows)
    positions = setting.game.describe_new(states)
    works = {name: forward_batches(setting.backends[name][1], states, positions) for name in names}
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=time.perf_counter)
    return {name: median(each) for name, each in rates.items()}


def measure_forward(setting: BenchSetup, batches: list[int], measured: Measured, *, show: bool) -> None:
    """Every backend at every batch size; ``show=False``: only the peak."""
    names = list(setting.backends) if show else [setting.fastest_backend]
    found = {rows: forward(setting, names, rows) for rows in batches}
    measured.peak = max(rate for rates in found.values() for rate in rates.values())
    for rows, rates in found.items() if show else ():
        for name, speed in rates.items():
            measured.add("forward", name, speed, "positions/s", work=speed, rows=rows)


def measure_weights(setting: BenchSetup, rows: int, measured: Measured) -> None:
    states = reached_positions(setting.game, rows)
    positions, backend = setting.game.describe_new(states), setting.backends[setting.fastest_backend][1]
    spans = [time_loading(backend, setting, states, positions) for _ in range(5)]
    measured.add("weights", setting.fastest_backend, 1e3 * statistics.median(spans), "ms")


def measure_self_play(setting: BenchSetup, args: argparse.Namespace, measured: Measured) -> None:
    best = setting.fastest_backend
    for num_threads in sorted({1, args.threads}):
        for games in args.games:
            before = forward(setting, [best], games)[best]
            played = measure_threads(setting, num_threads, games, warm=2 * args.seconds)
            ratio = 2 * played / (before + forward(setting, [best], games)[best])
            what = f"{best}, {num_threads} threads"
            measured.add("self-play", what, played, "evaluations/s", work=played, rows=games, ratio=round(ratio, 3))


def measure_learner(setting: BenchSetup, batch_size: int, measured: Measured) -> None:
    replay, steps = fill_replay_buffer(setting), iter(range(1 << 62))
    drawn = {name: tensor.to(setting.device) for name, tensor in replay.batch(batch_size, 0, 0).items()}
    run = TrainerConfig(precision="auto", channels_last=True, clip_norm=5.0)
    configs = {"fp32": TrainerConfig(), "as a run trains": run}
    if has_compiler():
        configs["as a run trains, torch.compile"] = replace(run, compile=True)
    tasks = {name: training_steps(setting, config, lambda: drawn) for name, config in configs.items()}
    tasks["batches drawn"] = lambda: len(replay.batch(batch_size, 0, next(steps))["outcome"])
    rates = run_in_turns(tasks, seconds=setting.seconds, rounds=setting.rounds, clock=time.perf_counter)
    for name, each in rates.items():
        work = TRAINING_COST * median(each) if name in configs else 0.0
        measured.add("learner", name, median(each), "samples/s", work=work, rows=batch_size)


def has_compiler() -> bool:
    try:
        check_compiler()
    except ValueError:
        return False
    return True


def measure_training(args: argparse.Namespace, measured: Measured) -> None:
    """One call of ``gpu_training``; the share adds up self-play and learning."""
    args = argparse.Namespace(
        **vars(args)
        | {"simulations": min(args.simulations, 64), "games": args.games[-1], "threads": args.training_threads}
    )
    row = gpu_training.measure(args)
    played, trained = row["evaluations_per_second"], row["trained_per_second"]
    work = played + TRAINING_COST * trained
    more = {name: value for name, value in row.items() if name not in ("game", "evaluations_per_second")}
    measured.add("training", f"{args.game}, both at once", played, "evaluations/s", work=work, **more)


def measure_mctx(args: argparse.Namespace, measured: Measured) -> None:
    """pgx and mctx on the same device, compared with their own forward pass."""
    flags = {"games": args.games[-1], "device": "gpu", "simulations": args.simulations}
    flags |= {"blocks": args.blocks, "channels": args.channels}
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    with player("pgx + mctx", module(args.pgx_python, "mctx_player", "self-play", *words), None) as mctx:
        play([mctx], seconds=args.seconds, rounds=args.rounds)
        limit = rate(mctx, "forward", "evaluations", "wall_s")
        speed = rate(mctx, "cache-off", "evaluations", "wall_s")
        name = f"pgx + mctx on {mctx.about['device']}"
        measured.add("forward", name, limit, "positions/s", work=limit, rows=args.games[-1])
        ratio = round(speed / limit, 3)
        measured.add("self-play", name, speed, "evaluations/s", work=speed, rows=args.games[-1], ratio=ratio)


def measure(args: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """The rows so far, after each part."""
    setting = BenchSetup(
        game=make(args.game),
        network=NetworkConfig(blocks=args.blocks, channels=args.channels),
        num_simulations=args.simulations,
        num_games=max(args.batches),
        device=args.device,
        seconds=args.seconds,
        rounds=args.rounds,
    )
    model = PolicyValueNet(setting.network, setting.game.observation_shape, setting.game.action_layout)
    measured = Measured(num_flops(model, setting.game.observation_shape), [])
    measure_forward(setting, args.batches, measured, show="forward" in args.only)
    yield measured.rows
    if "weights" in args.only:
        measure_weights(setting, max(args.batches), measured)
    if "self-play" in args.only:
        measure_self_play(setting, args, measured)
        yield measured.rows
    if args.pgx_python:
        measure_mctx(args, measured)
    if "learner" in args.only:
        measure_learner(setting, args.batch_size, measured)
        yield measured.rows
    if "training" in args.only:
        measure_training(args, measured)
    yield measured.rows


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--device", default="cuda", help="as torch names it")
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200, help="of self-play; training has at most 64")
    parser.add_argument("--threads", type=int, default=num_cores(), help="of self-play")
    parser.add_argument("--training-threads", type=int, default=0, help="0: one for each core but the learner's")
    parser.add_argument("--games", type=int, nargs="+", default=[512, 1024], help="at once in a thread")
    parser.add_argument("--batches", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pgx-python", metavar="PY", help="a Python with jax on the GPU, mctx and pgx")
    parser.add_argument("--quick", action="store_true", help=f"only show that everything runs: {QUICK}")
    gpu_training.add_flags(parser)
    args = parser.parse_args()
    if args.quick:
        vars(args).update(QUICK)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"torch sees no {args.device} here; --device cpu --quick shows that it runs")
    if args.out is None:
        raise ValueError("name a folder for the results and the training run with --out")
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    args.folder = str(folder / "training")
    torch.set_num_threads(1)
    config = {name: value for name, value in vars(args).items() if name not in ("out", "json", "folder", "pgx_python")}
    if args.device.startswith("cuda"):
        config["gpu"] = torch.cuda.get_device_name(args.device)
    rows: list[dict[str, Any]] = []
    for rows in measure(args):  # a job that is cut short leaves the parts that were done
        store("gpu", config, rows, out=str(folder / "gpu.json"))
    report("gpu", config, rows, out=None, as_json=args.json)


if __name__ == "__main__":
    run_script(main)
