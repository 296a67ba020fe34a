"""The tree alone: simulations per second with an evaluator that costs nothing, on one core.

Every rule, with and without lookahead, takes turns on the same positions, timed by processor time.

    python -m benchmarks.tree [--game connect_four] [--slots 256] [--simulations 200] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from agent.inference.evaluate import uniform_evaluate
from agent.search.search import Search, SearchConfig
from benchmarks.machine import report
from games import make
from honte.bench.setup import OPENING_PLIES, reached_positions
from honte.bench.tree import search_all
from honte.bench.turns import median, run_in_turns


def measure(game: str, slots: int, simulations: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    rules = make(game)
    states = reached_positions(rules, slots, OPENING_PLIES)
    works = {}
    for rule in ("puct", "gumbel", "uct"):
        for ahead in (0, 1):
            config = SearchConfig(rule=rule, num_simulations=simulations, lookahead=ahead)
            works[f"{rule} {ahead}"] = search_all(Search(rules, uniform_evaluate, config, num_slots=slots), states)
    rates = run_in_turns(works, seconds=seconds, rounds=rounds, clock=time.process_time)
    return [
        {
            "rule": name.split()[0],
            "lookahead": int(name.split()[1]),
            "best_per_s": round(each.max()),
            "median_per_s": round(median(each)),
        }
        for name, each in rates.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each rule in each round")
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line, the table to stderr")
    flags = parser.parse_args()
    config = {name: getattr(flags, name) for name in ("game", "slots", "simulations", "rounds", "seconds")}
    report("tree", config, measure(**config), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
