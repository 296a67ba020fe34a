"""The state that all GTP commands share: the board, the clock and the players.

Does not know the commands: ``command_loop.py`` has them all.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.decision import Terms
from agent.player import Player
from agent.search.search import Search
from games import Game
from games import position as initial_position
from honte.analysis.position_analysis import PositionSearch
from honte.protocols.gtp import framing
from honte.protocols.gtp.board import GtpBoard, with_komi
from honte.protocols.gtp.clock import Clock

MAX_PLAYERS = 4
"""Players for different sizes and komis that stay in memory."""

LoadPlayer = Callable[[Game], Player]
Command = Callable[[list[str]], str]


class GtpSession:
    """Games of one kind, the players for them, and the command that runs now."""

    def __init__(
        self,
        game: Game,
        load_player: LoadPlayer,
        name: str,
        source: framing.LineReader,
        write: framing.Write,
        *,
        seed: int = 0,
    ) -> None:
        """``load_player`` makes the player for a game, or raises ValueError. ``name`` is the name of the player."""
        self.load_player, self.name, self.source, self.write, self.seed = load_player, name, source, write, seed
        self.board, self.clock = GtpBoard(game), Clock()
        self.uses_points = False  # whether moves are written as points for GoGui
        self.partial_move: tuple[str, ...] = ()  # the first points of a move that is not complete
        self.num_games = 0  # games started so far
        self.command = framing.parse_command(b"")
        self.players: dict[str, Player] = {}
        self.compiled: set[str] = set()  # names of the games whose search is compiled
        self.player(game)

    def player(self, game: Game) -> Player:
        """The player for ``game``, made once. ValueError where it cannot play it."""
        if game.name not in self.players:
            player = self.load_player(game)
            if len(self.players) >= MAX_PLAYERS:
                self.players.pop(next(iter(self.players)))
            self.players[game.name] = player
        return self.players[game.name]

    def prepare_player(self) -> Player:
        """The player for the board as it is, with its search compiled. A change of komi takes effect here."""
        game = self.board.game
        if game.komi is not None and (game := with_komi(game, self.board.komi)) is not self.board.game:
            self.player(game)
            self.board.change_game(game)
        player = self.player(game)
        if game.name not in self.compiled and isinstance(player, Search):
            search = PositionSearch(player, 0, initial_position(game))
            search.begin(Terms.of(1, budget=2))
            while search.grow():
                pass
            search.decide()
        self.compiled.add(game.name)
        return player


ALREADY_WRITTEN = "\n"
"""A command that has written its reply itself returns this."""


def argument(words: list[str], index: int, usage: str) -> str:
    """An argument of a command. ValueError with the usage where it is missing."""
    if index >= len(words):
        raise ValueError(f"syntax error: {usage}")
    return words[index]
