"""Trials of engines: how fast each is here, what new weights cost it, how close it comes to another's answers.

Knows engines by what they do. Does not know how one is made, nor which are chosen.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from agent.inference.evaluate import Evaluation
from games.game import Game, Positions, States
from games.playouts import random_positions

ROWS = 128
"""Positions in a batch of a trial."""

EVALUATIONS_AN_UPDATE = 100_000
"""About so many positions a run judges with one set of weights."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "fp32": (1e-3, 1e-3),
    "fp16": (0.05, 0.02),
    "bf16": (0.25, 0.1),
    "int8": (0.5, 0.2),
}
"""How far an engine of a precision may be from fp32 in the mean: centred logits, values. More, and it is broken."""


class Backend(Protocol):
    """An ``Evaluate`` made of weights."""

    version: int
    precision: str
    network: Any  # the torch module whose weights it has

    def __call__(self, states: States, positions: Positions) -> Evaluation: ...

    def load(self, weights: Mapping[str, Any], version: int = 0) -> None: ...


class AnswerDifference(NamedTuple):
    """How one engine's answers differ from another's, over the legal actions of B positions."""

    logits: float  # mean absolute difference, each row centred first: a constant changes no policy
    value: float  # mean absolute difference
    same_best: float  # share of rows with the same best action


def compare_answers(one: Evaluation, other: Evaluation, legal: Any) -> AnswerDifference:
    """Compare two answers of B positions, ``legal [B, A]``, each with some legal action."""
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


def is_close(precision: str, found: AnswerDifference) -> bool:
    """Whether ``found`` is within the bounds of ``precision``."""
    logits, value = BOUNDS[precision]
    return found.logits <= logits and found.value <= value


def sample_positions(game: Game, count: int = 256) -> tuple[States, Positions]:
    """[B] random positions of which none is over: what engines are tried on."""
    states = random_positions(game, count)
    return states, game.describe_new(states)


def seconds_per_position(engine: Backend, game: Game, *, updates: bool = False, repeats: int = 8) -> float:
    """What a position costs ``engine``, by the fastest of a few batches; ``updates`` adds its share of new weights."""
    states, positions = sample_positions(game, ROWS)
    engine(states, positions)
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        engine(states, positions)
        spans.append(time.perf_counter() - start)
    cost = min(spans) / ROWS
    if updates:
        cost += update_seconds(engine, states, positions, min(spans)) / EVALUATIONS_AN_UPDATE
    return cost


def update_seconds(engine: Backend, states: States, positions: Positions, batch_seconds: float) -> float:
    """What taking weights costs, the first batch after it included as far as it is slower than the others."""
    weights = engine.network.state_dict()
    start = time.perf_counter()
    engine.load(weights, engine.version)
    engine(states, positions)
    return max(0.0, time.perf_counter() - start - batch_seconds)
