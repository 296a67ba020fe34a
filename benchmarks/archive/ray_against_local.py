"""Self-play by RayRunner and by LocalRunner on the same cores: moves per second of each, measured in turns.

Turns are interleaved, so that changes in the machine's load affect both alike. There are two actors and two threads.
The network has its initial weights and the PyTorch backend, so that neither runner measures backends meanwhile.

    python -m benchmarks.archive.ray_against_local [--rounds 5] [--seconds 20] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from typing import Any

from agent.inference.backend_selection import BackendConfig
from agent.inference.network_evaluator import NetworkEvaluator
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from agent.search.search import SearchConfig
from benchmarks.machine import report
from games import make
from selfplay.distributed.config import RayConfig
from selfplay.distributed.ray_runner import RayRunner
from selfplay.local_runner import LocalRunner, SelfPlayConfig


def measure(num_games: int, simulations: int, rounds: int, seconds: float, warm: float) -> list[dict[str, Any]]:
    game, network = make("connect_four"), NetworkConfig(blocks=6, channels=32)
    config = SelfPlayConfig(
        num_games=num_games,
        num_groups=2,
        opening_plies=8,
        temperature_plies=10,
        stop_when_proven=True,
        search=SearchConfig(num_simulations=simulations, lookahead=4),
    )
    backend = BackendConfig(kind="torch", precision="fp32")
    evaluator = partial(NetworkEvaluator, network=network, config=backend)
    weights = PolicyValueNet(network, game.observation_shape, game.action_layout).state_dict()
    ray = RayRunner(game, config, evaluator, seed=1, cluster=RayConfig(num_actors=2))
    rates: dict[str, list[float]] = {"LocalRunner": [], "RayRunner": []}
    try:
        for turn in range(rounds + 1):
            local = LocalRunner(game, config, lambda: evaluator(game), seed=1)
            for name, runner in {"LocalRunner": local, "RayRunner": ray}.items():
                runner.publish(weights, turn)  # empties the caches of both
                rate = moves_per_second(runner, seconds, warm if not turn else 4.0)
                if turn:  # the first turn compiles
                    rates[name].append(rate)
                if runner is local:
                    local.close()
                else:
                    time.sleep(3.0)  # until the actors have finished their calls in flight and wait
    finally:
        ray.close()
    rows = [{"runner": name, "moves_per_s": round(statistics.median(values), 1)} for name, values in rates.items()]
    shares = [
        ray_rate / local_rate for ray_rate, local_rate in zip(rates["RayRunner"], rates["LocalRunner"], strict=True)
    ]
    return [
        *rows,
        {"runner": "RayRunner / LocalRunner, median of turns", "moves_per_s": round(statistics.median(shares), 3)},
    ]


def moves_per_second(runner: LocalRunner | RayRunner, seconds: float, warm: float) -> float:
    """Moves per second while the runner is collected from, after ``warm`` seconds that do not count."""
    for span in (warm, seconds):
        start, before = time.perf_counter(), runner.moves
        while time.perf_counter() - start < span:
            runner.collect(0.2)
    return (runner.moves - before) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description="RayRunner against LocalRunner on the same cores.")
    parser.add_argument("--games", type=int, default=128)
    parser.add_argument("--simulations", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--warm", type=float, default=30.0, help="seconds before the first turn, which is not counted")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    settings = {name: value for name, value in vars(flags).items() if name not in ("out", "json")}
    rows = measure(flags.games, flags.simulations, flags.rounds, flags.seconds, flags.warm)
    report("ray_against_local", settings, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
