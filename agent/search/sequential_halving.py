"""The schedule of Sequential Halving at the root of a Gumbel search (Danihelka et al., ICLR 2022)."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=4096)
def considered_visits(num_considered: int, budget: int) -> NDArray[np.int32]:
    """[budget] the schedule of Sequential Halving: how many visits the root action of each simulation has before it.

    Simulation i visits the best action among those with exactly ``considered_visits[i]`` visits. In each of the
    ceil(log2(num_considered)) phases all remaining actions get equally many simulations; then half of them remain, at
    least two.
    """
    if num_considered <= 1:
        return np.arange(budget, dtype=np.int32)
    phases = ceil(log2(num_considered))
    order: list[int] = []
    remaining, visits = num_considered, 0
    while len(order) < budget:
        for _ in range(max(1, budget // (phases * remaining))):
            order += [visits] * remaining
            visits += 1
        remaining = max(2, remaining // 2)
    return np.array(order[:budget], np.int32)
