"""``honte perft GAME DEPTH``: the number of action sequences of that length.

Knows its flags. Does not know how they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro import conf

from agent.ranges import Count
from honte.commands.shared import GamePlace, Output, parse


@dataclass(frozen=True)
class Perft:
    """Count the sequences of DEPTH legal actions from the first position; published tables prove a game's rules."""

    game: GamePlace
    """connect_four, tic_tac_toe:rows=4,columns=4,k=3 or FILE.py:game"""
    depth: Annotated[Count, conf.Positional, conf.arg(metavar="DEPTH")]
    """number of plies"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse(Perft, arguments, "perft")
    from games import make, perft

    game, output = make(args.game), Output(args.json)
    count = perft(game, args.depth)
    output.say(str(count))
    output.result({"game": game.name, "depth": args.depth, "count": count})
    return 0
