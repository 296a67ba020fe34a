"""Which of two players makes fewer mistakes on the same solved positions, and whether chance explains the difference.

Knows in which positions each of them erred. Does not know the positions or the players.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PairedMistakes(NamedTuple):
    """The positions in which exactly one of two players made a mistake; the others say nothing about the difference."""

    only_first: int  # positions in which only the first player made a mistake
    only_second: int
    p_value: float  # two-sided, of a difference as large as this one if both players are equally good


def compare_mistakes(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedMistakes:
    """The exact test of McNemar (1947) on ``first`` and ``second``, [N] whether each player erred in each position.

    ValueError if they have different lengths.
    """
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} positions cannot be compared in pairs")
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    count = only_first + only_second
    tail = sum(math.comb(count, k) for k in range(min(only_first, only_second) + 1))
    return PairedMistakes(only_first, only_second, min(1.0, 2 * tail / 2**count))
