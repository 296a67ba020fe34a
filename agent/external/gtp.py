"""``gtp:COMMAND``: an engine from outside as a player of any game.

Knows how moves are told to a GTP engine and what it may do wrong. Does not know processes, matches or search.

Go is played as GTP has it; in any other game moves are written as the game writes them, and the engine must be set up
for that game and size by its own command. An engine that cannot be started, crashes, hangs, does not speak GTP, resigns
or plays illegally forfeits the game at hand; the next one begins with a new engine.
"""

from __future__ import annotations

import numpy as np

from agent.external.gtp_client import CommandRefused, GtpClient, Resigned
from agent.external.player import ExternalEngine, ExternalPlayer, default_num_engines, parse_command
from games.game import Game

SECONDS = 60.0
"""How long a reply may take unless ``seconds=`` says otherwise."""

COLOURS = ("black", "white")


def colour_names(game: Game) -> tuple[str, str]:
    """What GTP calls the first and the second player: black and white, unless the game calls them so itself."""
    first, second = (name.lower() for name in game.board.names)
    return (first, second) if {first, second} == set(COLOURS) else COLOURS


def is_go(game: Game) -> bool:
    """Whether GTP's own notions (komi, passes, handicaps) hold."""
    return game.name.partition(":")[0] == "go"


def gtp_player(text: str, game: Game, num_slots: int) -> GtpPlayer:
    """The player that ``gtp:[seconds=S] [engines=N] COMMAND`` names. ValueError where that is not right."""
    settings = {"seconds": SECONDS, "engines": default_num_engines(num_slots)}
    command = parse_command(text, settings, example="gtp:gnugo --mode gtp")
    return GtpPlayer(game, command, num_engines=int(settings["engines"]), seconds=settings["seconds"])


class GtpEngine(ExternalEngine[GtpClient]):
    """One engine that knows which moves it has been told."""

    def __init__(self, game: Game, command: str, seconds: float) -> None:
        super().__init__(game, command, seconds)
        self.known: list[int] = []
        self.can_undo = False

    def answer(self, actions: list[int]) -> int:
        client = self._started()
        common = next(
            (i for i, (a, b) in enumerate(zip(actions, self.known)) if a != b), min(len(actions), len(self.known))
        )
        if self.can_undo and len(self.known) - common <= 2:
            for _ in range(len(self.known) - common):
                client.ask("undo")
        elif common < len(self.known):
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
                    raise CommandRefused(f"it does not accept the legal move {text}: {error}") from None
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
        self.known = [*actions, action]
        return action

    def _started(self) -> GtpClient:
        if self.client is None:
            client = self.client = GtpClient(self.command, seconds=self.seconds)
            self.can_undo = "undo" in client.tell("list_commands").split()
            if is_go(self.game):
                _, _, side = self.game.observation_shape
                client.tell(f"boardsize {side}")
                client.tell(f"komi {komi(self.game):g}")
            client.tell("clear_board")
            self.known = []
        return self.client


def komi(game: Game) -> float:
    """What White is given in this game of Go, by its name."""
    parameters = dict(part.split("=") for part in game.name.partition(":")[2].split(",") if "=" in part)
    return float(parameters.get("komi", 7))


class GtpPlayer(ExternalPlayer):
    """Engines that speak GTP."""

    def __init__(self, game: Game, command: str, *, num_engines: int, seconds: float) -> None:
        super().__init__(game, [GtpEngine(game, command, seconds) for _ in range(num_engines)])
