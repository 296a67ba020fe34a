"""Replay: the positions of recent games, as the learner draws them.

Knows rows and batches. Does not know the network or the loss. The window grows as KataGo's does (Wu 2019):
N = c (1 + b ((n / c)^a - 1) / a) of the n positions made so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.settings import Number, Positive, Range, Settings
from games.game import Game, Positions
from selfplay.distributed import checked_games


@dataclass(frozen=True, kw_only=True)
class WindowConfig(Settings, called="window"):
    """How many of the newest samples are drawn from."""

    start: Positive = 50_000  # c: up to here everything
    exponent: Annotated[float, Range(0, 4, above=True)] = 0.75  # a
    slope: Number = 0.4  # b

    def size(self, made: int) -> int:
        """The window once ``made`` samples have been made."""
        if made <= self.start:
            return made
        grown = ((made / self.start) ** self.exponent - 1) / self.exponent
        return int(self.start * (1 + self.slope * grown))


class ReplayBuffer:
    """Samples in the order they were made; drawn uniformly from the window, each under a random symmetry."""

    def __init__(self, game: Game, window: WindowConfig, *, full_budget: int = 0) -> None:
        """Moves searched with fewer than ``full_budget`` simulations teach the value but no policy."""
        self.game, self.window, self.full_budget = game, window, full_budget
        self.made = 0  # ever, those that left included
        self._size = 0
        self._oldest = 0  # where the oldest sample lies: the arrays are rings
        self._rows = game.new(1024)
        self._policy = np.zeros((1024, game.num_actions), np.float32)
        self._targets = np.zeros((1024, 3), np.float32)  # outcome, root value, policy weight

    def __len__(self) -> int:
        return self._size

    def add(self, games: checked_games.Games) -> int:
        """Take finished games in; returns how many samples they gave."""
        made = self.made
        for rows in checked_games.decided_positions(self.game, games):
            targets = np.stack([rows.outcomes, rows.values, rows.budgets >= self.full_budget], axis=1)
            self._append(rows.states, rows.policies, targets.astype(np.float32))
            self.made += len(targets)
        self._forget()
        return self.made - made

    def batch(self, size: int, seed: int, step: int) -> dict[str, Tensor]:
        """``size`` samples; which ones follows from (seed, step) and the content alone. Keys as the loss wants them."""
        random = np.random.Generator(np.random.Philox(key=[seed % (1 << 64), step]))
        picks = (self._oldest + random.integers(0, self._size, size)) % len(self._rows)
        positions = self.game.describe_new(self._rows[picks])
        return self.tensors(positions, self._policy[picks], self._targets[picks], random)

    def tensors(
        self,
        positions: Positions,
        policy: NDArray[np.float32],
        targets: NDArray[np.float32],
        random: np.random.Generator,
    ) -> dict[str, Tensor]:
        """The batch with a random symmetry a row."""
        symmetries = self.game.symmetries
        turns = random.integers(0, len(symmetries.cells), len(policy))
        observation, legal, policy = positions.observation.copy(), positions.legal.copy(), policy.copy()
        for s in range(1, len(symmetries.cells)):
            mine = turns == s
            observation[mine] = symmetries.turn(positions.observation[mine], s)
            legal[mine] = symmetries.turn_policy(positions.legal[mine], s)
            policy[mine] = symmetries.turn_policy(policy[mine], s)
        return {
            "observation": torch.from_numpy(observation),
            "legal": torch.from_numpy(legal),
            "policy": torch.from_numpy(policy),
            "outcome": torch.from_numpy(targets[:, 0].copy()),
            "root_value": torch.from_numpy(targets[:, 1].copy()),
            "policy_weight": torch.from_numpy(targets[:, 2].copy()),
            "weight": torch.ones(len(policy)),
        }

    def _append(self, rows: NDArray, policy: NDArray[np.float32], targets: NDArray[np.float32]) -> None:  # type: ignore[type-arg]
        """Write the samples behind the newest, round the end of the arrays. What is there already does not move."""
        size = self._size + len(rows)
        if size > len(self._rows):
            self._grow(max(2 * len(self._rows), size))
        places = self._places(self._size, size)
        self._rows[places], self._policy[places], self._targets[places] = rows, policy, targets
        self._size = size

    def _grow(self, capacity: int) -> None:
        """Larger arrays, the oldest sample first in them."""
        places = self._places(0, self._size)
        for name in ("_rows", "_policy", "_targets"):
            old = getattr(self, name)
            new = np.zeros((capacity, *old.shape[1:]), old.dtype)
            new[: self._size] = old[places]
            setattr(self, name, new)
        self._oldest = 0

    def _places(self, start: int, stop: int) -> NDArray[np.int64]:
        """Where the samples ``start`` to ``stop`` lie in the arrays; 0 is the oldest."""
        return (self._oldest + np.arange(start, stop)) % len(self._rows)

    def _forget(self) -> None:
        """Drop what has left the window: no sample is moved."""
        excess = self._size - self.window.size(self.made)
        if excess > 0:
            self._oldest = (self._oldest + excess) % len(self._rows)
            self._size -= excess
