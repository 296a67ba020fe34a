"""``honte check-game GAME``: the laws of games, tried on random games of it.

Knows its flags. Does not know the laws.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.ranges import Positive, Seed
from honte.commands.shared import GamePlace, Output, parse


@dataclass(frozen=True)
class CheckGame:
    """Hold GAME against the laws that every game keeps; exit code 1 and the law when it breaks one."""

    game: GamePlace
    """connect_four, tic_tac_toe:rows=4,columns=4,k=3 or FILE.py:game"""
    games: Positive = 64
    """random games to play"""
    seed: Seed = 0
    """another seed, other games"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse(CheckGame, arguments, "check-game")
    from games import check_game, make
    from games.check import BrokenLaw

    game, output = make(args.game), Output(args.json)
    try:
        counts = check_game(game, args.games, args.seed)
    except BrokenLaw as law:
        print(law, file=sys.stderr)
        output.result({"game": game.name, "ok": False, "law": str(law)})
        return 1
    output.say(
        f"{game.name} keeps the laws: {counts['games']} random games, {counts['positions']} positions, each in"
        f" {len(game.symmetries.cells)} symmetries; the longest game had {counts['longest']} of at most"
        f" {game.max_plies} plies."
    )
    output.result({"game": game.name, "ok": True, **counts})
    return 0
