"""The protocols of self-play: a runner plays games for the learner, and an evaluator gives its searches values.

The runners are ``local_runner.LocalRunner``, in this process, and ``distributed.ray_runner.RayRunner``, on a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agent.inference.evaluate import Evaluate
from selfplay.records import GameRecord

Weights = Mapping[str, Any]
"""A network's arrays or tensors by name."""


class Evaluator(Evaluate, Protocol):
    """An ``Evaluate`` that loads new weights and counts its work."""

    def load(self, weights: Weights, version: int) -> None: ...

    @property
    def version(self) -> int:
        """The version of the weights that were loaded last."""

    @property
    def asked(self) -> int:
        """The number of positions that it was called with."""

    @property
    def evaluated(self) -> int:
        """The number of those that the network evaluated; a cache had the others."""

    @property
    def calls(self) -> int:
        """The number of batches that the network evaluated."""


class Runner(Protocol):
    """Plays games for the learner."""

    def publish(self, weights: Weights, version: int) -> None:
        """Play with these weights from now on."""

    def collect(self, timeout: float) -> Sequence[GameRecord]:
        """Games finished since the last call; waits up to ``timeout`` seconds for the first."""

    def close(self) -> None:
        """Stop playing; games that are not finished are dropped."""
