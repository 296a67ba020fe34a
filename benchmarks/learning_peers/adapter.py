"""The command of an adapter: another program learns until it is ended, or one of its networks answers positions.

Knows flags and JSON, and imports the standard library only. Does not know any program.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

Answers = dict[str, list[int]]
"""The columns that a network chooses in each position: "raw" alone, "search" with a search."""


def make_parser(about: str | None) -> argparse.ArgumentParser:
    """The flags of every adapter."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "answer"])
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON, in place of the program's defaults")
    parser.add_argument("--out", type=Path, help="where training stores networks")
    parser.add_argument("--snapshot", type=Path, help="the network that answers")
    parser.add_argument("--positions", type=Path, help="a JSON file with a list of moves for each position")
    parser.add_argument("--simulations", type=int, default=100)
    return parser


def run(
    args: argparse.Namespace,
    train: Callable[[Path], None],
    answer: Callable[[Path, list[list[int]], int], Answers],
) -> None:
    """Do what ``args`` of ``make_parser`` ask for; answers are printed as JSON."""
    if args.what == "train":
        train(args.out)
    else:
        positions = json.loads(args.positions.read_text(encoding="utf-8"))
        print(json.dumps(answer(args.snapshot, positions, args.simulations)))
