"""Self-play by RayRunner against LocalRunner on the same cores: moves a second, the two taking turns.

Turns are interleaved, so that the machine's drift hits both alike. Two actors against two threads; the network has its
first weights and engine torch, so that neither measures engines meanwhile.

    python -m benchmarks.ray_against_local [--rounds 5] [--seconds 20] [--out FILE.json] [--json]
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
    engine = BackendConfig(kind="torch", precision="fp32")
    evaluator = partial(NetworkEvaluator, network=network, config=engine)
    weights = PolicyValueNet(network, game.observation_shape, game.action_layout).state_dict()
    ray = RayRunner(game, config, evaluator, seed=1, cluster=RayConfig(num_actors=2))
    rates: dict[str, list[float]] = {"LocalRunner": [], "RayRunner": []}
    try:
        for turn in range(rounds + 1):
            local = LocalRunner(game, config, lambda: evaluator(game), seed=1)
            for name, runner in {"LocalRunner": local, "RayRunner": ray}.items():
                runner.publish(weights, turn)  # both begin with an empty cache
                found = moves_a_second(runner, seconds, warm if not turn else 4.0)
                if turn:  # the first turn compiles
                    rates[name].append(found)
                if runner is local:
                    local.close()
                else:
                    time.sleep(3.0)  # actors that nobody collects from stand still after two calls
    finally:
        ray.close()
    rows = [{"runner": name, "moves_per_s": round(statistics.median(found), 1)} for name, found in rates.items()]
    shares = [mine / other for mine, other in zip(rates["RayRunner"], rates["LocalRunner"], strict=True)]
    return [
        *rows,
        {"runner": "RayRunner / LocalRunner, median of turns", "moves_per_s": round(statistics.median(shares), 3)},
    ]


def moves_a_second(runner: LocalRunner | RayRunner, seconds: float, warm: float) -> float:
    """Moves played a second while one collects, after ``warm`` seconds of the same."""
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
