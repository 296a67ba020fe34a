"""``honte play PLAYER``: a game in the terminal.

Knows its flags. Does not know the prompt.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from agent.settings import Count, Device, Seed, Temperature
from honte.cli.flags import GameFlag, Placeholder, PlayerArgument, parse_flags
from honte.command_line import Output


@dataclass(frozen=True)
class Play:
    """Play against PLAYER in the terminal. At the prompt, help lists what can be typed."""

    player: PlayerArgument
    """such as runs/connect_four, mcts:800 or perfect"""
    game: GameFlag = None
    """the game, where the player does not tell it"""
    side: Literal["first", "second", "random"] = "first"
    """your seat"""
    simulations: Annotated[Count | None, Placeholder("N")] = None
    """simulations a move, instead of the player's own"""
    temperature: Temperature = 0.0
    """0: the player's best moves; 1: chosen by lot as its search weighs them"""
    seed: Annotated[Seed | None, Placeholder("N")] = None
    """all that is drawn by lot follows from it (default: another one each time)"""
    device: Device = "auto"
    """where networks run"""
    json: bool = False
    """the game, as it stood at the end, as one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(Play, arguments, "play")
    from rich.console import Console

    from honte.api import load, resolve_game, with_simulations
    from honte.terminal.play import SIDES, TerminalSession
    from selfplay.matches.readiness import check_players

    output, game = Output(args.json), resolve_game(args.game, args.player)
    text = args.player if args.simulations is None else with_simulations(args.player, args.simulations)
    seed = random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
    side = random.Random(seed).choice(SIDES) if args.side == "random" else args.side
    console = Console(file=output.people, highlight=False)
    player = load(text, game, num_slots=2, seed=seed, device=args.device)
    check_players(game, [(args.player, player)])
    session = TerminalSession(
        game, player, text, console, seat=SIDES.index(side), seed=seed, temperature=args.temperature
    )
    session.run()
    output.result(session.as_json())
    return 0
