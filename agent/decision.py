"""What a search is asked and what it answers.

Knows arrays and proofs. Does not know how a search comes to its answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.tree import ROOT, UNKNOWN, Ints, Records
from games.caching import cached_njit


class Forfeit(RuntimeError):
    """A player cannot go on in some of its slots, say because its engine died: it has lost those games, no others."""

    def __init__(self, slots: Any, reason: str) -> None:
        super().__init__(reason)
        self.slots = np.atleast_1d(np.asarray(slots, np.int64))
        self.reason = reason


class Terms(NamedTuple):
    """The terms on which each of R slots is searched."""

    budgets: NDArray[np.int64]  # [R] simulations; below 0: the player's own default
    keys: NDArray[np.uint64]  # [R] seeds of all that is drawn for this move
    temperature: NDArray[np.float32]  # [R] 0: play the best; 1: sample from the policy
    explore: NDArray[np.bool_]  # [R] root noise on

    def rows(self, index: Any) -> Terms:
        """The terms of some of the slots."""
        return Terms(*(array[index] for array in self))

    @classmethod
    def of(cls, count: int, *, budget: int = -1, keys: NDArray[np.uint64] | None = None) -> Terms:
        """Plain terms: no noise, the best move, keys 0, 1, ... unless given."""
        return cls(
            np.full(count, budget, np.int64),
            np.arange(count, dtype=np.uint64) if keys is None else keys,
            np.zeros(count, np.float32),
            np.zeros(count, np.bool_),
        )


class Decisions(NamedTuple):
    """The decisions for R slots, each from the view of the player to move."""

    action: NDArray[np.int64]  # [R] the action to play
    policy: NDArray[np.float32]  # [R, A] the improved policy: what a network should learn
    value: NDArray[np.float32]  # [R] the search's estimate of the outcome, in [-1, 1]
    visits: NDArray[np.int64]  # [R, A]
    proven: NDArray[np.bool_]  # [R] the value is exact

    def rows(self, index: Any) -> Decisions:
        """Some of the decisions."""
        return Decisions(*(array[index] for array in self))

    @classmethod
    def empty(cls, count: int, num_actions: int) -> Decisions:
        return cls(
            np.zeros(count, np.int64),
            np.zeros((count, num_actions), np.float32),
            np.zeros(count, np.float32),
            np.zeros((count, num_actions), np.int64),
            np.zeros(count, np.bool_),
        )


@cached_njit(error_model="numpy")
def settle(
    nodes: Records,
    moves: Records,
    edges: Records,
    rows: Ints,
    action: Any,
    policy: Any,
    value: Any,
    proven: Any,
) -> None:
    """Make the decisions [R] of the trees ``rows [R]`` respect what is proven: exact values and no proven mistake.

    With the root proven, only actions that reach its value remain in the policy; before that, proven losses leave it.
    ``proven`` says on entry which roots have a proven edge, and then which are proven.
    """
    for i in range(len(rows)):
        if not proven[i]:
            continue
        t = rows[i]
        root = nodes[t, ROOT]
        first, count = root["first_edge"], root["num_edges"]
        exact = root["proven"]
        proven[i] = exact != UNKNOWN
        if proven[i]:
            value[i] = exact
        good = np.empty(count, np.bool_)
        mass = 0.0
        for k in range(count):
            known = edges[t, first + k]["proven"] if k < root["num_tried"] else UNKNOWN
            good[k] = known == exact if proven[i] else known != -1
            if good[k]:
                mass += policy[i, moves[t, first + k]["action"]]
        if good.all() or not good.any():
            continue
        speechless = mass < 1e-6  # the policy has nothing good: the prior speaks
        if speechless:
            mass = 0.0
            for k in range(count):
                mass += moves[t, first + k]["prior"] + 1e-6 if good[k] else 0.0
        for k in range(count):
            move = moves[t, first + k]
            a = move["action"]
            if not good[k]:
                policy[i, a] = 0
            else:
                policy[i, a] = (move["prior"] + 1e-6 if speechless else policy[i, a]) / mass
        for k in range(count):
            if not good[k] and moves[t, first + k]["action"] == action[i]:
                action[i] = np.argmax(policy[i])
                break
