"""Random play: moves a second through the rules that the search uses, beside OpenSpiel's C++ rollouts in the same run.

Both play uniformly random games from the first position, in turns, on one thread, timed by its CPU clock; each side's
best round counts. OpenSpiel is left out where it is not installed (the extra ``oracle``) or does not know the game.

    python -m benchmarks.games --games connect_four tic_tac_toe [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.machine import report
from games import make
from games.game import Game

PEERS = ("connect_four", "tic_tac_toe")


def mean_length(game: Game, count: int = 4000) -> float:
    """The mean number of moves of a random game."""
    random = np.random.default_rng(0)
    states, moves = game.new(count), 0
    game.init(states)
    while len(live := np.flatnonzero((out := game.describe_new(states)).legal.any(axis=1))):
        moves += len(live)
        choice = np.where(out.legal[live], random.random((len(live), game.num_actions)), -1).argmax(axis=1)
        game.advance(states, live, live, choice)
    return moves / count


def ours(game: Game, count: int) -> Callable[[], object]:
    states = game.new(count)
    game.init(states)
    seeds = np.random.default_rng(1).integers(1, 1 << 63, count).astype(np.uint64)
    game.rollout(states[:1], seeds[:1])
    return lambda: game.rollout(states, seeds)


def theirs(name: str, count: int) -> Callable[[], object]:
    import pyspiel

    rules = pyspiel.load_game(name)
    evaluator = pyspiel.RandomRolloutEvaluator(count, 1)
    # One simulation: all its rollouts start at the root, in C++. Arguments: c, simulations, MB, solve, seed, verbose.
    bot = pyspiel.MCTSBot(rules, evaluator, 2.0, 1, 100, False, 1, False)
    state = rules.new_initial_state()
    return lambda: bot.mcts_search(state)


def measure(name: str, rounds: int, count: int) -> dict[str, Any]:
    """One game's row."""
    game = make(name)
    length = mean_length(game)
    sides = {"honte": (ours(game, count), count)}
    if name in PEERS:
        with contextlib.suppress(ImportError):
            sides["open_spiel"] = (theirs(name, count // 10), count // 10)
    best = dict.fromkeys(sides, np.inf)
    for _ in range(rounds):
        for side, (play, number) in sides.items():
            start = time.thread_time()
            play()
            best[side] = min(best[side], (time.thread_time() - start) / number)
    row: dict[str, Any] = {"game": name, "moves_a_game": round(length, 2)}
    row |= {f"{side}_moves_per_s": round(length / seconds) for side, seconds in best.items()}
    if "open_spiel" in best:
        row["ratio"] = round(best["open_spiel"] / best["honte"], 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--games", nargs="+", default=["connect_four", "connect_four:rows=8,columns=9,k=5", "tic_tac_toe"]
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--count", type=int, default=20000, help="random games a round")
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line, the table to stderr")
    flags = parser.parse_args()
    rows = [measure(name, flags.rounds, flags.count) for name in flags.games]
    report("games", {"rounds": flags.rounds, "count": flags.count}, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
