"""Fuzzing of ``honte gtp``: every reply must have the form of GTP, and none may report an internal error.

    python -m benchmarks.gtp_fuzz --lines 100000 [--seed 0]

The lines are those of the tests (``tests/honte/protocols/gtp_talk.py``), in dialogues of 2,500, on four games in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from benchmarks.script import run_script
from tests.honte.protocols.gtp_talk import fuzzed, talk

DIALOGUE = 2500
GAMES = (
    ("tic_tac_toe", "mcts:4"),
    ("go:size=5", "random"),
    ("breakthrough:rows=5,columns=5", "random"),
    ("connect_four", "random"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(-(-args.lines // DIALOGUE)):
        game, name = GAMES[number % len(GAMES)]
        lines = fuzzed(args.seed + number, DIALOGUE)
        replies = talk(lines, name, game)
        bad = [reply for reply in replies if "internal error" in reply]
        if bad:
            raise SystemExit(f"dialogue {number} ({game}, seed {args.seed + number}): {bad[0]!r}")
        counts["lines"] += lines.count(b"\n")
        counts["replies"] += len(replies)
        counts["refused"] += sum(reply.startswith("?") for reply in replies)
        print(f"{counts['lines']} lines, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps({**counts, "seed": args.seed, "seconds": round(time.monotonic() - began)}))


if __name__ == "__main__":
    run_script(main)
