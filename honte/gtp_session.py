"""``honte gtp``: one conversation. Its state, what it says about itself, and the way from a line to its reply.

Knows which groups of commands there are. Does not know syntax (``honte/gtp.py``), nor what the other commands do:
``honte/gtp_moves.py`` keeps the game, ``honte/gtp_thinking.py`` thinks about it, ``honte/gtp_gogui.py`` shows it.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable

import honte
from agent.decision import Terms
from agent.player import Player
from agent.search import Search
from games import Game, position
from honte import gtp
from honte.analysis import Thought
from honte.clock import Clock
from honte.gtp_board import GtpBoard, with_komi

KEPT = 4
"""Players for different sizes and komis that are kept."""

Load = Callable[[Game], Player]
Command = Callable[[list[str]], str]


class Session:
    """A conversation about games of one kind. ``obey`` answers lines until ``quit``."""

    def __init__(
        self, game: Game, load: Load, name: str, source: gtp.Input, write: gtp.Write, *, seed: int = 0
    ) -> None:
        """``load`` makes the player for a game, ValueError where it cannot. ``name`` is the player's."""
        from honte.gtp_gogui import GoGui
        from honte.gtp_moves import Moves
        from honte.gtp_thinking import Thinking

        self.load, self.name, self.source, self.write, self.seed = load, name, source, write, seed
        self.board, self.clock = GtpBoard(game), Clock()
        self.points = False  # moves are GoGui's points
        self.chosen: tuple[str, ...] = ()  # points of a move that is not yet whole
        self.count = 0  # games begun
        self.line = gtp.read(b"")
        self.going = True
        self.players: dict[str, Player] = {}
        self.warm: set[str] = set()  # games whose search has run
        self.player(game)
        self.commands: dict[str, Command] = {
            "protocol_version": lambda words: "2",
            "name": lambda words: "honte",
            "version": lambda words: f"{honte.__version__} {self.name}",
            "known_command": lambda words: "true" if words and words[0] in self.commands else "false",
            "list_commands": lambda words: "\n".join(self.commands),
            "quit": self.quit,
            "cputime": lambda words: f"{time.process_time():.3f}",
        }
        self.moves = Moves(self)
        self.thinking = Thinking(self)
        self.commands |= self.moves.commands() | self.thinking.commands() | GoGui(self).commands()

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
        if game.name.partition(":")[0] == "go" and (game := with_komi(game, self.board.komi)) is not self.board.game:
            self.player(game)
            self.board.change(game)
        player = self.player(game)
        if game.name not in self.warm and isinstance(player, Search):
            thought = Thought(player, 0, position(game))
            thought.begin(Terms.of(1, budget=2))
            while thought.grow():
                pass
            thought.decide()
        self.warm.add(game.name)
        return player

    def quit(self, words: list[str]) -> str:
        self.going = False
        return ""

    def run(self) -> None:
        """Answer until ``quit`` or the end of the input."""
        while self.going and (content := self.source.get()) is not None:
            self.obey(content)

    def obey(self, content: bytes) -> None:
        """Answer one line; nothing that a line says ends the conversation, but ``quit``."""
        line = self.line = gtp.read(content)
        if line.too_long:
            self.write(gtp.reply(line, f"line too long: {gtp.LONGEST} bytes at most", good=False))
        elif line.command not in self.commands:
            if line.command or line.id:
                self.write(gtp.reply(line, "unknown command", good=False))
        else:
            try:
                answer = self.commands[line.command](line.arguments)
            except (ValueError, OSError, RuntimeError) as error:
                said = error.strerror if isinstance(error, OSError) else None
                self.write(gtp.reply(line, said or str(error) or type(error).__name__, good=False))
            except Exception as error:  # an engine that dies takes its user's game along
                traceback.print_exc(file=sys.stderr)
                self.write(gtp.reply(line, f"internal error: {type(error).__name__}", good=False))
            else:
                if answer is not ENDED:
                    self.write(gtp.reply(line, answer))


ENDED = "\n"
"""What a command returns that has written its reply itself."""


def word(words: list[str], index: int, usage: str) -> str:
    """An argument. ValueError in the protocol's words where it is missing."""
    if index >= len(words):
        raise ValueError(f"syntax error: {usage}")
    return words[index]
