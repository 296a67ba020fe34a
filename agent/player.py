"""``Player``: two verbs over independent slots, and the simplest player of all.

Knows the contract. Does not know search, networks or who plays against whom.
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
    """Whoever decides: a search, rollouts, a solver, a person."""

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        """Begin a move in each of ``slots [R]`` at ``states [R]``."""

    def decide(self) -> tuple[Ints, Decisions]:
        """Slots that are ready and their decisions; at least one if any slot thinks."""

    def stop(self) -> None:
        """Forget every move under way."""


@runtime_checkable
class MoveFollower(Protocol):
    """A player that must be told how its positions came about, because whoever decides for it reads moves."""

    def follow(self, slot: int, actions: Sequence[int]) -> None:
        """``actions`` lead from the first position to what ``think`` is given next in ``slot``."""


@runtime_checkable
class StatefulPlayer(Protocol):
    """A player that carries something from move to move."""

    def forget(self, slot: int) -> None:
        """Another game begins in ``slot``."""


class ImmediatePlayer:
    """A player that answers all its slots at once: subclasses write ``decisions``."""

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
        """One decision a row."""
        raise NotImplementedError


class RandomPlayer(ImmediatePlayer):
    """Every legal action alike."""

    def decisions(self, states: States, terms: Terms) -> Decisions:
        legal = self.game.describe_new(states).legal
        out = Decisions.empty(len(states), self.game.num_actions)
        out.policy[:] = legal / legal.sum(axis=1, keepdims=True)
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.SAMPLE, legal.astype(np.float64))
        return out
