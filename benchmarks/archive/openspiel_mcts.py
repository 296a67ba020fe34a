"""``mcts:N`` against OpenSpiel's MCTSBot with the same number of simulations. If both are equal, the score is 50 %.

They play Connect Four with alternating sides, under OpenSpiel's own rules. Needs the extra ``oracle``.

    python -m benchmarks.archive.openspiel_mcts --games 200 --simulations 100 --json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from typing import Any

import numpy as np
import pyspiel
from open_spiel.python.algorithms import mcts

import games.registry
from agent import random_numbers
from agent.decision import Terms
from agent.players import make_player
from honte.bench.machine import commit, processor, versions


def play(num_games: int, simulations: int, seed: int) -> dict[str, Any]:
    """Wins, draws and losses of ``mcts:simulations``, and what each side's moves cost."""
    game, oracle = games.registry.make("connect_four"), pyspiel.load_game("connect_four")
    ours = make_player(f"mcts:{simulations}", game, num_slots=1, seed=seed)
    random = np.random.RandomState(seed)
    evaluator = mcts.RandomRolloutEvaluator(n_rollouts=1, random_state=random)
    theirs = mcts.MCTSBot(oracle, 2.0, simulations, evaluator, solve=True, random_state=random)
    slots, results, seconds, moves = np.zeros(1, np.int64), [0, 0, 0], [0.0, 0.0], [0, 0]
    warm = game.new(1)
    game.init(warm)
    ours.think(slots, warm, Terms.of(1))  # compiles outside the clock
    ours.decide()
    for number in range(num_games):
        row, state, side = game.new(1), oracle.new_initial_state(), number % 2
        game.init(row)
        while not state.is_terminal():
            start, mine = time.perf_counter(), state.current_player() == side
            if mine:
                keys = random_numbers.make_keys(seed, number, state.move_number())
                ours.think(slots, row, Terms.of(1, keys=keys))
                action = int(ours.decide()[1].action[0])
            else:
                action = theirs.step(state)
            seconds[not mine] += time.perf_counter() - start
            moves[not mine] += 1
            state.apply_action(action)
            game.step(row, np.array([action]))
        results[1 - int(state.returns()[side])] += 1
    wins, draws, losses = results
    score = (wins + draws / 2) / num_games
    variance = (wins + draws / 4) / num_games - score**2
    return {
        "wins": wins,
        "draws": draws,
        "losses": losses,
        "score": round(score, 4),
        "standard_error": round(math.sqrt(variance / num_games), 4),
        "ms_a_move": [round(1e3 * spent / count, 3) for spent, count in zip(seconds, moves, strict=True)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    flags = parser.parse_args()
    result = {
        "benchmark": "openspiel_mcts",
        "game": "connect_four",
        "games": flags.games,
        "simulations": flags.simulations,
        "seed": flags.seed,
        **play(flags.games, flags.simulations, flags.seed),
        "machine": processor(),
        "cores": os.cpu_count(),
        "commit": commit(),
        **versions("open_spiel", "numpy", "numba"),
    }
    if flags.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:15} {value}")


if __name__ == "__main__":
    main()
