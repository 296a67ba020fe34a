"""Whether players can play a game at all, found out before the first game: a start that fails stores nothing.

Knows what each kind of player may lack. Does not know who plays whom. A network is tried by loading it. An engine from
outside is started and asked for a first move. A solver must answer for the positions that the games begin from.
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
    """Try each of ``players``, given with their texts, once. ValueError that says who cannot play, and why.

    ``openings``: what the games begin with. An engine stays started. Nothing else remembers that it was tried.
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
                    player.values(row)  # its sentence says from where on it can
