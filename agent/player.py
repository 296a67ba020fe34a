"""``Player``: the interface of everything that decides on moves in many games at once, and the random player.

Knows the interface. Does not know search, networks or who plays against whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.tree import Ints
from games.game import Game, States


class Player(Protocol):
    """Decides on moves in independent slots, one game each: a search, rollouts, a solver or a person."""

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        """Begin to decide on a move in each of ``slots [R]``, at ``states [R]``."""

    def decide(self) -> tuple[Ints, Decisions]:
        """The slots that are ready, and their decisions. At least one slot if any is thinking."""

    def stop(self) -> None:
        """Drop every move under way."""


@runtime_checkable
class MoveFollower(Protocol):
    """A player that needs the moves that led to a position, for example an engine that reads moves."""

    def follow(self, slot: int, actions: Sequence[int]) -> None:
        """Say the ``actions`` that lead from the first position to the one that ``think`` gets next in ``slot``."""


@runtime_checkable
class StatefulPlayer(Protocol):
    """A player that keeps something from one move to the next, for example a search tree."""

    def forget(self, slot: int) -> None:
        """Drop what is kept for ``slot``, because another game begins there."""


class ImmediatePlayer:
    """A player that decides in all its slots at once. Subclasses write ``decisions``."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.waiting: list[tuple[Ints, States, Terms]] = []

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        rows = self.game.new(len(states))
        self.game.copy(rows, states)
        self.waiting.append((np.asarray(slots), rows, terms))

    def decide(self) -> tuple[Ints, Decisions]:
        if not self.waiting:
            return np.zeros(0, np.int64), Decisions.empty(0, self.game.num_actions)
        slots, states, terms = self.waiting.pop(0)
        return slots, self.decisions(states, terms)

    def stop(self) -> None:
        self.waiting.clear()

    def decisions(self, states: States, terms: Terms) -> Decisions:
        """One decision per row."""
        raise NotImplementedError


class RandomPlayer(ImmediatePlayer):
    """Plays each legal action with the same probability."""

    def decisions(self, states: States, terms: Terms) -> Decisions:
        legal = self.game.describe_new(states).legal
        out = Decisions.empty(len(states), self.game.num_actions)
        out.policy[:] = legal / legal.sum(axis=1, keepdims=True)
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.SAMPLE, legal.astype(np.float64))
        return out
