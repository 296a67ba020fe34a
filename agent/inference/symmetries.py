"""Symmetries in front of a network: evaluate each position in all its symmetric forms, or in one form for all of them.

Knows symmetries and ``Evaluate``. Does not know networks or search. A network's errors differ from one symmetry to the
next, and their mean is smaller. (Silver et al. 2017 draw one symmetry at random and average over many simulations.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluate import Evaluate, EvaluateFunction, Evaluation
from agent.inference.evaluation_cache import hash_rows
from agent.random_numbers import Keys
from games.game import Positions, States
from games.symmetry import Symmetries


class SymmetryAverage(Evaluate):
    """Evaluates all S symmetric forms of a position at once and returns the mean of their logits and values."""

    def __init__(self, evaluate: Evaluate, symmetries: Symmetries) -> None:
        self.evaluate, self.symmetries, self.count = evaluate, symmetries, len(symmetries.cells)
        self.observes, self.reads_states = evaluate.observes, evaluate.reads_states

    def draw_from(self, keys: Keys, leaves: NDArray[np.integer]) -> None:
        forms = np.arange(self.count)[:, None] << 32  # each form of a leaf gets random numbers of its own
        self.evaluate.draw_from(np.tile(keys, self.count), (leaves + forms).ravel())

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        symmetries, count = self.symmetries, self.count
        turned = np.concatenate([symmetries.turn(positions.observation, s) for s in range(count)])
        rest = (np.concatenate([array] * count) for array in positions[1:])
        answer = self.evaluate(np.tile(states, count), Positions(turned, *rest))
        logits = answer.logits.reshape(count, len(states), -1)
        turned_back = np.stack([logits[s][:, symmetries.actions[s]] for s in range(count)])
        return Evaluation(turned_back.mean(axis=0), answer.value.reshape(count, -1).mean(axis=0))


def average_symmetries(evaluate: Evaluate, symmetries: Symmetries) -> Evaluate:
    """``evaluate`` averaged over the symmetries; ``evaluate`` itself where there is only the identity."""
    return SymmetryAverage(evaluate, symmetries) if len(symmetries.cells) > 1 else evaluate


def canonicalize_symmetries(evaluate: EvaluateFunction, symmetries: Symmetries) -> EvaluateFunction:
    """``evaluate`` called with only one of each position's S forms, so that all of them share one cache entry.

    That form is the one whose observation has the smallest hash. The other forms are never evaluated.
    """
    count = len(symmetries.cells)
    if count == 1:
        return evaluate

    def evaluate_canonical(states: States, positions: Positions) -> Evaluation:
        forms = [np.ascontiguousarray(symmetries.turn(positions.observation, s)) for s in range(count)]  # [S, B, ...]
        codes = np.empty((count, len(states)), np.uint64)
        for form, row in zip(forms, codes, strict=True):
            hash_rows(form.reshape(len(states), -1).view(np.uint8), row)
        chosen = codes.argmin(axis=0)  # [B]
        form = np.stack(forms)[chosen, np.arange(len(states))]
        answer = evaluate(states, positions._replace(observation=form))
        return Evaluation(np.take_along_axis(answer.logits, symmetries.actions[chosen], axis=1), answer.value)

    return evaluate_canonical
