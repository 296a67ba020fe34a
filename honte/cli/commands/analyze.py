"""``honte analyze PLAYER``: questions on stdin, answers on stdout, one JSON object a line.

Knows its flags and streams. Does not know what a question says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from tyro import conf

from agent.settings import Device, Positive, Seed, Slots
from honte.command_line import GameFlag, PlayerPlace, parse_flags


@dataclass(frozen=True)
class Analyze:
    """Analyse positions: one JSON object a line on stdin, such as {"id": "1", "moves": ["d", "c"]}; answers on stdout.

    The fields are those of KataGo's analysis engine. What waits at the end of the input is still answered.
    """

    player: PlayerPlace
    """such as runs/connect_four, connect_four?simulations=400 or perfect"""
    game: GameFlag = None
    """the game, where the player does not tell it"""
    num_slots: Slots = 16
    """positions thought about at once, in batches"""
    max_visits: Annotated[Positive | None, conf.arg(metavar="INT", help_behavior_hint="")] = None
    """the most that a question's maxVisits may ask for (default: what fits a GiB, 100,000 at most)"""
    seed: Seed = 0
    """all that is drawn by lot follows from it"""
    device: Device = "auto"
    """where networks run: auto, cpu, cuda:0, mps"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(Analyze, arguments, "analyze")
    from agent.players import make_player
    from honte.analysis.position_analysis import tree_capacity
    from honte.api import resolve_game
    from honte.protocols.gtp import framing
    from honte.protocols.json_fields import MAX_CHARACTERS
    from honte.protocols.kata_analysis import KataAnalysis

    game = resolve_game(args.game, args.player)
    room = args.max_visits + 1 if args.max_visits else tree_capacity(game.num_actions, args.num_slots)
    mind = make_player(args.player, game, num_slots=args.num_slots, seed=args.seed, device=args.device, capacity=room)
    write = framing.writer(sys.stdout.buffer)

    def answer(content: dict[str, Any]) -> None:
        write(json.dumps(content, allow_nan=False) + "\n")

    analyst = KataAnalysis(game, mind, num_slots=args.num_slots, write=answer, seed=args.seed)
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
