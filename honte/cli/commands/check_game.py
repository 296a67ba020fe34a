"""``honte check-game GAME``: the laws of games, tried on random games of it.

Knows its flags. Does not know the laws.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.settings import Positive, Seed
from games.check import Report
from games.game import Game
from honte.cli.flags import GameArgument, parse_flags
from honte.command_line import Output


@dataclass(frozen=True)
class CheckGame:
    """Hold GAME against the laws that every game keeps; exit code 1 and the law when it breaks one."""

    game: GameArgument
    """connect_four, tic_tac_toe:rows=4,columns=4,k=3 or FILE.py:game"""
    games: Positive = 64
    """random games to play"""
    seed: Seed = 0
    """another seed, other games"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(CheckGame, arguments, "check-game")
    from games import check_game, make
    from games.user_rules.faults import GameFault

    game, output = make(args.game, trial=False), Output(args.json)
    try:
        report = check_game(game, args.games, args.seed)
    except GameFault as fault:
        print(fault, file=sys.stderr)
        output.result({"game": game.name, "ok": False, "law": str(fault)})
        return 1
    output.say(told(game, report))
    output.result({"game": game.name, "ok": True, **report})
    return 0


def told(game: Game, report: Report) -> str:
    """The report for people: what holds, and what only the game's author can judge."""
    last = report["last_mover_wins"]
    lines = [
        f"{game.name} keeps the laws: {report['games']} random games, {report['positions']} positions, each in"
        f" {len(game.symmetries.cells)} symmetries; the longest game had {report['longest']} of at most"
        f" {game.max_plies} plies.",
        "What only you can judge, of these random games:",
        f"  {report['first_wins']:.1%} were won by the first player, {report['second_wins']:.1%} by the second,"
        f" {report['draws']:.1%} were draws",
    ]
    if last is not None:
        lines.append(f"  {last:.1%} of the decided games were won by the player who made the last move")
    lines += [
        f"  a game took {report['mean_length']:.1f} plies on average",
        f"  a player had {report['mean_legal_moves']:.1f} legal moves on average",
        f"  after {report['moves_again']:.1%} of the moves the same player moved again",
        *(f"note: {note}" for note in report["notes"]),
    ]
    return "\n".join(lines)
