"""A check that players can play a game, made before the first game, so that a start that fails stores nothing.

Knows what each kind of player may lack. Does not know who plays whom. A network was checked when it was loaded. An
external engine is started and asked for a first move. A solver must be able to solve the positions after the openings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.external.player import ExternalPlayer
from agent.external.process import CommandRefused, EngineError
from agent.player import Player
from agent.solvers.perfect_player import PerfectPlayer
from agent.solvers.registry import is_solvable
from games.game import Game
from games.playouts import states_after
from selfplay.openings import Opening


def check_players(game: Game, players: Iterable[tuple[str, Player]], openings: Sequence[Opening] = ((),)) -> None:
    """Check each of ``players``, given with their texts. ValueError says which player cannot play, and why.

    ``openings``: those of the games. An external engine stays started; the check changes nothing else.
    """
    for text, player in players:
        if isinstance(player, ExternalPlayer):
            try:
                player.check()
            except (EngineError, CommandRefused) as error:
                raise ValueError(f"{text!r} cannot play {game.name}: {error}") from None
        if isinstance(player, PerfectPlayer) and openings:
            states = states_after(game, list(dict.fromkeys(openings)))
            for row in states[~game.describe_new(states).terminal]:
                if not is_solvable(game, row):
                    player.values(row)  # raises a ValueError that says which positions it can solve
