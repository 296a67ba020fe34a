"""``Evaluate``: what a search asks of whatever estimates the policy and the value of its leaves.

Knows the interface, and evaluators that need no network. Does not know torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.random_numbers import Keys, mix
from games.game import Positions, States


class Evaluation(NamedTuple):
    """Raw outputs for B positions, each from the view of its player to move. Illegal actions are masked later."""

    logits: NDArray[np.float32]  # [B, A] of every action, legal or not
    value: NDArray[np.float32]  # [B] in [-1, 1]


EvaluateFunction = Callable[[States, Positions], Evaluation]
"""A plain function of B positions."""


class Evaluate(Protocol):
    """An evaluator of positions. Subclasses write ``__call__`` and override the rest where it differs.

    Networks read only ``positions.observation``. Rollouts read only ``states``.
    """

    observes: bool = True
    """Whether it reads ``positions.observation``. Where it does not, the search does not compute observations."""

    reads_states: bool = True
    """Whether it reads ``states``. Where it does not, the search passes any states, as many as there are positions."""

    def draw_from(self, keys: Keys, leaves: NDArray[np.integer]) -> None:
        """Take the random numbers of the next call from ``keys [B]`` of the moves and from ``leaves [B]``.

        A search calls this before each evaluation. Evaluators without random numbers ignore it.
        """
        return

    def __call__(self, states: States, positions: Positions) -> Evaluation: ...


class UniformEvaluator(Evaluate):
    """The same logit for every action and the value 0 for every position. It measures the search's own time."""

    observes = reads_states = False

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        return Evaluation(np.zeros(positions.legal.shape, np.float32), np.zeros(len(positions.legal), np.float32))


class HashEvaluator(Evaluate):
    """A hash of the observation instead of a network: exact on every machine, different for every position.

    Logits are in [-2, 2), values in [-1, 1).
    """

    reads_states = False

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        flat = np.ascontiguousarray(positions.observation).reshape(len(positions.observation), -1)
        flat = flat.view(np.uint8).astype(np.uint64)  # the bytes, because observations may be float32
        code = np.zeros(len(flat), np.uint64)
        for column in flat.T:
            code = mix(code ^ column)
        counters = np.arange(positions.legal.shape[1] + 1, dtype=np.uint64)
        bits = mix(code[:, None] ^ (counters << np.uint64(32))) >> np.uint64(48)
        unit = bits.astype(np.float32) / np.float32(32768) - 1
        return Evaluation(np.ascontiguousarray(2 * unit[:, 1:]), np.ascontiguousarray(unit[:, 0]))


uniform_evaluate = UniformEvaluator()
hash_evaluate = HashEvaluator()
