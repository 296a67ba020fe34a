"""One position of a game for people: moves and drawings are text.

Knows one row of a game. Does not know batches, players or search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from games.game import Game, States
from games.registry import make


@dataclass(frozen=True, eq=False)
class Position:
    """A position that never changes; ``play`` returns the next one.

    Two positions are equal if their games and states are equal, even if different moves led there.

    >>> print(position("tic_tac_toe").play("b2 a3"))
    3 o . .
    2 . x .
    1 . . .
      a b c
    x to play
    """

    game: Game
    states: States  # [1]
    moves: tuple[int, ...] = ()
    line: tuple[str, ...] = ()  # the moves as people write them

    def play(self, text: str | int) -> Position:
        """The position after one or several actions as people write them, or after the action of a number.

        ValueError if an action is not legal.
        """
        here = self
        if not isinstance(text, str | int | np.integer):
            raise ValueError(f"{text!r} is no action; give actions as text, such as 'a1 b2', or the number of one")
        for word in text.split() if isinstance(text, str) else [int(text)]:
            here = here._played(word)
        return here

    def after(self, actions: Iterable[int]) -> Position:
        """The position after ``actions``, given by their numbers. ValueError if one is not legal."""
        here = self
        for action in actions:
            here = here._played(int(action))
        return here

    def _played(self, text: str | int) -> Position:
        described = self.game.describe_new(self.states)
        to_play = int(described.to_play[0])
        action = text if isinstance(text, int) else self.game.parse_action(text, to_play)
        if described.terminal[0]:
            raise ValueError(f"{text!r} cannot be played: the game is over")
        if not 0 <= action < self.game.num_actions or not described.legal[0, action]:
            raise ValueError(f"{text!r} is not legal here; legal are {' '.join(self.legal_actions)}")
        states = self.game.new(1)
        self.game.copy(states, self.states)
        self.game.step(states, np.array([action]))
        written = self.game.action_text(action, to_play)
        return Position(self.game, states, (*self.moves, action), (*self.line, written))

    @property
    def legal_actions(self) -> list[str]:
        """Every legal action as text; empty if the game is over."""
        here = self.game.describe_new(self.states)
        return [self.game.action_text(int(a), int(here.to_play[0])) for a in np.flatnonzero(here.legal[0])]

    @property
    def to_play(self) -> int:
        """0 or 1."""
        return int(self.game.describe_new(self.states).to_play[0])

    @property
    def is_over(self) -> bool:
        return bool(self.game.describe_new(self.states).terminal[0])

    @property
    def outcome(self) -> int | None:
        """+1, 0 or -1 for the *first* player; None if the game is not over."""
        described = self.game.describe_new(self.states)
        if not described.terminal[0]:
            return None
        value = int(described.value[0])
        return value if described.to_play[0] == 0 else -value

    @property
    def observation(self) -> Any:
        """[C, H, W] the planes that a network reads."""
        return self.game.describe_new(self.states).observation[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return NotImplemented
        return self.game == other.game and bool((self.states == other.states).all())

    def __hash__(self) -> int:
        here = self.game.describe_new(self.states)
        return hash((self.game, here.observation.tobytes(), int(here.to_play[0])))

    def __repr__(self) -> str:
        line = f" after {' '.join(self.line)}" if self.line else ""
        return f"Position of {self.game.name}{line}:\n{self}"

    def __str__(self) -> str:
        return self.game.render(self.states[0])


def position(game: Game | str, text: str | None = None) -> Position:
    """The first position of ``game`` (or of the game of that name), or the one that ``text`` draws."""
    rules = make(game) if isinstance(game, str) else game
    if text is not None:
        return Position(rules, rules.parse(text))
    states = rules.new(1)
    rules.init(states)
    return Position(rules, states)
