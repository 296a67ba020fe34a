"""Rollouts as an ``Evaluate``: a position is worth what one random game from it brings.

Knows a game's own random play. Does not know search or networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.inference.evaluate import Evaluation
from games.game import Game, Positions, States


class Rollouts:
    """An ``Evaluate``: every action alike, the outcome of one uniformly random game as value.

    Each rollout has a seed of its own. A search names the seeds of the next call by ``draw_from``, so that a game does
    not depend on what is played beside it; otherwise they are counted.
    """

    observes = False

    def __init__(self, game: Game, *, seed: int = 0) -> None:
        self.game = game
        self.key = random_numbers.make_keys(seed, random_numbers.ROLLOUT, 0)
        self.played = 0
        self.named: random_numbers.Keys | None = None

    def draw_from(self, keys: random_numbers.Keys, leaves: NDArray[np.int64]) -> None:
        """The next call is about ``leaves [B]`` of searches whose moves have ``keys [B]``."""
        self.named = random_numbers.mix(self.key ^ keys) ^ leaves.astype(np.uint64)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        numbers, self.named = self.named, None
        if numbers is None:
            numbers = np.arange(self.played, self.played + len(states), dtype=np.uint64)
            self.played += len(states)
        values = self.game.rollout(states, random_numbers.mix(self.key ^ numbers))
        return Evaluation(np.zeros(positions.legal.shape, np.float32), values)
