"""``honte gtp PLAYER``: a player as an engine for Sabaki, GoGui and whatever else speaks GTP.

Knows its flags. Does not know the protocol.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from agent.settings import Device, Seed
from honte.command_line import GameFlag, PlayerPlace, parse_flags


@dataclass(frozen=True)
class Gtp:
    """Play and analyse as an engine: commands of the Go Text Protocol come in on stdin, replies go out on stdout."""

    player: PlayerPlace
    """such as runs/go, mcts:800 or connect_four?simulations=400"""
    game: GameFlag = None
    """the game, where the player does not tell it"""
    points: bool = False
    """moves are points of a Go board (A1 at the bottom left, no I) in every game; on by itself with GoGui"""
    seed: Seed = 0
    """all that is drawn by lot follows from it"""
    device: Device = "auto"
    """where networks run: auto, cpu, cuda:0, mps"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(Gtp, arguments, "gtp")
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
        room = tree_capacity(game.num_actions, 1)
        return make_player(args.player, game, num_slots=1, seed=args.seed, device=args.device, capacity=room)

    game = resolve_game(args.game, args.player)
    if args.points and not gogui.can_show(game):
        raise ValueError(f"--points: {game.name} has more than {len(gogui.LETTERS)} columns or rows")
    write = framing.writer(sys.stdout.buffer)
    session = GtpSession(game, load, args.player, framing.LineReader(framing.standard_input()), write, seed=args.seed)
    session.uses_points = args.points
    GtpCommandLoop(session).run()
    return 0
