"""OpenSpiel as two of the players: its Python AlphaZero's self-play, and its C++ search evaluated by random games.

``self-play`` needs a Python with open_spiel, jax, flax, optax, chex and orbax-checkpoint; ``tree`` one with open_spiel.
Neither needs honte. The network is OpenSpiel's own ResNet of that depth and width, its cache has the default size,
and a move is computed as its actor does.

    PYTHON -m benchmarks.peers.openspiel_player self-play --blocks 6 --channels 64 --simulations 200
    PYTHON -m benchmarks.peers.openspiel_player tree --names connect_four othello go
"""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from benchmarks.peers.serving import Counts, Work, serve

OPENSPIEL = {"connect_four": "connect_four", "othello": "othello", "go": "go(board_size=9,komi=7.5)"}
OPENING_PLIES = 6
UCT = 2.0
STATES = 32


def self_play(args: argparse.Namespace) -> None:
    import pyspiel
    from open_spiel.python.algorithms import mcts
    from open_spiel.python.algorithms.alpha_zero import evaluator as evaluators
    from open_spiel.python.algorithms.alpha_zero import utils

    game = pyspiel.load_game("connect_four")
    shape, num_actions = game.observation_tensor_shape(), game.num_distinct_actions()
    build = utils.api_selector(args.api).Model.build_model
    model = build("resnet", shape, num_actions, args.channels, args.blocks, 1e-4, 1e-3, None)
    evaluator = evaluators.AlphaZeroEvaluator(game, model)
    bot = mcts.MCTSBot(
        game,
        UCT,
        args.simulations,
        evaluator,
        solve=False,
        dirichlet_noise=(0.25, 1.0),
        child_selection_fn=mcts.SearchNode.puct_value,
        dont_return_chance_node=True,
    )
    seat = [game.new_initial_state()]

    def move() -> Counts:
        before = evaluator.cache_info().misses
        root = bot.mcts_search(seat[0])
        counts = np.zeros(num_actions)
        for child in root.children:
            counts[child.action] = child.explore_count
        seat[0].apply_action(int(np.random.choice(len(counts), p=counts / counts.sum())))
        if seat[0].is_terminal():
            seat[0] = game.new_initial_state()
        misses = evaluator.cache_info().misses - before
        return {"moves": 1, "simulations": args.simulations, "evaluations": misses}

    state = game.new_initial_state()
    planes, legal = np.asarray(state.observation_tensor()), np.asarray(state.legal_actions_mask())

    def forward() -> Counts:
        np.asarray(model.inference(planes, legal)[0])
        return {"evaluations": 1}

    serve(_about(), {"cache-on": move, "forward": forward})


def tree(args: argparse.Namespace) -> None:
    serve(_about(), {f"{name}-rollouts": _searched(name, args.simulations) for name in args.names})


def _searched(name: str, simulations: int) -> Work:
    import pyspiel

    game, random = pyspiel.load_game(OPENSPIEL[name]), np.random.default_rng(0)
    # Arguments: evaluator, c, simulations, MB, solve, seed, verbose.
    bot = pyspiel.MCTSBot(game, pyspiel.RandomRolloutEvaluator(1, 1), UCT, simulations, 1000, False, 1, False)
    states = []
    while len(states) < STATES:
        state = game.new_initial_state()
        for _ in range(OPENING_PLIES):
            state.apply_action(int(random.choice(state.legal_actions())))
        states.append(state)
    number = 0

    def work() -> Counts:
        nonlocal number
        number += 1
        bot.mcts_search(states[number % STATES])
        return {"simulations": simulations}

    return work


def _about() -> dict[str, Any]:
    found = {"python": platform.python_version()}
    for name in ("open_spiel", "jax", "flax"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"versions": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["self-play", "tree"])
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--api", choices=["nnx", "linen"], default="nnx")
    parser.add_argument("--names", nargs="+", default=["connect_four"], help="games for tree work")
    args = parser.parse_args()
    os.environ["JAX_PLATFORMS"] = "cpu"
    (self_play if args.what == "self-play" else tree)(args)


if __name__ == "__main__":
    main()
