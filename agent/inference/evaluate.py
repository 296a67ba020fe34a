"""``Evaluate``: the one door between a search and whatever judges its leaves.

Knows the contract, and two evaluators that need no network. Does not know torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import Positions, States


class Evaluation(NamedTuple):
    """Raw judgements of B positions, each from the view of its player to move; masks are applied after."""

    logits: NDArray[np.float32]  # [B, A] of every action, legal or not
    value: NDArray[np.float32]  # [B] in [-1, 1]


Evaluate = Callable[[States, Positions], Evaluation]
"""Networks read only ``positions.observation``, rollouts only ``states``.

One that never looks at observations may say so: ``observes = False``. Then none are made.
"""


class Uniform:
    """An ``Evaluate``: every action alike, every position even. It measures tree work alone."""

    observes = False

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        return Evaluation(np.zeros(positions.legal.shape, np.float32), np.zeros(len(positions.legal), np.float32))


uniform_evaluate = Uniform()


def hash_evaluate(states: States, positions: Positions) -> Evaluation:
    """A network made of a hash of the observation: exact on every machine, different for every position.

    Logits in [-2, 2), values in [-1, 1).
    """
    from agent.random_numbers import mix

    flat = np.ascontiguousarray(positions.observation).reshape(len(positions.observation), -1)
    flat = flat.view(np.uint8).astype(np.uint64)  # its bytes: observations may be float32
    code = np.zeros(len(flat), np.uint64)
    for column in flat.T:
        code = mix(code ^ column)
    counters = np.arange(positions.legal.shape[1] + 1, dtype=np.uint64)
    bits = mix(code[:, None] ^ (counters << np.uint64(32))) >> np.uint64(48)
    unit = bits.astype(np.float32) / np.float32(32768) - 1
    return Evaluation(np.ascontiguousarray(2 * unit[:, 1:]), np.ascontiguousarray(unit[:, 0]))


def count_evaluations(evaluate: Evaluate, counter: dict[str, Any]) -> Evaluate:
    """``evaluate`` that adds to ``counter["evaluations"]`` and ``counter["batches"]``."""

    def count(states: States, positions: Positions) -> Evaluation:
        counter["evaluations"] = counter.get("evaluations", 0) + len(states)
        counter["batches"] = counter.get("batches", 0) + 1
        return evaluate(states, positions)

    return count
