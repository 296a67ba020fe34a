"""The terms of a decision on a move, and the decision.

Knows arrays. Does not know how a player decides.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Forfeit(RuntimeError):
    """A player cannot go on in ``slots``, for example because its engine has ended. It loses those games only."""

    def __init__(self, slots: Any, reason: str) -> None:
        super().__init__(reason)
        self.slots = np.atleast_1d(np.asarray(slots, np.int64))
        self.reason = reason


class Terms(NamedTuple):
    """The terms of the next move in each of R slots."""

    budgets: NDArray[np.int64]  # [R] simulations; below 0: the player's default
    keys: NDArray[np.uint64]  # [R] seeds of all random numbers of this move
    temperature: NDArray[np.float32]  # [R] 0: play the best action; 1: sample from the policy
    explore: NDArray[np.bool_]  # [R] whether the root gets exploration noise

    def rows(self, index: Any) -> Terms:
        """The terms of the slots at ``index``."""
        return Terms(*(array[index] for array in self))

    @classmethod
    def of(cls, count: int, *, budget: int = -1, keys: NDArray[np.uint64] | None = None) -> Terms:
        """Terms without noise for the best move. The keys are 0, 1, ... unless given."""
        return cls(
            np.full(count, budget, np.int64),
            np.arange(count, dtype=np.uint64) if keys is None else keys,
            np.zeros(count, np.float32),
            np.zeros(count, np.bool_),
        )


class Decisions(NamedTuple):
    """The decisions for R slots, each from the view of the player to move."""

    action: NDArray[np.int64]  # [R] the action to play
    policy: NDArray[np.float32]  # [R, A] the improved policy, which is the network's training target
    value: NDArray[np.float32]  # [R] the estimated outcome, in [-1, 1]
    visits: NDArray[np.int64]  # [R, A]
    proven: NDArray[np.bool_]  # [R] whether the value is exact

    def rows(self, index: Any) -> Decisions:
        """The decisions at ``index``."""
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
