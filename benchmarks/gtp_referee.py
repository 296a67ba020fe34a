"""Two GTP engines play Go; honte checks every move by its rules and counts the score.

    python -m benchmarks.gtp_referee --games 20 --sizes 5 7 9 [--a COMMAND] [--b COMMAND] [--out FILE.json]

Engine A has Black in every other game. A game ends after two passes and is scored by area (Tromp-Taylor). An engine
that crashes, hangs, resigns or plays an illegal move loses. The result has the moves of every game.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from agent.external.gtp import GtpClient
from agent.external.process import CommandRefused, EngineError
from benchmarks.script import run_script
from games import make
from honte.bench.machine import commit, processor, versions
from honte.protocols.gtp.board import GtpBoard

HONTE = "{python} -m honte gtp mcts:400 --game go:size={size},komi={komi:g}"
GNUGO = "/usr/games/gnugo --mode gtp --level 1 --chinese-rules --positional-superko --capture-all-dead"
COLOURS = ("black", "white")
SETUP_SECONDS = 600
"""What is asked before a game may take long: rules are compiled then."""


class Lost(Exception):
    """No error of ours: a side has lost, and why."""


LIVING: dict[str, GtpClient] = {}
"""Engines by their command: one that has not failed plays on."""


def started(command: str, size: int, komi: float, seconds: float, main_time: float) -> GtpClient:
    """An engine set up for a game."""
    words = command.format(python=sys.executable, size=size, komi=komi)
    if words not in LIVING:
        LIVING[words] = GtpClient(words, seconds=seconds)
    for line in (f"boardsize {size}", "clear_board", f"komi {komi:g}", f"time_settings {main_time:g} 0 0"):
        LIVING[words].ask(line, seconds=SETUP_SECONDS)
    return LIVING[words]


def play(sides: tuple[str, str], size: int, komi: float, seconds: float, main_time: float) -> dict[str, Any]:
    """One game; its record. ``sides`` are the commands of Black and White."""
    board = GtpBoard(make(f"go:size={size},komi={komi:g}"))
    engines: list[GtpClient] = []
    spent = [0.0, 0.0]
    reason = ""
    seat = 0
    try:
        for seat in range(2):  # whoever cannot start has lost
            engines.append(started(sides[seat], size, komi, seconds, main_time))
        while not board.position.is_over:
            seat = board.position.to_play
            left = main_time - spent[seat]
            engines[seat].ask(f"time_left {COLOURS[seat]} {left:.0f} 0")
            began = time.monotonic()
            move = engines[seat].ask(f"genmove {COLOURS[seat]}")
            spent[seat] += time.monotonic() - began
            if move.lower() == "resign":
                raise Lost("resigned")
            if spent[seat] > main_time:
                raise Lost(f"overstepped its {main_time:g} seconds")
            try:
                board.play(seat, move)
            except ValueError as error:
                raise Lost(f"played {move}: {error}") from None
            seat = 1 - seat
            engines[seat].ask(f"play {COLOURS[1 - seat]} {move}")
        score = board.final_score()
    except (EngineError, CommandRefused, Lost) as error:
        score, reason = f"{'WB'[seat]}+Forfeit", f"{COLOURS[seat]}: {error}"
        for words in [words for words, engine in LIVING.items() if engine in engines]:
            LIVING.pop(words).close()
    moves = list(board.position.line)
    return {"size": size, "score": score, "reason": reason, "plies": len(moves), "seconds": spent, "moves": moves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--a", default=HONTE, help="a command; {python}, {size} and {komi} are filled in")
    parser.add_argument("--b", default=GNUGO)
    parser.add_argument("--games", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 7, 9])
    parser.add_argument("--komi", type=float, default=7.5)
    parser.add_argument("--seconds", type=float, default=60.0, help="for a reply")
    parser.add_argument("--main-time", type=float, default=300.0, help="for a game and side")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    records = []
    for number in range(args.games):
        size = args.sizes[number // 2 % len(args.sizes)]
        sides = (args.a, args.b) if number % 2 == 0 else (args.b, args.a)
        record = play(sides, size, args.komi, args.seconds, args.main_time)
        black = {"B": 1, "W": -1}.get(record["score"][0], 0)
        record["a_is"], record["a_result"] = COLOURS[number % 2], black if number % 2 == 0 else -black
        records.append(record)
        took = "{:.1f} and {:.1f} s".format(*record["seconds"])
        result = f"game {number + 1}: {size} x {size}, A is {record['a_is']}, {record['score']}"
        print(f"{result} after {record['plies']} plies, {took} {record['reason']}", file=sys.stderr, flush=True)
    results = [record["a_result"] for record in records]
    summary = {
        "a": args.a,
        "b": args.b,
        "games": len(records),
        "wins": results.count(1),
        "draws": results.count(0),
        "losses": results.count(-1),
        "forfeits": sum(bool(record["reason"]) for record in records),
        "distinct_games": len({tuple(record["moves"]) for record in records}),
    }
    if args.out:
        content = {**summary, "machine": processor(), "versions": versions(), "commit": commit(), "records": records}
        args.out.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    run_script(main)
