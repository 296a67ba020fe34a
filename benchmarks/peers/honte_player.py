"""honte as one of the players: self-play with the fastest backend and in fp32, cache off and on; or tree work alone.

python -m benchmarks.peers.honte_player self-play --blocks 6 --channels 64 --simulations 200 --games 256
python -m benchmarks.peers.honte_player tree --names connect_four othello go
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

from agent import random_numbers
from agent.inference.evaluate import uniform_evaluate
from agent.inference.network_evaluator import NetworkEvaluator
from agent.inference.rollouts import Rollouts
from agent.networks.policy_value import NetworkConfig
from agent.search.search import Search, SearchConfig
from benchmarks.peers.serving import Counts, Work, serve
from games import make
from honte.bench.machine import commit, versions
from honte.bench.self_play import RunningSelfPlay, begin_self_play
from honte.bench.setup import OPENING_PLIES, BenchSetup, forward_batches, reached_positions
from honte.bench.tree import search_all
from honte.bench.turns import median, run_in_turns

TREES = 256
ROLLOUT_TREES = 64


def growing(going: RunningSelfPlay, evaluator: NetworkEvaluator) -> Work:
    """One batch of self-play."""

    def work() -> Counts:
        before = going.loop.moves, going.search.simulations, evaluator.evaluated
        going.grow()
        after = going.loop.moves, going.search.simulations, evaluator.evaluated
        return dict(zip(("moves", "simulations", "evaluations"), np.subtract(after, before).tolist(), strict=True))

    return work


def self_play(args: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    network = NetworkConfig(blocks=args.blocks, channels=args.channels)
    setting = BenchSetup(
        game=make("connect_four"), network=network, num_simulations=args.simulations, num_games=args.games
    )
    states = reached_positions(setting.game, args.games)
    positions = setting.game.describe_new(states)
    chosen = {"": setting.fastest_backend, " fp32": _fastest_fp32(setting, states, positions)}
    works: dict[str, Work] = {}
    for kind, name in chosen.items():
        config, backend = setting.backends[name]
        for cache in ("off", "on"):
            entries = config.cache_entries if cache == "on" else 0
            evaluator = NetworkEvaluator(setting.game, network, replace(config, few=False, cache_entries=entries))
            evaluator.load(setting.state_dict, 0)
            works[f"cache-{cache}{kind}".replace(" ", "-")] = growing(begin_self_play(setting, evaluator), evaluator)
        works[f"forward{kind}".replace(" ", "-")] = _positions(forward_batches(backend, states, positions))
    serve({"engine": chosen[""], "fp32": chosen[" fp32"], **_about()}, works)


def _fastest_fp32(setting: BenchSetup, states: Any, positions: Any) -> str:
    works = {
        name: forward_batches(backend, states, positions)
        for name, (config, backend) in setting.backends.items()
        if config.precision == "fp32"
    }
    rates = run_in_turns(works, seconds=0.3, rounds=3, clock=setting.clock)
    return max(rates, key=lambda name: median(rates[name]))


def tree(args: argparse.Namespace) -> None:
    works: dict[str, Work] = {}
    for name in args.names:
        game = make(name)
        states = reached_positions(game, TREES, OPENING_PLIES)
        for rule in ("puct", "gumbel"):
            config = SearchConfig(rule=rule, num_simulations=args.simulations)
            search = Search(game, uniform_evaluate, config, num_slots=TREES)
            works[f"{name}-{rule}"] = _simulations(search_all(search, states))
        config = SearchConfig(rule="uct", num_simulations=args.simulations)
        search = Search(game, Rollouts(game, seed=int(random_numbers.ROLLOUT)), config, num_slots=ROLLOUT_TREES)
        works[f"{name}-rollouts"] = _simulations(search_all(search, states[:ROLLOUT_TREES]))
    serve(_about(), works)


def _simulations(work: Any) -> Work:
    return lambda: {"simulations": work()}


def _positions(work: Any) -> Work:
    return lambda: {"evaluations": work()}


def _about() -> dict[str, Any]:
    return {"versions": versions() | {"honte": commit()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["self-play", "tree"])
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--games", type=int, default=256, help="at once")
    parser.add_argument("--names", nargs="+", default=["connect_four"], help="games for tree work")
    args = parser.parse_args()
    (self_play if args.what == "self-play" else tree)(args)


if __name__ == "__main__":
    main()
