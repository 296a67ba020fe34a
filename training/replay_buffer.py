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
from games.game import Game
from selfplay.distributed import checked_games
from training.auxiliary.position_targets import plies_left, short_values
from training.batches.turn_samples import turn_observations, turn_policies

NUM_TARGETS = 7
OUTCOME, ROOT_VALUE, POLICY_WEIGHT, SURPRISE, PLIES_LEFT, SHORT_VALUE, REPLY_WEIGHT = range(NUM_TARGETS)
"""The columns of the targets of a sample."""


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
    """Samples in the order in which they were added; batches are random."""

    def __init__(
        self,
        game: Game,
        window: WindowConfig,
        *,
        full_budget: int = 0,
        surprise_share: float = 0.0,
        auxiliary: bool = False,
        horizon: float = 6.0,
        augment: bool = True,
    ) -> None:
        """Moves that were searched with fewer than ``full_budget`` simulations have a value target only, no policy.

        ``surprise_share`` of each batch is drawn in proportion to the surprise of the samples (Wu 2019), the rest
        uniformly. ``auxiliary``: batches have the targets of auxiliary losses, with the value in about ``horizon``
        plies. ``augment``: each sample of a batch is shown in a random symmetry of the board.
        """
        self.num_turns = len(game.symmetries.cells) if augment else 1  # symmetry 0 is the board as it is
        self.game, self.window, self.full_budget = game, window, full_budget
        self.surprise_share, self.auxiliary, self.horizon = surprise_share, auxiliary, horizon
        self.num_added = 0  # samples ever added, those that left the window included
        self._size = 0
        self._oldest = 0  # index of the oldest sample; the arrays are ring buffers
        self._rows = game.new(1024)
        self._policy = np.zeros((1024, game.num_actions), np.float32)
        self._targets = np.zeros((1024, NUM_TARGETS), np.float32)
        self._surprise_sums: tuple[int, NDArray[np.float64]] = (-1, np.zeros(0))  # of the window, after so many samples

    def __len__(self) -> int:
        return self._size

    def add(self, games: checked_games.Games) -> int:
        """Add the positions of finished games; returns how many samples these are."""
        num_before = self.num_added
        for rows in checked_games.decided_positions(self.game, games):
            targets = self._make_targets(rows)
            self._append(rows.states, rows.policies, targets)
            self.num_added += len(targets)
        self._drop_old_samples()
        return self.num_added - num_before

    def _make_targets(self, rows: checked_games.DecidedPositions) -> NDArray[np.float32]:
        """The targets of whole games' positions, [S, NUM_TARGETS]."""
        targets = np.zeros((len(rows.values), NUM_TARGETS), np.float32)
        full = rows.budgets >= self.full_budget
        targets[:, OUTCOME], targets[:, ROOT_VALUE], targets[:, POLICY_WEIGHT] = rows.outcomes, rows.values, full
        targets[:, SURPRISE] = np.where(full, rows.surprises, 0)
        if self.auxiliary:
            targets[:, PLIES_LEFT] = plies_left(rows.last) / self.game.max_plies
            targets[:, SHORT_VALUE] = short_values(rows, self.horizon)
            targets[:-1, REPLY_WEIGHT] = ~rows.last[:-1] & full[1:]  # the next position is the next sample
        return targets

    def batch(self, size: int, seed: int, step: int) -> dict[str, Tensor]:
        """``size`` samples as ``policy_value_loss`` needs them; (seed, step) and the content decide which."""
        random = np.random.Generator(np.random.Philox(key=[seed % (1 << 64), step]))
        places = random.integers(0, self._size, size)
        if self.surprise_share:
            places = self._draw_surprising(places, random)
        indices = (self._oldest + places) % len(self._rows)
        turns = random.integers(0, self.num_turns, size)
        return self._tensors(indices, turns)

    def _draw_surprising(self, places: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Replace a ``surprise_share`` of uniform ``places``, counted from the oldest sample, by surprising ones."""
        if self._surprise_sums[0] != self.num_added:
            window = self._targets[self._indices(0, self._size), SURPRISE]
            self._surprise_sums = self.num_added, np.cumsum(window, dtype=np.float64)
        sums = self._surprise_sums[1]
        if sums[-1] <= 0:
            return places
        chosen = random.random(len(places)) < self.surprise_share
        drawn = np.searchsorted(sums, random.random(len(places)) * sums[-1], side="right")
        return np.where(chosen, np.minimum(drawn, len(sums) - 1), places)

    def _tensors(self, indices: NDArray[np.int64], turns: NDArray[np.int64]) -> dict[str, Tensor]:
        """The samples at ``indices`` as tensors, sample b turned by symmetry ``turns[b]`` of the board."""
        symmetries, targets = self.game.symmetries, self._targets[indices]
        positions = self.game.describe_new(self._rows.take(indices))
        observation = turn_observations(positions.observation, turns, symmetries)
        legal = turn_policies(positions.legal, np.arange(len(indices)), turns, symmetries)
        policy = turn_policies(self._policy, indices, turns, symmetries)
        batch = {
            "observation": torch.from_numpy(observation),
            "legal": torch.from_numpy(legal),
            "policy": torch.from_numpy(policy),
            "outcome": torch.from_numpy(targets[:, OUTCOME].copy()),
            "root_value": torch.from_numpy(targets[:, ROOT_VALUE].copy()),
            "policy_weight": torch.from_numpy(targets[:, POLICY_WEIGHT].copy()),
            "weight": torch.ones(len(policy)),
        }
        if self.auxiliary:  # the policy of the next position, for auxiliary losses
            reply = turn_policies(self._policy, (indices + 1) % len(self._rows), turns, symmetries)
            reply *= targets[:, REPLY_WEIGHT, None]
            columns = {"reply_weight": REPLY_WEIGHT, "plies_left": PLIES_LEFT, "short_value": SHORT_VALUE}
            batch["reply"] = torch.from_numpy(reply)
            batch |= {name: torch.from_numpy(targets[:, column].copy()) for name, column in columns.items()}
        return batch

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
