"""Symmetries before the network: every position judged in all the ways its board can be turned, or in one for all.

Knows symmetries and ``Evaluate``. Does not know networks or search. A network's errors differ from one symmetry to the
next; their mean is smaller (Silver et al. 2017 draw one at random instead, and average over many simulations).
"""

from __future__ import annotations

import numpy as np

from agent.inference.evaluate import Evaluate, Evaluation
from agent.inference.evaluation_cache import hash_rows
from games.game import Positions, States, Symmetries


def average_symmetries(evaluate: Evaluate, symmetries: Symmetries) -> Evaluate:
    """``evaluate`` asked for all S symmetries at once: S times the rows, the mean of the logits and of the values."""
    count = len(symmetries.cells)
    if count == 1:
        return evaluate

    def mean(states: States, positions: Positions) -> Evaluation:
        turned = np.concatenate([symmetries.turn(positions.observation, s) for s in range(count)])
        rest = (np.concatenate([array] * count) for array in positions[1:])
        every = Positions(turned, *rest)
        answer = evaluate(np.tile(states, count), every)
        logits = answer.logits.reshape(count, len(states), -1)
        back = np.stack([logits[s][:, symmetries.actions[s]] for s in range(count)])
        return Evaluation(back.mean(axis=0), answer.value.reshape(count, -1).mean(axis=0))

    return mean


def canonicalize_symmetries(evaluate: Evaluate, symmetries: Symmetries) -> Evaluate:
    """``evaluate`` asked for one of each position's S forms alone, so that all of them share an entry of a cache.

    That form is the one whose observation has the smallest hash; what the network makes of the others is never asked.
    """
    count = len(symmetries.cells)
    if count == 1:
        return evaluate

    def ask(states: States, positions: Positions) -> Evaluation:
        forms = [np.ascontiguousarray(symmetries.turn(positions.observation, s)) for s in range(count)]  # [S, B, ...]
        codes = np.empty((count, len(states)), np.uint64)
        for form, row in zip(forms, codes, strict=True):
            hash_rows(form.reshape(len(states), -1).view(np.uint8), row)
        chosen = codes.argmin(axis=0)  # [B]
        form = np.stack(forms)[chosen, np.arange(len(states))]
        answer = evaluate(states, positions._replace(observation=form))
        return Evaluation(np.take_along_axis(answer.logits, symmetries.actions[chosen], axis=1), answer.value)

    return ask
