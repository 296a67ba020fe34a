"""Self-play on a GPU compared with the forward pass of its backend alone.

Needs torch, numpy and numba only. Every backend of the device is timed at several batch sizes. Then threads with games
of their own play on the fastest backend, one thread first; in between, the backend's forward pass is timed again with
the same number of rows. ``--pgx-python`` names a Python whose jax sees the GPU: pgx and mctx then play on it, too. All
times are wall time. On a machine without a GPU, ``--device cpu --seconds 0.2 --threads 2`` shows that it runs.

    python -m benchmarks.gpu [--device cuda] [--threads 16] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import torch

from agent.networks.policy_value import NetworkConfig
from benchmarks.machine import make_parser, report
from benchmarks.peers.turns import module, play, player, rate
from games import make
from honte.bench.advice import measure_threads
from honte.bench.setup import BenchSetup, forward_batches, reached_positions
from honte.bench.turns import median, run_in_turns


def forward(setting: BenchSetup, names: list[str], rows: int) -> dict[str, float]:
    """Positions a second of the backends ``names``, ``rows`` real positions at a time."""
    states = reached_positions(setting.game, rows)
    positions = setting.game.describe_new(states)
    works = {name: forward_batches(setting.backends[name][1], states, positions) for name in names}
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=time.perf_counter)
    return {name: median(each) for name, each in rates.items()}


def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    setting = BenchSetup(
        game=make(args.game),
        network=NetworkConfig(blocks=args.blocks, channels=args.channels),
        num_simulations=args.simulations,
        num_games=max(args.batches),
        device=args.device,
        seconds=args.seconds,
        rounds=args.rounds,
    )
    found: list[dict[str, Any]] = []

    def add(what: str, rows: int, per_s: float, ratio: float | str = "") -> None:
        found.append({"what": what, "rows": rows, "per_s": round(per_s), "ratio": ratio})
        print(f"{what}, {rows} rows: {per_s:,.0f}/s {ratio}", file=sys.stderr, flush=True)

    for rows in args.batches:
        for name, speed in forward(setting, list(setting.backends), rows).items():
            add(f"forward, {name}", rows, speed)
    best = setting.fastest_backend
    for num_threads in sorted({1, args.threads}):
        for games in args.games:
            before = forward(setting, [best], games)[best]
            played = measure_threads(setting, num_threads, games, warm=2 * args.seconds)
            after = forward(setting, [best], games)[best]
            share = round(2 * played / (before + after), 3)
            add(f"self-play, {best}, {num_threads} threads; ratio: to its forward", games, played, share)
    if args.pgx_python:
        words = [
            "self-play",
            "--games",
            str(max(args.games)),
            "--device",
            "gpu",
            "--simulations",
            str(args.simulations),
        ]
        words += ["--blocks", str(args.blocks), "--channels", str(args.channels)]
        with player("pgx + mctx", module(args.pgx_python, "mctx_player", *words), None) as mctx:
            play([mctx], seconds=args.seconds, rounds=args.rounds)
            limit = rate(mctx, "forward", "evaluations", "wall_s")
            speed = rate(mctx, "cache-off", "evaluations", "wall_s")
            name = f"pgx + mctx on {mctx.about['device']}"
            add(f"forward, {name}", max(args.games), limit)
            add(f"self-play, {name}; ratio: to its forward", max(args.games), speed, round(speed / limit, 3))
    return found


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--device", default="cuda", help="as torch names it")
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--games", type=int, nargs="+", default=[512, 1024, 2048], help="at once in a thread")
    parser.add_argument("--batches", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096, 8192])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pgx-python", metavar="PY", help="a Python with jax on the GPU, mctx and pgx")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"benchmarks.gpu: torch sees no {args.device} here; --device cpu shows that the script runs")
    config = {name: value for name, value in vars(args).items() if name not in ("out", "json", "pgx_python")}
    if args.device.startswith("cuda"):
        config["gpu"] = torch.cuda.get_device_name(args.device)
    report("gpu", config, measure(args), out=args.out, as_json=args.json)


if __name__ == "__main__":
    main()
