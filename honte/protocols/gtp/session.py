"""``honte gtp``: what one conversation remembers, and its players.

Knows the board, the clock and who plays. Does not know commands: ``honte/protocols/gtp/conversation.py`` has them all.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.decision import Terms
from agent.player import Player
from agent.search.search import Search
from games import Game, position
from honte.analysis.position_analysis import PositionThinking
from honte.protocols.gtp import framing
from honte.protocols.gtp.board import GtpBoard, with_komi
from honte.protocols.gtp.clock import Clock

KEPT = 4
"""Players for different sizes and komis that are kept."""

Load = Callable[[Game], Player]
Command = Callable[[list[str]], str]


class GtpSession:
    """What all commands share: games of one kind, the players for them, and the line that is answered now."""

    def __init__(
        self, game: Game, load: Load, name: str, source: framing.LineReader, write: framing.Write, *, seed: int = 0
    ) -> None:
        """``load`` makes the player for a game, ValueError where it cannot. ``name`` is the player's."""
        self.load, self.name, self.source, self.write, self.seed = load, name, source, write, seed
        self.board, self.clock = GtpBoard(game), Clock()
        self.points = False  # moves are GoGui's points
        self.chosen: tuple[str, ...] = ()  # points of a move that is not yet whole
        self.count = 0  # games begun
        self.line = framing.read(b"")
        self.players: dict[str, Player] = {}
        self.warm: set[str] = set()  # games whose search has run
        self.player(game)

    def player(self, game: Game) -> Player:
        """The player for ``game``, made once. ValueError where it cannot play it."""
        if game.name not in self.players:
            made = self.load(game)
            if len(self.players) >= KEPT:
                self.players.pop(next(iter(self.players)))
            self.players[game.name] = made
        return self.players[game.name]

    def ready(self) -> Player:
        """The player for the board as it is; komi takes effect here, and what must be compiled is."""
        game = self.board.game
        if game.komi is not None and (game := with_komi(game, self.board.komi)) is not self.board.game:
            self.player(game)
            self.board.change(game)
        player = self.player(game)
        if game.name not in self.warm and isinstance(player, Search):
            thought = PositionThinking(player, 0, position(game))
            thought.begin(Terms.of(1, budget=2))
            while thought.grow():
                pass
            thought.decide()
        self.warm.add(game.name)
        return player


ENDED = "\n"
"""What a command returns that has written its reply itself."""


def word(words: list[str], index: int, usage: str) -> str:
    """An argument. ValueError in the protocol's words where it is missing."""
    if index >= len(words):
        raise ValueError(f"syntax error: {usage}")
    return words[index]
