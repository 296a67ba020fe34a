"""``honte analyze PLAYER``: queries on stdin, answers on stdout, one JSON object on each line.

Knows its flags and the streams. Does not know the fields of a query.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from agent.settings import Device, Positive, Seed, Slots
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import GameFlag, Placeholder, PlayerArgument


@dataclass(frozen=True)
class AnalyzeFlags:
    """Analyse positions. Each line of stdin is a JSON query, such as {"id": "1", "moves": ["d", "c"]}; each line
    of stdout is an answer.

    The fields are those of KataGo's analysis engine. At the end of the input, queries that wait are still answered.
    """

    player: PlayerArgument
    """the player, such as runs/connect_four, connect_four?simulations=400 or perfect"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the player has learned)"""
    num_slots: Slots = 16
    """positions that are searched at the same time, in batches"""
    max_visits: Annotated[Positive | None, Placeholder("N")] = None
    """the largest maxVisits of a query (default: as many as fit 1 GiB, at most 100,000)"""
    seed: Seed = 0
    """the random seed"""
    device: Device = "auto"
    """where networks run"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(AnalyzeFlags, arguments, "analyze")
    from agent.players import make_player
    from honte.analysis.position_analysis import tree_capacity
    from honte.api import resolve_game
    from honte.protocols.gtp import framing
    from honte.protocols.json_fields import MAX_CHARACTERS
    from honte.protocols.kata_analysis import KataAnalysis

    game = resolve_game(args.game, args.player)
    capacity = args.max_visits + 1 if args.max_visits else tree_capacity(game.num_actions, args.num_slots)
    player = make_player(
        args.player, game, num_slots=args.num_slots, seed=args.seed, device=args.device, capacity=capacity
    )
    write = framing.writer(sys.stdout.buffer)

    def answer(content: dict[str, Any]) -> None:
        write(json.dumps(content, allow_nan=False) + "\n")

    analyst = KataAnalysis(game, player, num_slots=args.num_slots, write=answer, seed=args.seed)
    source = framing.LineReader(framing.standard_input(), MAX_CHARACTERS, returns_end_lines=True)
    open_ = True
    while open_ or not analyst.idle:
        while open_ and (source.pending or analyst.idle):
            line = source.get()
            if line is None:
                open_ = False
            elif line.strip():
                analyst.ask(line.decode("utf-8", "replace"))
        analyst.work()
    return 0
