"""Measurements of backends: seconds per position, the cost of new weights, and how far two backends' answers differ.

Knows the interface of a backend. Does not know how a backend is made, nor how one is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from agent.inference.evaluate import Evaluate, Evaluation
from games.game import Game, Positions, States
from games.playouts import random_positions

ROWS = 128
"""Positions in a batch that is measured."""

EVALUATIONS_PER_UPDATE = 100_000
"""About how many positions a run evaluates with one set of weights."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "fp32": (1e-3, 1e-3),
    "fp16": (0.05, 0.02),
    "bf16": (0.25, 0.1),
    "int8": (0.5, 0.2),
}
"""Largest mean difference from fp32 of a working backend, by precision: of the centred logits and of the values."""


class Backend(Evaluate, Protocol):
    """A network's weights, ready to evaluate positions."""

    version: int
    precision: str
    network: Any  # the torch module that holds the weights

    def load(self, weights: Mapping[str, Any], version: int = 0) -> None: ...


class AnswerDifference(NamedTuple):
    """How two backends' answers differ, over the legal actions of B positions."""

    logits: float  # mean absolute difference, each row centred first, because a constant changes no policy
    value: float  # mean absolute difference
    same_best: float  # share of positions with the same best action


def compare_answers(one: Evaluation, other: Evaluation, legal: Any) -> AnswerDifference:
    """Compare two answers for B positions. ``legal [B, A]`` has at least one legal action in each row."""
    rows = []
    for answer in (one, other):
        logits = np.where(legal, answer.logits, 0.0)
        rows.append(np.where(legal, logits - logits.sum(1, keepdims=True) / legal.sum(1, keepdims=True), -np.inf))
    best = [row.argmax(axis=1) for row in rows]
    differences = np.abs(np.where(legal, rows[0], 0) - np.where(legal, rows[1], 0))
    return AnswerDifference(
        float(differences.sum() / legal.sum()),
        float(np.abs(one.value - other.value).mean()),
        float((best[0] == best[1]).mean()),
    )


def is_close(precision: str, difference: AnswerDifference) -> bool:
    """Whether ``difference`` is within the bounds of ``precision``."""
    logits, value = BOUNDS[precision]
    return difference.logits <= logits and difference.value <= value


def sample_positions(game: Game, count: int = 256) -> tuple[States, Positions]:
    """[B] random positions of which none is over: what engines are tried on."""
    states = random_positions(game, count)
    return states, game.describe_new(states)


def seconds_per_position(backend: Backend, game: Game, *, updates: bool = False, repeats: int = 8) -> float:
    """Seconds per position, from the fastest of ``repeats`` batches. ``updates`` adds the share for new weights."""
    states, positions = sample_positions(game, ROWS)
    backend(states, positions)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        backend(states, positions)
        times.append(time.perf_counter() - start)
    seconds = min(times) / ROWS
    if updates:
        seconds += update_seconds(backend, states, positions, min(times)) / EVALUATIONS_PER_UPDATE
    return seconds


def update_seconds(backend: Backend, states: States, positions: Positions, batch_seconds: float) -> float:
    """Seconds to load new weights and to evaluate the first batch with them, less the usual ``batch_seconds``."""
    weights = backend.network.state_dict()
    start = time.perf_counter()
    backend.load(weights, backend.version)
    backend(states, positions)
    return max(0.0, time.perf_counter() - start - batch_seconds)
