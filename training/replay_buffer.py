"""The replay buffer: positions of recent games, from which the learner draws its batches.

The buffer holds a window of the newest positions. The window grows with the run as KataGo's does (Wu 2019): of n
positions added so far it holds N = c (1 + b ((n / c)^a - 1) / a).
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
    """How many of the newest samples the learner draws from."""

    start: Positive = 50_000  # c: up to this number the window holds all samples
    exponent: Annotated[float, Range(0, 4, above=True)] = 0.75  # a
    slope: Number = 0.4  # b

    def size(self, num_added: int) -> int:
        """The size of the window after ``num_added`` samples."""
        if num_added <= self.start:
            return num_added
        growth = ((num_added / self.start) ** self.exponent - 1) / self.exponent
        return int(self.start * (1 + self.slope * growth))


class ReplayBuffer:
    """Samples in the order in which they were added; batches are uniform, each sample in a random symmetry."""

    def __init__(self, game: Game, window: WindowConfig, *, full_budget: int = 0) -> None:
        """Moves that were searched with fewer than ``full_budget`` simulations have a value target only, no policy."""
        self.game, self.window, self.full_budget = game, window, full_budget
        self.num_added = 0  # samples ever added, those that left the window included
        self._size = 0
        self._oldest = 0  # index of the oldest sample; the arrays are ring buffers
        self._rows = game.new(1024)
        self._policy = np.zeros((1024, game.num_actions), np.float32)
        self._targets = np.zeros((1024, 3), np.float32)  # outcome, root value, policy weight

    def __len__(self) -> int:
        return self._size

    def add(self, games: checked_games.Games) -> int:
        """Add the positions of finished games; returns how many samples these are."""
        num_before = self.num_added
        for rows in checked_games.decided_positions(self.game, games):
            targets = np.stack([rows.outcomes, rows.values, rows.budgets >= self.full_budget], axis=1)
            self._append(rows.states, rows.policies, targets.astype(np.float32))
            self.num_added += len(targets)
        self._drop_old_samples()
        return self.num_added - num_before

    def batch(self, size: int, seed: int, step: int) -> dict[str, Tensor]:
        """``size`` samples as ``policy_value_loss`` needs them; (seed, step) and the content decide which."""
        random = np.random.Generator(np.random.Philox(key=[seed % (1 << 64), step]))
        indices = (self._oldest + random.integers(0, self._size, size)) % len(self._rows)
        positions = self.game.describe_new(self._rows[indices])
        return self.tensors(positions, self._policy[indices], self._targets[indices], random)

    def tensors(
        self,
        positions: Positions,
        policy: NDArray[np.float32],
        targets: NDArray[np.float32],
        random: np.random.Generator,
    ) -> dict[str, Tensor]:
        """The batch as tensors, each row turned by a random symmetry of the board."""
        symmetries = self.game.symmetries
        turns = random.integers(0, len(symmetries.cells), len(policy))
        observation, legal, policy = positions.observation.copy(), positions.legal.copy(), policy.copy()
        for s in range(1, len(symmetries.cells)):
            rows = turns == s
            observation[rows] = symmetries.turn(positions.observation[rows], s)
            legal[rows] = symmetries.turn_policy(positions.legal[rows], s)
            policy[rows] = symmetries.turn_policy(policy[rows], s)
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
        """Write samples after the newest one, wrapping around the end of the arrays; no other sample is moved."""
        size = self._size + len(rows)
        if size > len(self._rows):
            self._grow(max(2 * len(self._rows), size))
        indices = self._indices(self._size, size)
        self._rows[indices], self._policy[indices], self._targets[indices] = rows, policy, targets
        self._size = size

    def _grow(self, capacity: int) -> None:
        """Move the samples into larger arrays, with the oldest sample first."""
        indices = self._indices(0, self._size)
        for name in ("_rows", "_policy", "_targets"):
            old = getattr(self, name)
            new = np.zeros((capacity, *old.shape[1:]), old.dtype)
            new[: self._size] = old[indices]
            setattr(self, name, new)
        self._oldest = 0

    def _indices(self, start: int, stop: int) -> NDArray[np.int64]:
        """The array indices of the samples ``start`` to ``stop``, counted from the oldest."""
        return (self._oldest + np.arange(start, stop)) % len(self._rows)

    def _drop_old_samples(self) -> None:
        """Drop the samples that have left the window; the others stay where they are."""
        excess = self._size - self.window.size(self.num_added)
        if excess > 0:
            self._oldest = (self._oldest + excess) % len(self._rows)
            self._size -= excess
