"""``honte play PLAYER``: a game in the terminal.

Knows its flags. Does not know the prompt (``honte.terminal.play``).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from agent.settings import Count, Device, Seed, Temperature
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import GameFlag, Placeholder, PlayerArgument
from honte.command_line import Output


@dataclass(frozen=True)
class PlayFlags:
    """Play against a player in the terminal. Type help at the prompt to see the commands."""

    player: PlayerArgument
    """the opponent, such as connect_four (the network that ships), runs/connect_four, mcts:800 or perfect"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the player has learned)"""
    side: Literal["first", "second", "random"] = "first"
    """whether you move first or second"""
    simulations: Annotated[Count | None, Placeholder("N")] = None
    """simulations for each move of the opponent (default: its own number)"""
    temperature: Temperature = 0.0
    """how freely the opponent chooses: 0 plays its best move, 1 draws a move in proportion to its search policy"""
    seed: Annotated[Seed | None, Placeholder("N")] = None
    """the random seed (default: a new one each time)"""
    device: Device = "auto"
    """where networks run"""
    json: bool = False
    """print the game, as it is when you leave, as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(PlayFlags, arguments, "play")
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
