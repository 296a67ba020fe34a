"""``honte ugi PLAYER``: a player as an engine for cutegames and whatever else speaks UGI.

Knows its flags. Does not know the protocol.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.settings import Device, Seed
from honte.command_line import GameFlag, PlayerPlace, parse_flags


@dataclass(frozen=True)
class UgiFlags:
    """Play as an engine: commands of the Universal Game Interface come in on stdin, answers go out on stdout."""

    player: PlayerPlace
    """such as runs/hex, mcts:800 or connect_four?simulations=400"""
    game: GameFlag = None
    """the game, where the player does not tell it"""
    seed: Seed = 0
    """all that is drawn by lot follows from it"""
    device: Device = "auto"
    """where networks run: auto, cpu, cuda:0, mps"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(UgiFlags, arguments, "ugi")
    from agent.players import make_player
    from honte.analysis.position_analysis import tree_capacity
    from honte.api import resolve_game
    from honte.protocols.gtp import framing
    from honte.protocols.ugi import UgiCommandLoop

    game = resolve_game(args.game, args.player)
    room = tree_capacity(game.num_actions, 1)
    made = make_player(args.player, game, num_slots=1, seed=args.seed, device=args.device, capacity=room)
    write = framing.writer(sys.stdout.buffer)
    UgiCommandLoop(
        game,
        made,
        args.player,
        framing.LineReader(framing.standard_input(), returns_end_lines=True),
        write,
        seed=args.seed,
    ).run()
    return 0
