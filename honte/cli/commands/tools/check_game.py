"""``honte check-game GAME``: check that a game obeys the rules of the framework, by random games.

Knows its flags and the report. Does not know the checks (``games.check``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.settings import Positive, Seed
from games.check import Report
from games.game import Game
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import GameArgument
from honte.command_line import Output


@dataclass(frozen=True)
class CheckGameFlags:
    """Check on random games that a game obeys what honte expects of every game. The exit code is 1 if a check fails."""

    game: GameArgument
    """the game, such as connect_four, tic_tac_toe:rows=4,columns=4,k=3 or FILE.py:game"""
    games: Positive = 64
    """how many random games to play"""
    seed: Seed = 0
    """the random seed"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(CheckGameFlags, arguments, "check-game")
    from games import check_game, make
    from games.user_rules.faults import GameFault

    game, output = make(args.game, trial=False), Output(args.json)
    try:
        report = check_game(game, args.games, args.seed)
    except GameFault as fault:
        print(fault, file=sys.stderr)
        output.result({"game": game.name, "ok": False, "law": str(fault)})
        return 1
    output.say(format_report(game, report))
    output.result({"game": game.name, "ok": True, **report})
    return 0


def format_report(game: Game, report: Report) -> str:
    """The report for people: what was checked, and numbers that only the game's author can check."""
    last = report["last_mover_wins"]
    lines = [
        f"{game.name} passes all checks: {report['games']} random games, {report['positions']} positions, each in"
        f" {len(game.symmetries.cells)} symmetries; the longest game had {report['longest']} plies, and max_plies is"
        f" {game.max_plies}.",
        "Please check yourself that these numbers fit the game:",
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
