"""Self-play against its own engine: evaluations a second of whole self-play ÷ the engine's pure batched forward.

One core, cache off, look-ahead off, on positions of real games; the two take turns in one process, so that the
machine's drift hits both alike. Also the same engine against torch fp32 eager.

    python -m benchmarks.selfplay [--blocks 6] [--channels 64] [--kind torch] [--rounds 15] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from agent.choosing import EngineConfig
from agent.evaluator import NetworkEvaluator
from agent.network import NetworkConfig
from agent.search import SearchConfig
from benchmarks.machine import report
from games import make
from selfplay.local_runner import LocalRunner, SelfPlayConfig


def measure(network: NetworkConfig, kind: str, num_games: int, simulations: int, rounds: int) -> list[dict[str, Any]]:
    game = make("connect_four")
    config = SelfPlayConfig(
        num_games=num_games, max_opening_plies=30, deep_openings=1.0, search=SearchConfig(num_simulations=simulations)
    )
    runner = LocalRunner(
        game,
        config,
        lambda: NetworkEvaluator(game, network, EngineConfig(kind=kind, cache_entries=0)),
        seed=1,
        deterministic=True,
    )
    evaluator, loop = runner.evaluator, runner.loops[0]
    assert isinstance(evaluator, NetworkEvaluator)
    eager = NetworkEvaluator(game, network, EngineConfig(kind="torch", precision="fp32", cache_entries=0))
    for _ in range(30):
        loop.round()
    states = loop.states.copy()  # real positions: an empty board would flatter the forward pass
    positions = game.describe_new(states)
    rates = []
    for _ in range(rounds + 1):
        row = [forward(evaluator, states, positions), forward(eager, states, positions)]
        before, start = evaluator.evaluated, time.perf_counter()
        while time.perf_counter() - start < 1:
            loop.round()
        rates.append([*row, (evaluator.evaluated - before) / (time.perf_counter() - start)])
    table = np.array(rates[1:])
    best, plain, played = np.median(table, axis=0)
    return [
        {"what": f"forward, {evaluator.engine.__class__.__name__} {evaluator.engine.precision}", "per_s": round(best)},
        {"what": "forward, torch fp32 eager", "per_s": round(plain)},
        {"what": f"self-play, {simulations} simulations", "per_s": round(played)},
        {"what": "self-play ÷ forward", "per_s": round(float(np.median(table[:, 2] / table[:, 0])), 3)},
        {"what": "self-play ÷ torch fp32 eager", "per_s": round(float(np.median(table[:, 2] / table[:, 1])), 3)},
    ]


def forward(evaluator: NetworkEvaluator, states: Any, positions: Any) -> float:
    """Positions a second of pure batched forward passes."""
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 1:
        evaluator.engine(states, positions)
        count += len(states)
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description="Self-play's evaluations ÷ the engine's own forward speed.")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--kind", choices=["auto", "torch", "openvino"], default="auto")
    parser.add_argument("--games", type=int, default=256)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = NetworkConfig(blocks=args.blocks, channels=args.channels)
    rows = measure(network, args.kind, args.games, args.simulations, args.rounds)
    report("selfplay", vars(args), rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    main()
