"""Rollouts as an ``Evaluate``: the value of a position is the outcome of one random game from it.

Knows a game's own random play. Does not know search or networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.inference.evaluate import Evaluate, Evaluation
from games.game import Game, Positions, States


class Rollouts(Evaluate):
    """The same logit for every action, and as value the outcome of one game of uniformly random moves.

    Each rollout has its own random seed. A search names the seeds of the next call by ``draw_from``, so that a game
    does not depend on the games that are played beside it. Otherwise the seeds are counted up.
    """

    observes = False

    def __init__(self, game: Game, *, seed: int = 0) -> None:
        self.game = game
        self.key = random_numbers.make_keys(seed, random_numbers.ROLLOUT, 0)
        self.num_played = 0
        self.next_seeds: random_numbers.Keys | None = None

    def draw_from(self, keys: random_numbers.Keys, leaves: NDArray[np.integer]) -> None:
        self.next_seeds = random_numbers.mix(self.key ^ keys) ^ leaves.astype(np.uint64)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        seeds, self.next_seeds = self.next_seeds, None
        if seeds is None:
            seeds = np.arange(self.num_played, self.num_played + len(states), dtype=np.uint64)
            self.num_played += len(states)
        values = self.game.rollout(states, random_numbers.mix(self.key ^ seeds))
        return Evaluation(np.zeros(positions.legal.shape, np.float32), values)
