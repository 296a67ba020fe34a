"""The protocols of self-play: a runner plays games for the learner, and an evaluator gives its searches values.

The runners are ``local_runner.LocalRunner``, in this process, and ``distributed.ray_runner.RayRunner``, on a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agent.inference.evaluate import Evaluate
from selfplay.records import Arrays, GameRecord

Weights = Mapping[str, Any]
"""A network's arrays or tensors by name."""


class CountedEvaluator(Evaluate, Protocol):
    """An ``Evaluate`` that counts its work."""

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


class Evaluator(CountedEvaluator, Protocol):
    """An ``Evaluate`` that counts its work and loads new weights."""

    def load(self, weights: Weights, version: int) -> None:
        """Evaluate with these weights from now on."""


class Runner(Protocol):
    """Plays games for the learner."""

    progress: float
    """How much of the run is done, from 0 to 1: the learner sets it before it collects."""

    @property
    def evaluator(self) -> CountedEvaluator:
        """The evaluator of its searches, with their counts; the learner also grades with it."""

    @property
    def notes(self) -> list[str]:
        """What went wrong and was repaired, for people; the learner empties the list."""

    @property
    def moves(self) -> int:
        """The number of moves played."""

    @property
    def next_id(self) -> int:
        """Every game with this id or a higher one is still to be played."""

    @property
    def missing(self) -> list[int]:
        """Lower ids whose games are still to be played when the run is resumed."""

    def publish(self, weights: Weights, version: int) -> None:
        """Play with these weights from now on."""

    def collect(self, timeout: float) -> Sequence[GameRecord]:
        """Games finished since the last call; waits up to ``timeout`` seconds for the first."""

    def state(self) -> Mapping[str, Arrays]:
        """What it has learned from finished games, as groups of arrays for a checkpoint."""

    def close(self) -> None:
        """Stop playing; games that are not finished are dropped."""
