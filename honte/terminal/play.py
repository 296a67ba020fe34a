"""A person plays against a player in the terminal: the prompt, its commands, and the game loop.

The person is a ``Player`` whose ``decide`` asks at the prompt, so the game loop is the one of self-play and matches. To
take a move back, the loop starts again with the shortened game. Does not know flags, or which kind of player the
opponent is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Forfeit, Terms
from agent.player import ImmediatePlayer, MoveFollower, Player, RandomPlayer
from agent.search.tree import Ints
from agent.storage import durable_files
from games import Game, Position, position
from games.game import States
from honte.drawing.terminal import draw_position
from honte.error_sentences import sentence
from honte.terminal.hints import HINT_SLOT, hint_lines
from selfplay.game_loop import GameLoop, Start
from selfplay.records import GameRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

SIDES = ("first", "second")
PERSON, PLAYER = 0, 1
SCHEMA = 1

HELP = """\
  {example:<12} play this move; the legal moves are {legal}
  hint         show the best moves here, with their win probabilities for you
  undo         take back your last move and the answer to it
  new          start a new game
  side [SIDE]  change seats in this game; SIDE is first or second
  save FILE    write the game to FILE as JSON
  quit         leave the program, as Ctrl-D does"""


class RestartRequest(Exception):
    """Not an error: the person wants to continue after these actions, in that seat."""

    def __init__(self, actions: tuple[int, ...], seat: int) -> None:
        super().__init__()
        self.actions, self.seat = actions, seat


class LeaveRequest(Exception):
    """Not an error: the person wants to leave."""


class Person(ImmediatePlayer):
    """A ``Player`` whose moves are typed at the prompt."""

    def __init__(self, game: Game, session: TerminalSession) -> None:
        super().__init__(game)
        self.session = session

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        out.action[:] = [self.session.ask() for _ in states]
        out.policy[np.arange(len(states)), out.action] = 1
        return out


class ThinkingOpponent:
    """The opponent; a terminal shows that it is thinking."""

    def __init__(self, player: Player, name: str, console: Console) -> None:
        self.player, self.name, self.console = player, name, console
        self.think, self.stop = player.think, player.stop
        if isinstance(player, MoveFollower):
            self.follow = player.follow

    def decide(self) -> tuple[Ints, Decisions]:
        if not self.console.is_terminal:
            return self.player.decide()
        with self.console.status(f"{self.name} is thinking"):
            return self.player.decide()


class TerminalSession:
    """Games of a person against ``player``, which needs two slots: one for the game and one for hints."""

    def __init__(
        self, game: Game, player: Player, name: str, console: Console, *, seat: int, seed: int, temperature: float = 0
    ) -> None:
        """``seat``: 0 if the person moves first. ``temperature``: how freely ``player`` chooses; 0 is its best move."""
        self.game, self.player, self.name, self.console = game, player, name, console
        self.seat, self.seed, self.temperature = seat, seed, temperature
        self.here = position(game)
        self.last_value: float | None = None  # the value of the opponent's last move, as the opponent sees it
        self.loop: GameLoop | None = None
        self.games = 0
        self.saved: set[Path] = set()

    def run(self) -> None:
        """Play until the person leaves."""
        self._say(f"{self.game.name} against {self.name}; type help to see the commands.")
        start = RestartRequest((), self.seat)
        while True:
            try:
                self._play(start)
                while True:
                    self.ask()
            except RestartRequest as again:
                start = again
            except LeaveRequest:
                self._say("Goodbye.")
                return

    def _play(self, start: RestartRequest) -> None:
        """Play one game to its end, from the actions of ``start`` on."""
        self.seat = start.seat
        self.games += 1
        seats = (PERSON, PLAYER) if self.seat == 0 else (PLAYER, PERSON)
        players: list[Player] = [Person(self.game, self), ThinkingOpponent(self.player, self.name, self.console)]
        self.player.stop()
        begin = iter([Start(self.games, seats, start.actions)])
        self.loop = GameLoop(self.game, players, begin, num_slots=1, seed=self.seed, terms=self._terms)
        while not (finished := self.loop.round()):
            pass
        self._set_position(finished[0])
        if finished[0].reason:
            self._say(f"You win: {finished[0].reason}")
            raise LeaveRequest

    def _terms(self, ids: Ints, plies: Ints, keys: Any) -> Terms:
        terms = Terms.of(len(ids), keys=keys)
        terms.temperature[:] = self.temperature
        return terms

    def _set_position(self, record: GameRecord) -> None:
        """Show the position where ``record`` ends from now on."""
        before = self._after(record.actions[:-1])
        self.here = self._after(record.actions)
        has_value = record.num_decided > 0 and before.to_play != self.seat and not isinstance(self.player, RandomPlayer)
        self.last_value = float(record.values[-1]) if has_value else None

    def _after(self, actions: Sequence[int] | NDArray[np.int16]) -> Position:
        here = position(self.game)
        for action in actions:
            here = here.play(int(action))
        return here

    def ask(self) -> int:
        """Show the position and follow the person's commands until an action is typed; after the end none can be."""
        for record in self.loop.in_flight() if self.loop else []:
            self._set_position(record)
        self._show()
        while True:
            self.console.print(self._prompt(), end="")
            line = sys.stdin.readline().lstrip("\ufeff").replace("\x00", "")
            if not line:
                self._say()
                raise LeaveRequest
            try:
                action = self._execute(line.strip())
            except (ValueError, OSError) as error:
                self._say(sentence(error))
                continue
            if action is not None:
                return action

    def _execute(self, line: str) -> int | None:
        """Execute a command, or return the action that ``line`` names. ValueError if it is neither."""
        word, _, rest = line.partition(" ")
        commands = {"hint": self._hint, "undo": self._undo, "side": self._side, "save": self._save, "help": self._help}
        if not word:
            return None
        if word in ("quit", "exit", "q"):
            raise LeaveRequest
        if word == "new":
            raise RestartRequest((), self.seat)
        if word in commands:
            commands[word](rest.strip())
            return None
        try:
            action = self.game.parse_action(line, self.here.to_play)
        except ValueError as error:
            raise ValueError(f"{error}; help lists the commands") from None
        legal = self.here.legal_actions
        if self.game.action_text(action, self.here.to_play) not in legal:
            raise ValueError(
                f"{line} is not legal here; " + (f"legal moves are {' '.join(legal)}" if legal else "the game is over")
            )
        return action

    def _help(self, rest: str) -> None:
        legal = self.here.legal_actions
        self._say(
            HELP.format(
                example=(legal or ["-"])[0],
                legal=" ".join(legal) or "none",
            )
        )

    def _undo(self, rest: str) -> None:
        moves = self.here.moves
        for count in range(len(moves) - 1, -1, -1):
            if self._after(moves[:count]).to_play == self.seat:
                raise RestartRequest(moves[:count], self.seat)
        raise ValueError("you have no move to take back")

    def _side(self, rest: str) -> None:
        if rest not in ("", *SIDES):
            raise ValueError(f"there is no side {rest!r}; it is first or second")
        seat = SIDES.index(rest) if rest else 1 - self.seat
        over = self.here.is_over
        raise RestartRequest(() if over else self.here.moves, seat)

    def _save(self, rest: str) -> None:
        path = Path(rest)
        if not rest:
            raise ValueError("save needs the name of a file, such as: save game.json")
        if path.exists() and path not in self.saved:
            raise ValueError(f"{path} exists; choose another name")
        durable_files.write_atomic(path, (json.dumps(self.as_json(), indent=1) + "\n").encode())
        self.saved.add(path)
        self._say(f"saved to {path}")

    def as_json(self) -> dict[str, Any]:
        """The game as it stands; ``outcome`` is the first player's, null before the end."""
        players = ["person", self.name] if self.seat == 0 else [self.name, "person"]
        return {
            "schema": SCHEMA,
            "game": self.game.name,
            "players": players,
            "moves": list(self.here.line),
            "actions": list(self.here.moves),
            "outcome": self.here.outcome,
        }

    def _hint(self, rest: str) -> None:
        if self.here.is_over:
            raise ValueError("the game is over, so there is no hint")
        keys = random_numbers.make_keys(self.seed, self.games, len(self.here.moves))
        if isinstance(self.player, MoveFollower):
            self.player.follow(HINT_SLOT, self.here.moves)
        self.player.think(np.array([HINT_SLOT]), self.here.states, Terms.of(1, keys=keys))
        try:
            decisions = self.player.decide()[1]
        except Forfeit as failure:
            raise ValueError(failure.reason) from None
        for line in hint_lines(self.here, self.player, decisions):
            self._say(line)

    def _show(self) -> None:
        self._say()
        self.console.print(draw_position(self.here), soft_wrap=True)
        if self.last_value is not None and not self.here.is_over:
            move = self.here.line[-1]
            self._say(f"{self.name} played {move}; its win probability is {(1 + self.last_value) / 2:.0%}")
        if self.here.outcome is not None:
            won = self.here.outcome * (1 if self.seat == 0 else -1)
            self._say({1: "You win.", 0: "A draw.", -1: f"{self.name} wins."}[won])

    def _prompt(self) -> str:
        if self.here.is_over:
            return "new, undo, side, save FILE or quit: "
        return f"your move ({self.game.board.names[self.seat]}): "

    def _say(self, text: str = "") -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
