"""A person plays against a player in the terminal, or two people play: the prompt and the game loop.

The person is a ``Player`` whose ``decide`` asks at the prompt, so the game loop is the one of self-play and matches. To
take a move back, the loop starts again with the shortened game. Does not know flags, or which kind of player the
opponent is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer, Player, RandomPlayer
from agent.search.tree import Ints
from games import Game, position
from games.game import States
from honte.error_sentences import sentence
from honte.terminal.commands import find_command, list_moves, nearest_command, takes_argument
from honte.terminal.session_commands import SIDES, LeaveRequest, RestartRequest, SessionCommands
from selfplay.game_loop import GameLoop, Start
from selfplay.records import GameRecord

__all__ = ["SIDES", "TerminalSession"]

PERSON, PLAYER = 0, 1
END_PROMPT = "new, undo, side, save FILE or quit: "


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


class TerminalSession(SessionCommands):
    """Games of a person against ``player``, which needs two slots: one for the game and one for hints."""

    loop: GameLoop | None = None
    games = 0
    queue: tuple[str, ...] = ()  # moves of a line of several that have not been played yet
    queue_from: tuple[int, ...] = ()  # the moves after which the queue goes on; it is dropped anywhere else

    def run(self) -> None:
        """Play until the person leaves."""
        against = "for two people" if self.seat is None else f"against {self.opponent.name}"
        self._say(f"{self.game.name} {against}; type help to see the commands.")
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
        self.seat, self.last_value, self.loop = start.seat, None, None
        self.played.go_to(start.actions)
        self.played.resigned = start.resigned
        self.opponent.stop()
        if self.played.is_over:
            return
        self.games += 1
        seats = {None: (PERSON, PERSON), 0: (PERSON, PLAYER), 1: (PLAYER, PERSON)}[self.seat]
        players: list[Player] = [Person(self.game, self), self.opponent]
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
        actions = record.actions.tolist()
        self.played.go_to(actions)
        mover = position(self.game).after(actions[:-1]).to_play
        by_opponent = record.num_decided > 0 and self.seat is not None and mover != self.seat
        has_value = by_opponent and not isinstance(self.opponent.player, RandomPlayer)
        self.last_value = float(record.values[-1]) if has_value else None

    def ask(self) -> int:
        """Show the position and follow the person's commands until an action is typed; after the end none can be."""
        for record in self.loop.in_flight() if self.loop else []:
            self._set_position(record)
        self._show()
        self.opponent.prepare()
        while True:
            try:
                action = self._execute(self._next_line())
            except (ValueError, OSError) as error:
                self._say(sentence(error))
                self.queue = ()
                continue
            if action is not None:
                return action

    def _next_line(self) -> str:
        """The next move of the queue, or the line that the person types."""
        if self.queue and self.queue_from == self.here.moves:
            move, *rest = self.queue
            self.queue = tuple(rest)
            return move
        self.queue = ()
        self.console.print(self._prompt(), end="", markup=False)
        line = sys.stdin.readline().lstrip("\ufeff").replace("\x00", "")
        if not line:
            self._say()
            raise LeaveRequest
        return line.strip()

    def _execute(self, line: str) -> int | None:
        """Execute a command, or return the action that ``line`` names. ValueError if it is neither."""
        word, _, rest = line.partition(" ")
        if not word:
            return None
        legal = [] if self.played.is_over else self.here.legal_actions
        command = find_command(word)
        if command is not None and line not in legal:  # a game may have a move of that name
            if rest.strip() and not takes_argument(command):
                raise ValueError(f"{command} stands alone on its line; leave out {rest.strip()!r}")
            self.commands[command](rest.strip())
            return None
        if len(line.split()) > 1:  # several moves; the queue goes on while the other player has no turn
            line, *others = line.split()
            self.queue = tuple(others)
        action = self._parse_action(line)
        if self.game.action_text(action, self.here.to_play) not in legal:
            raise ValueError(
                f"{line} is not legal here; "
                + (f"legal moves are {list_moves(legal)}" if legal else "the game is over")
            )
        self.queue_from = (*self.here.moves, action)
        return action

    def _parse_action(self, line: str) -> int:
        """The action that ``line`` names, in capitals or not. ValueError that names the nearest command."""
        message = ""
        for text in (line, line.lower(), line.upper()):
            try:
                return self.game.parse_action(text, self.here.to_play)
            except ValueError as error:
                message = message or str(error)
        near = nearest_command(line.partition(" ")[0])
        raise ValueError(f"{message}; " + (f"did you mean the command {near}?" if near else "help lists the commands"))

    def _prompt(self) -> str:
        if self.played.is_over:
            return END_PROMPT
        name = self.game.board.names[self.here.to_play]
        return f"move of {name}: " if self.seat is None else f"your move ({name}): "
