"""Random play: moves per second of the rules that the search uses, compared with other programs in the same run.

All play uniformly random games from the first position in one thread, timed by processor time; the best round of each
counts. OpenSpiel's C++ rollouts take turns with ours; they are left out where OpenSpiel is not installed (the extra
``oracle``) or does not know the game. pgx plays 1,024 games at a time, compiled by JAX, in a process of its own, for
which ``--pgx-python`` names a Python that has it.

    python -m benchmarks.games --games connect_four go [--pgx-python PATH] [--out FILE.json] [--json]
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.pgx_peer import moves_per_second
from benchmarks.script import make_parser, report, run_script
from games import make
from games.registry import NAMES
from honte.bench.rules import mean_length, random_games
from tests.games.oracles import OPENSPIEL

PGX = {
    "connect_four": "connect_four",
    "tic_tac_toe": "tic_tac_toe",
    "othello": "othello",
    "hex": "hex",
    "go": "go_9x9",
    "gardner_chess": "gardner_chess",
    "animal_shogi": "animal_shogi",
}
"""What pgx calls the same game; its hex has the swap rule, its go a komi of 7.5."""

PGX_GAMES = 1024
MOST_MOVES = 1_000_000
"""A round of ours, at most; OpenSpiel's is a tenth of it."""


def theirs(load: str, count: int) -> Callable[[], object]:
    import pyspiel

    rules = pyspiel.load_game(load)
    evaluator = pyspiel.RandomRolloutEvaluator(count, 1)
    # One simulation: all its rollouts start at the root, in C++. Arguments: c, simulations, MB, solve, seed, verbose.
    bot = pyspiel.MCTSBot(rules, evaluator, 2.0, 1, 100, False, 1, False)
    state = rules.new_initial_state()
    return lambda: bot.mcts_search(state)


def measure(name: str, rounds: int, count: int, pgx_python: str) -> dict[str, Any]:
    """One game's row."""
    game = make(name)
    length = mean_length(game)
    count = min(count, int(MOST_MOVES / length))
    sides: dict[str, tuple[Callable[[], object], int]] = {"honte": (random_games(game, count), count)}
    if name in OPENSPIEL:
        with contextlib.suppress(ImportError):
            sides["open_spiel"] = (theirs(OPENSPIEL[name].load, count // 10), count // 10)
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
    if name in PGX and (speed := moves_per_second(pgx_python, PGX[name], PGX_GAMES, rounds)):
        row["pgx_moves_per_s"] = speed["moves_per_s"]
        row["pgx_ratio"] = round(row["honte_moves_per_s"] / speed["moves_per_s"], 2)
        row["pgx"] = f"{speed['pgx']}, jax {speed['jax']}"
    return row


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--games", nargs="+", default=[*NAMES, "connect_four:rows=8,columns=9,k=5"], metavar="GAME")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--count", type=int, default=20000, help="random games a round, at most")
    parser.add_argument("--pgx-python", default=sys.executable, help="a Python that has jax and pgx")
    flags = parser.parse_args()
    rows = [measure(name, flags.rounds, flags.count, flags.pgx_python) for name in flags.games]
    config = {"rounds": flags.rounds, "count": flags.count, "pgx_games": PGX_GAMES}
    report("games", config, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)
