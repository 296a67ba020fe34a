"""Loads honte's games and what Numba needs for its first loop over rows. Compiles no game."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

import games  # noqa: F401


@njit
def total(rows: Any) -> Any:
    found = 0
    for b in range(len(rows)):
        found += rows[b]["x"]
    return found


assert total(np.ones(2, [("x", np.int8)])) == 2
