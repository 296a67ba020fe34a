"""``honte gtp PLAYER``: a player as an engine for Sabaki, GoGui and other programs that speak GTP.

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
class GtpFlags:
    """Run a player as an engine that reads commands of the Go Text Protocol on stdin and replies on stdout."""

    player: PlayerArgument
    """the player, such as runs/go, mcts:800 or connect_four?simulations=400"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the player has learned)"""
    points: bool = False
    """write moves as points of a Go board, A1 at the bottom left and no I, in every game; GoGui turns it on itself"""
    seed: Seed = 0
    """the random seed"""
    device: Device = "auto"
    """where networks run"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(GtpFlags, arguments, "gtp")
    from agent.player import Player
    from agent.players import make_player
    from games import Game
    from honte.analysis.position_analysis import tree_capacity
    from honte.api import resolve_game
    from honte.protocols import gogui
    from honte.protocols.gtp import framing
    from honte.protocols.gtp.command_loop import GtpCommandLoop
    from honte.protocols.gtp.session import GtpSession

    def load(game: Game) -> Player:
        capacity = tree_capacity(game.num_actions, 1)
        return make_player(args.player, game, num_slots=1, seed=args.seed, device=args.device, capacity=capacity)

    game = resolve_game(args.game, args.player)
    if args.points and not gogui.can_show(game):
        raise ValueError(f"--points: {game.name} has more than {len(gogui.LETTERS)} columns or rows")
    write = framing.writer(sys.stdout.buffer)
    session = GtpSession(game, load, args.player, framing.LineReader(framing.standard_input()), write, seed=args.seed)
    session.uses_points = args.points
    GtpCommandLoop(session).run()
    return 0
