"""``gtp:COMMAND``: an engine that speaks GTP as a player of any game.

Knows GTP from the side of the controller, and the errors of engines. Does not know processes, matches or search.

Go is played as GTP defines it. In any other game moves are written as the game writes them, and the engine's command
must set it up for that game and size. An engine that cannot be started, crashes, hangs, does not speak GTP, resigns or
plays an illegal move forfeits the game, and the next game begins with a new process.

The protocol: Farnebäck, "Specification of the Go Text Protocol, version 2", 2002.
"""

from __future__ import annotations

import time

import numpy as np

from agent.external.player import ExternalEngine, ExternalPlayer, default_num_engines, parse_command
from agent.external.process import LONGEST_LINE, LONGEST_REPLY, CommandRefused, EngineError, EngineProcess, Resigned
from games.game import Game

SECONDS = 60.0
"""Default time limit of a reply (``seconds=``)."""

COLOURS = ("black", "white")


def colour_names(game: Game) -> tuple[str, str]:
    """The colours of the first and the second player in GTP: the game's own names if they are colours."""
    first, second = (name.lower() for name in game.board.names)
    return (first, second) if {first, second} == set(COLOURS) else COLOURS


def gtp_player(text: str, game: Game, num_slots: int) -> GtpPlayer:
    """The player for ``gtp:[seconds=S] [engines=N] COMMAND``. ValueError for a text of another form."""
    settings = {"seconds": SECONDS, "engines": default_num_engines(num_slots)}
    command = parse_command(text, settings, example="gtp:gnugo --mode gtp")
    return GtpPlayer(game, command, num_engines=int(settings["engines"]), seconds=settings["seconds"])


class GtpClient(EngineProcess):
    """A process that answers GTP commands."""

    def ask(self, command: str, seconds: float | None = None) -> str:
        """The reply to ``command``, without its ``=``. CommandRefused for a ``?``, EngineError for no reply."""
        limit = self.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit
        self.send(command)
        reply: list[str] = []
        while True:
            text = self.read_line(command, deadline, limit)
            if not reply:
                if not text.strip():
                    continue  # some engines send blank lines between replies
                if text[0] not in "=?" or len(text) >= LONGEST_LINE:
                    self.close()
                    raise EngineError(f"{command!r} was answered with {text[:60]!r}; a reply begins with = or ?")
            elif not text.strip():
                break
            reply.append(text)
            if len(reply) >= LONGEST_REPLY:
                self.close()
                raise EngineError(f"the reply to {command!r} does not end")
        body = "\n".join([reply[0][1:].lstrip("0123456789").strip(), *reply[1:]]).strip()
        if reply[0][0] == "?":
            raise CommandRefused(body or "no reason given")
        return body

    def ask_required(self, command: str) -> str:
        """As ``ask``, for a command that every engine must accept: CommandRefused names the command."""
        try:
            return self.ask(command)
        except CommandRefused as error:
            raise CommandRefused(f"it refuses {command!r}: {error}") from None


class GtpEngine(ExternalEngine[GtpClient]):
    """An engine, and the moves that it has on its board."""

    def __init__(self, game: Game, command: str, seconds: float) -> None:
        super().__init__(game, command, seconds)
        self.sent: list[int] = []
        self.can_undo = False

    def find_move(self, actions: list[int]) -> int:
        client = self._start()
        differences = (i for i, (a, b) in enumerate(zip(actions, self.sent)) if a != b)
        common = next(differences, min(len(actions), len(self.sent)))
        if self.can_undo and len(self.sent) - common <= 2:
            for _ in range(len(self.sent) - common):
                client.ask("undo")
        elif common < len(self.sent):
            client.ask("clear_board")
            common = 0
        states = self.game.new(1)
        self.game.init(states)
        for ply, action in enumerate(actions):
            seat = int(self.game.describe_new(states).to_play[0])
            if ply >= common:
                try:
                    client.ask(f"play {colour_names(self.game)[seat]} {self.game.action_text(action, seat)}")
                except CommandRefused as error:
                    text = self.game.action_text(action, seat)
                    raise CommandRefused(f"it refuses the legal move {text}: {error}") from None
            self.game.step(states, np.array([action]))
        here = self.game.describe_new(states)
        seat = int(here.to_play[0])
        text = client.ask(f"genmove {colour_names(self.game)[seat]}")
        try:
            action = self.game.parse_action(text, seat)
        except ValueError:
            if text.lower() == "resign":
                raise Resigned("it resigned") from None
            raise CommandRefused(
                f"it answered genmove with {text[:60]!r}, which is no move of {self.game.name}"
            ) from None
        if not here.legal[0, action]:
            raise CommandRefused(f"it played {text}, which is not legal")
        self.sent = [*actions, action]
        return action

    def _start(self) -> GtpClient:
        if self.client is None:
            client = self.client = GtpClient(self.command, seconds=self.seconds)
            self.can_undo = "undo" in client.ask_required("list_commands").split()
            if self.game.komi is not None:  # Go
                client.ask_required(f"boardsize {self.game.board.width}")
                client.ask_required(f"komi {self.game.komi:g}")
            client.ask_required("clear_board")
            self.sent = []
        return self.client


class GtpPlayer(ExternalPlayer):
    """A player whose moves come from engines that speak GTP."""

    def __init__(self, game: Game, command: str, *, num_engines: int, seconds: float) -> None:
        super().__init__(game, [GtpEngine(game, command, seconds) for _ in range(num_engines)])
