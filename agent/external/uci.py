"""``uci:COMMAND``: an engine that speaks UCI, such as Fairy-Stockfish, as a player of the games that it knows.

Knows UCI from the side of the controller, and the errors of engines. Does not know processes, matches or search.

The game says what engines call it and how they write its moves (``games/uci_notation.py``). The engine gets one thread,
so that a limit by nodes repeats its moves, and it forgets its hash table before each game. An engine that does not list
the game's variant is refused: Fairy-Stockfish would play chess without a word. An engine that fails forfeits the game,
and the next game begins with a new process.

The protocol: R. Huber and S. Meyer-Kahlen, "Universal Chess Interface", 2000.
"""

from __future__ import annotations

import time

import numpy as np

from agent.external.player import ExternalEngine, ExternalPlayer, parse_command
from agent.external.process import CommandRefused, EngineError
from agent.external.ugi import UgiClient, default_settings, parse_limit
from games.game import Game, Positions, States
from games.playouts import initial_states

MOST_LINES = 1 << 12
"""An engine that introduces itself in more lines does not speak UCI."""


def uci_player(text: str, game: Game, num_slots: int) -> UciPlayer:
    """The player for ``uci:[seconds=S] [engines=N] [variant=V] [movetime=MS | nodes=N | depth=D] COMMAND``.

    ValueError for a text of another form, and for a game that UCI engines do not play.
    """
    settings = {**default_settings(num_slots), "variant": ""}
    command = parse_command(text, settings, example="uci:nodes=1000 fairy-stockfish")
    limit = parse_limit(text, settings)
    if game.uci is None:
        raise ValueError(f"{text!r} cannot play {game.name}, because this game has no moves in UCI notation")
    variant = settings["variant"] or game.uci.variant
    if not variant:
        raise ValueError(
            f"{text!r} does not say what the engine calls {game.name}; write variant=NAME before its command"
        )
    return UciPlayer(game, command, limit, variant, num_engines=int(settings["engines"]), seconds=settings["seconds"])


def uci_text(game: Game, row: object, action: int, to_play: int) -> str:
    """``action`` of player ``to_play`` in the position ``row``, as UCI engines write it."""
    assert game.uci is not None
    return game.uci.write(row, int(game.turned[action]) if to_play and game.turned is not None else action)


def legal_moves(game: Game, states: States, here: Positions) -> dict[str, int]:
    """The legal moves of ``states`` [1], which ``here`` describes: text of UCI -> action."""
    to_play = int(here.to_play[0])
    return {uci_text(game, states[0], int(a), to_play): int(a) for a in np.flatnonzero(here.legal[0])}


class UciClient(UgiClient):
    """A process that answers UCI commands."""

    def introduce(self) -> dict[str, list[str]]:
        """Send ``uci``: the names of the engine's options in lower case, each with the values that it lists."""
        deadline = time.monotonic() + self.seconds
        self.send("uci")
        options: dict[str, list[str]] = {}
        for _ in range(MOST_LINES):
            words = self.read_line("uci", deadline, self.seconds).split()
            if words[:1] == ["uciok"]:
                return options
            if words[:2] == ["option", "name"] and "type" in words:
                kind = words.index("type")
                values = [value for word, value in zip(words[kind:], words[kind + 1 :], strict=False) if word == "var"]
                options[" ".join(words[2:kind]).lower()] = values
        self.close()
        raise EngineError("the reply to 'uci' does not end")


class UciEngine(ExternalEngine[UciClient]):
    """An engine that gets the whole game before each of its moves."""

    def __init__(self, game: Game, command: str, limit: str, variant: str, seconds: float) -> None:
        super().__init__(game, command, seconds)
        self.limit, self.variant = limit, variant
        self.played: list[int] = []  # the moves of the position that it got last
        self.clears_hash = False

    def find_move(self, actions: list[int]) -> int:
        client = self.start(new_game=not self.played or actions[: len(self.played)] != self.played)
        self.played = actions
        states, texts = initial_states(self.game), list[str]()
        here = self.game.describe_new(states)
        for action in actions:
            texts.append(uci_text(self.game, states[0], action, int(here.to_play[0])))
            self.game.step(states, np.array([action]))
            here = self.game.describe_new(states)
        client.send(" ".join(["position startpos", *(["moves", *texts] if texts else [])]))
        text = client.ask(f"go {self.limit}", "bestmove").split(" ")[0]
        moves = legal_moves(self.game, states, here)
        for written in (text, text + "+"):  # an engine may leave out a promotion that the rules demand
            if written in moves:
                return moves[written]
        raise CommandRefused(f"its best move is {text[:60]!r}, which is not legal")

    def start(self, *, new_game: bool = True) -> UciClient:
        """The running engine, set up for the game."""
        if self.client is None:
            client = self.client = UciClient(self.command, seconds=self.seconds)
            options, new_game = client.introduce(), True
            variants = options.get("uci_variant", [])
            if self.variant not in variants:
                known = ", ".join(variants) or "none"
                raise CommandRefused(f"it does not list the variant {self.variant!r}; it lists {known}"[:400])
            if "threads" in options:
                client.send("setoption name Threads value 1")
            client.send(f"setoption name UCI_Variant value {self.variant}")
            self.clears_hash = "clear hash" in options
        if new_game:
            self.client.send("ucinewgame")
            if self.clears_hash:
                self.client.send("setoption name Clear Hash")
            self.client.ask("isready", "readyok")
        return self.client


class UciPlayer(ExternalPlayer):
    """A player whose moves come from engines that speak UCI."""

    def __init__(self, game: Game, command: str, limit: str, variant: str, *, num_engines: int, seconds: float) -> None:
        super().__init__(game, [UciEngine(game, command, limit, variant, seconds) for _ in range(num_engines)])
