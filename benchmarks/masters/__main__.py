"""Networks against opponents that are not ours: one row of the table a call.

    python -m benchmarks.masters --row othello6 [--network RUN] [--out masters] [--games 200] [--even] [--json]

Each match has 100 pairs of games with the seats swapped, from different random openings of 2 plies (4 in gomoku 15,
hex 11 and go 9; --seed determines them). Openings that are decided already are left out and counted: by a solver where
there is a fast one, else where mcts:20000, never the network under test, gives one side more than 90 %. Where too few
are undecided, those are played more than once. benchmarks/masters/judged_openings keeps the verdicts of rows that were
judged before. An engine with fixed nodes has one thread, a process for each game, and an empty hash table before each
game. GNU Go's resignations count. Games that end by two passes are counted by honte's Tromp-Taylor rules.

--even also searches the nodes a move at which an engine is even. Everything is stored in OUT/ROW as it is played, so
the same command goes on after an interruption. OUT/ROW.json is what ``benchmarks.ship_weights --results`` takes. Exits
with 1 where the network misses what the row asks.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from agent.player_identity import identify_player
from agent.storage import durable_files
from benchmarks.masters.checks import CHECKS
from benchmarks.masters.matches import even_nodes, play
from benchmarks.masters.openings import STORED, find_openings
from benchmarks.masters.rows import ROWS
from benchmarks.script import even, run_script
from games import make
from honte.bench.machine import machine

EVERY = 10.0
"""Seconds between two lines of progress."""


class Teller:
    """Prints lines of progress, not too often. A line that begins otherwise than the last one is always printed."""

    def __init__(self) -> None:
        self.last, self.kind = 0.0, ""

    def __call__(self, text: str) -> None:
        kind = text.split(" ")[-1]
        if kind != self.kind or time.monotonic() - self.last > EVERY:
            print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
            self.last, self.kind = time.monotonic(), kind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", required=True, choices=ROWS, help="the row of the table")
    parser.add_argument("--network", default="", help="RUN, RUN@STEP or a model folder (default: the one that ships)")
    parser.add_argument("--out", type=Path, default=Path("masters"), help="the folder of all rows")
    parser.add_argument("--games", type=even, default=200, help="of each match")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--opponents", nargs="*", type=int, help="numbers of the row's opponents, from 0 (default: all)"
    )
    parser.add_argument("--checks", nargs="*", choices=CHECKS, help="names of the row's checks (default: all)")
    parser.add_argument("--judge", default="", help="of openings, instead of a solver or mcts:20000")
    parser.add_argument("--positions", type=int, default=500, help="of a check by solved positions")
    parser.add_argument("--even", action="store_true", help="search the nodes at which an engine is even")
    parser.add_argument("--even-games", type=even, default=40, help="of each match of that search")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    flags = parser.parse_args()
    row, say = ROWS[flags.row], Teller()
    if not set(flags.opponents or ()) <= set(range(len(row.opponents))):
        parser.error(f"--opponents is {flags.opponents}; the row has {len(row.opponents)} opponents, numbered from 0")
    game, network = make(row.game), flags.network or row.game
    folder = flags.out / flags.row
    result: dict[str, Any] = {
        "row": flags.row,
        "game": game.name,
        "network": identify_player(network)._asdict(),
        "opponents": [],
        "checks": [],
        "even": [],
        **machine(),
    }

    def store() -> None:
        durable_files.write_atomic(flags.out / f"{flags.row}.json", (json.dumps(result, indent=1) + "\n").encode())

    for name in row.checks if flags.checks is None else flags.checks:
        result["checks"].append(CHECKS[name](game, network, say=say, folder=folder, count=flags.positions))
        store()
    numbers = range(len(row.opponents)) if flags.opponents is None else flags.opponents
    terms = {"games": flags.games, "seed": flags.seed, "folder": folder, "say": say}
    if numbers:
        openings = find_openings(
            game,
            flags.games // 2,
            row.opening_plies,
            seed=flags.seed,
            file=folder / "openings.jsonl",
            stored=STORED / f"{flags.row}.jsonl",
            judge=flags.judge,
            progress=say,
        )
    for number in numbers:
        opponent = row.opponents[number]
        result["opponents"].append(play(game, network, opponent, openings, **terms))
        store()
        if flags.even and "nodes=" in opponent.text:
            search = even_nodes(game, network, opponent, openings, **{**terms, "games": flags.even_games})
            result["even"].append({"opponent": opponent.text, **search})
            store()
    for line in table(result):
        print(line, file=sys.stderr)
    if flags.json:
        print(json.dumps(result))
    return int(any(each["reached"] is False for each in (*result["opponents"], *result["checks"])))


def table(result: dict[str, Any]) -> list[str]:
    """The result in lines for people."""
    lines = []
    for each in result["opponents"]:
        seats = f"first {each['score_as_first']:.1%}, second {each['score_as_second']:.1%}"
        asked = "" if each["at_least"] is None else f", asked: {each['at_least']:.0%} ({each['seat']})"
        lines.append(
            f"{each['player']} - {each['opponent']}: {each['score']:.1%} [{each['score_low']:.1%},"
            f" {each['score_high']:.1%}] of {each['games']} games ({seats}{asked}), {each['distinct_games']} distinct,"
            f" {each['openings_left_out']} openings left out,"
            f" {each['resignations']} resignations, {len(each['failures'])} failures"
        )
    lines += [json.dumps(each) for each in (*result["checks"], *result["even"])]
    return lines


if __name__ == "__main__":
    run_script(main)
