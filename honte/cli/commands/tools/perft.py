"""``honte perft GAME DEPTH``: the number of action sequences of that length.

Knows its flags and the progress that it prints. Does not know how sequences are counted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from agent.settings import Count
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameArgument
from honte.command_line import Output, format_duration, show_progress

if TYPE_CHECKING:
    from games.game import Game

LONG = 2e7
"""With more sequences than this, which take about a second, progress is shown."""


@dataclass(frozen=True)
class PerftFlags:
    """Count the sequences of DEPTH legal actions from the first position. Published counts verify a game's rules."""

    game: GameArgument
    """the game, such as connect_four, tic_tac_toe:rows=4,columns=4,k=3 or FILE.py:game"""
    depth: Annotated[Count, Argument("DEPTH")]
    """number of plies; if it takes long, smaller depths are counted first and shown on stderr"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(PerftFlags, arguments, "perft")
    from games import make, perft
    from games.perft import estimated_counts

    game, output = make(args.game), Output(args.json)
    if not 0 <= args.depth <= game.max_plies:
        raise ValueError(
            f"DEPTH is {args.depth}; it must be from 0 to {game.max_plies}: no game of {game.name} has more plies"
        )
    expected = estimated_counts(game, args.depth)
    count = perft(game, args.depth) if expected[-1] < LONG else _counted(game, expected.tolist())
    output.say(str(count))
    output.result({"game": game.name, "depth": args.depth, "count": count})
    return 0


def _counted(game: Game, expected: list[float]) -> int:
    """Perft of the depth ``len(expected) - 1``; smaller depths come first and tell how long the rest may take."""
    from games import perft

    depth, count, speed = len(expected) - 1, 1, 0.0
    note = f"{game.name} has about {expected[-1]:.2g} sequences of {depth} actions; Ctrl-C stops"
    print(note, file=sys.stderr, flush=True)
    for each in range(1, depth + 1):
        begun = time.perf_counter()
        with show_progress(f"depth {each}", max(1, round(expected[each]))) as advance:
            count = perft(game, each, lambda counted, advance=advance: advance(counted, ""))  # type: ignore[misc]
        spent = time.perf_counter() - begun
        line = f"depth {each}: {count:,} sequences in {format_duration(spent)}"
        if count > LONG / 100:  # smaller counts are too quick to measure the speed
            speed = count / max(spent, 1e-9)
        if speed and each < depth:
            line += f"; depths {each + 1} to {depth} take about {format_duration(sum(expected[each + 1 :]) / speed)}"
        print(line, file=sys.stderr, flush=True)
    return count
