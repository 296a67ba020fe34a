"""Tree work alone: simulations a second with an evaluator that costs nothing, on one core.

Every rule, with and without look-ahead, takes turns on the same positions, timed by the thread's CPU clock; each one's
best round counts.

    python -m benchmarks.tree [--game connect_four] [--slots 256] [--simulations 200] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from agent.decision import Terms
from agent.evaluation import uniform
from agent.search import Search, SearchConfig
from benchmarks.machine import report
from games import make
from games.game import Game, States


def openings(game: Game, count: int, plies: int) -> States:
    """[B] positions after random plies, none of them over."""
    random = np.random.default_rng(0)
    states = game.new(count)
    game.init(states)
    for _ in range(plies):
        before, out = states.copy(), game.describe_new(states)
        game.step(states, np.where(out.legal, random.random(out.legal.shape), -1).argmax(axis=1))
        over = game.describe_new(states).terminal
        states[over] = before[over]
    return states


def once(search: Search, states: States) -> float:
    """Simulations a second of one round."""
    before, start = search.simulations, time.thread_time()
    search.think(np.arange(len(states)), states, Terms.of(len(states)))
    while len(search.decide()[0]):
        pass
    return (search.simulations - before) / (time.thread_time() - start)


def measure(game: str, slots: int, simulations: int, rounds: int) -> list[dict[str, Any]]:
    rules = make(game)
    states = openings(rules, slots, 6)
    kinds = [(rule, lookahead) for rule in ("puct", "gumbel", "uct") for lookahead in (0, 1)]
    configs = [SearchConfig(rule=rule, num_simulations=simulations, lookahead=lookahead) for rule, lookahead in kinds]
    searches = [Search(rules, uniform, config, num_slots=slots) for config in configs]
    rates = np.array([[once(search, states) for search in searches] for _ in range(rounds + 1)])[1:]
    return [
        {"rule": rule, "lookahead": ahead, "best_per_s": round(best), "median_per_s": round(middle)}
        for (rule, ahead), best, middle in zip(kinds, rates.max(axis=0), np.median(rates, axis=0), strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line, the table to stderr")
    flags = parser.parse_args()
    config = {name: getattr(flags, name) for name in ("game", "slots", "simulations", "rounds")}
    report("tree", config, measure(**config), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
