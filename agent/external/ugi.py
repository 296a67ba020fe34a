"""``ugi:COMMAND``: an engine that speaks UGI as a player of any game.

Knows UGI from the side of the controller, and the errors of engines. Does not know processes, matches or search.

Moves are written as the game writes them, and the engine's command must set it up for that game and size. The protocol
is UCI for any game: "Universal Game Interface" (ugi.md of cutegames). An engine that fails forfeits the game, and the
next game begins with a new process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from agent.external.player import ExternalEngine, ExternalPlayer, default_num_engines, parse_command
from agent.external.process import CommandRefused, EngineProcess
from games.game import Game
from games.playouts import action_texts, state_after

SECONDS = 60.0
"""Default time limit of an answer (``seconds=``)."""

MOVETIME = 1000.0
"""Milliseconds per move where ``movetime=``, ``nodes=`` and ``depth=`` are not given."""


def ugi_player(text: str, game: Game, num_slots: int) -> UgiPlayer:
    """The player for ``ugi:[seconds=S] [engines=N] [movetime=MS | nodes=N | depth=D] COMMAND``.

    ValueError for a text of another form.
    """
    settings = default_settings(num_slots)
    command = parse_command(text, settings, example="ugi:nodes=1000 ./engine")
    limit = parse_limit(text, settings)
    return UgiPlayer(game, command, limit, num_engines=int(settings["engines"]), seconds=settings["seconds"])


def default_settings(num_slots: int) -> dict[str, Any]:
    """The settings that may stand before the command. A limit of 0 is no limit."""
    engines = default_num_engines(num_slots)
    return {"seconds": SECONDS, "engines": engines, "movetime": 0.0, "nodes": 0.0, "depth": 0.0}


def parse_limit(text: str, settings: Mapping[str, Any]) -> str:
    """What follows the word ``go``. ValueError for more than one limit."""
    limits = [f"{name} {settings[name]:.0f}" for name in ("movetime", "nodes", "depth") if settings[name]]
    if len(limits) > 1:
        raise ValueError(f"{text!r} limits a move by {' and by '.join(limits)}; one of them is enough")
    return limits[0] if limits else f"movetime {MOVETIME:.0f}"


class UgiClient(EngineProcess):
    """A process that answers UGI commands."""

    def ask(self, command: str, wanted: str) -> str:
        """The text after the word ``wanted`` in the answer. Lines before it (info, options) are skipped."""
        deadline = time.monotonic() + self.seconds
        self.send(command)
        while True:
            word, _, rest = self.read_line(command, deadline, self.seconds).strip().partition(" ")
            if word == wanted:
                return rest.strip()


class UgiEngine(ExternalEngine[UgiClient]):
    """An engine that gets the whole game before each of its moves."""

    def __init__(self, game: Game, command: str, limit: str, seconds: float) -> None:
        super().__init__(game, command, seconds)
        self.limit = limit
        self.plies = 0  # of the game that it got last

    def find_move(self, actions: list[int]) -> int:
        client = self._start(new_game=len(actions) < self.plies)
        self.plies = len(actions)
        texts = action_texts(self.game, actions)
        here = self.game.describe_new(state_after(self.game, actions))
        client.send(" ".join(["position startpos", *(["moves", *texts] if texts else [])]))
        text = client.ask(f"go {self.limit}", "bestmove").split(" ")[0]
        try:
            action = self.game.parse_action(text, int(here.to_play[0]))
        except ValueError:
            raise CommandRefused(f"its best move is {text[:60]!r}") from None
        if not here.legal[0, action]:
            raise CommandRefused(f"it played {text}, which is not legal")
        return action

    def _start(self, *, new_game: bool) -> UgiClient:
        if self.client is None:
            self.client, new_game = UgiClient(self.command, seconds=self.seconds), True
            self.client.ask("ugi", "ugiok")
        if new_game:
            self.client.send("uginewgame")
            self.client.ask("isready", "readyok")
        return self.client


class UgiPlayer(ExternalPlayer):
    """A player whose moves come from engines that speak UGI."""

    def __init__(self, game: Game, command: str, limit: str, *, num_engines: int, seconds: float) -> None:
        super().__init__(game, [UgiEngine(game, command, limit, seconds) for _ in range(num_engines)])
