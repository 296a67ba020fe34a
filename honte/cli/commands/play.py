"""``honte play [PLAYER]``: a game in the terminal.

Knows its flags. Does not know the prompt (``honte.terminal.play``).
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from agent.settings import Count, Device, Seed, Temperature
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, Placeholder
from honte.command_line import Output

if TYPE_CHECKING:
    from rich.console import Console

    from games import Game


@dataclass(frozen=True)
class PlayFlags:
    """Play against a player in the terminal. Type help at the prompt to see the commands."""

    player: Annotated[str | None, Argument("PLAYER")] = None
    """the opponent, such as connect_four (the network that ships), runs/connect_four, mcts:800 or perfect; person for
    two people at this terminal (default: list the players and ask)"""
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

    from agent import weights
    from agent.player import Player
    from agent.players import make_player
    from honte.api import resolve_game, with_simulations
    from honte.terminal.play import SIDES, TerminalSession
    from honte.terminal.player_choice import default_player
    from honte.terminal.saved_games import PERSON
    from selfplay.matches.readiness import check_players

    output = Output(args.json)
    console = Console(file=output.people, highlight=False)
    if console.is_dumb_terminal:  # rich does not ask such a terminal for its size
        width, height = shutil.get_terminal_size()
        console = Console(file=output.people, highlight=False, width=width, height=height)
    chosen = (args.player, args.game) if args.player is not None else _choose(args.game, console)
    if chosen is None:
        return 0
    name, of_game = chosen
    two_people = name == PERSON
    if two_people and of_game is None:
        raise ValueError("no game is given, and people can play any; add --game, such as connect_four")
    game = resolve_game(of_game, *([] if two_people else [name]))
    player = default_player(game) if two_people else name
    text = player if args.simulations is None else with_simulations(player, args.simulations)
    seed = random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
    side = random.Random(seed).choice(SIDES) if args.side == "random" else args.side

    def load(capacity: int = 0) -> Player:
        return make_player(text, game, num_slots=2, seed=seed, device=args.device, capacity=capacity)

    seat = None if two_people else SIDES.index(side)
    opponent = None
    # A network that ships needs nothing that may be missing. Any other player is made before the first prompt.
    if seat != 0 or of_game is not None or args.device != "auto" or weights.folder(text) is None:
        opponent = load()
        check_players(game, [(player, opponent)])
    session = TerminalSession(
        game, opponent, text, console, make=load, seat=seat, seed=seed, temperature=args.temperature
    )
    session.run()
    output.result(session.as_json())
    return 0


def _choose(game: str | None, console: Console) -> tuple[str, str | Game | None] | None:
    """List the players and ask for one: the player and its game, None at the end of the input.

    ValueError without a terminal, after the list.
    """
    from games import make
    from honte.terminal.player_choice import ask_for_player, choices_text, games_text, list_choices

    rules = None if game is None else make(game)
    choices = list_choices(rules)

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=not console.is_terminal)

    say(choices_text(choices, console.width))
    if rules is None:
        say(games_text(console.width))
    if not sys.stdin.isatty():
        raise ValueError("PLAYER is missing; name one of the players that are listed, as in: honte play connect_four")
    chosen = ask_for_player(choices, rules, say, lambda text: console.print(text, end="", markup=False))
    if chosen is None:
        say("\nGoodbye.")
    return chosen
