"""``honte ugi PLAYER``: a player as an engine for cutegames and other programs that speak UGI.

Knows its flags. Does not know the protocol.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.settings import Device, Seed
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import GameFlag, PlayerArgument


@dataclass(frozen=True)
class UgiFlags:
    """Run a player as an engine that reads commands of the Universal Game Interface on stdin and replies on stdout."""

    player: PlayerArgument
    """the player, such as runs/hex, mcts:800 or connect_four?simulations=400"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the player has learned)"""
    seed: Seed = 0
    """the random seed"""
    device: Device = "auto"
    """where networks run"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(UgiFlags, arguments, "ugi")
    from agent.players import make_player
    from honte.analysis.position_analysis import tree_capacity
    from honte.api import resolve_game
    from honte.protocols.gtp import framing
    from honte.protocols.ugi import UgiCommandLoop

    game = resolve_game(args.game, args.player)
    capacity = tree_capacity(game.num_actions, 1)
    player = make_player(args.player, game, num_slots=1, seed=args.seed, device=args.device, capacity=capacity)
    write = framing.writer(sys.stdout.buffer)
    UgiCommandLoop(
        game,
        player,
        args.player,
        framing.LineReader(framing.standard_input(), returns_end_lines=True),
        write,
        seed=args.seed,
    ).run()
    return 0
