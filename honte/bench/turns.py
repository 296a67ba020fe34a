"""Turns: works that are to be compared, timed one after another in one process, round after round.

Knows clocks and medians. Does not know what is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Work = Callable[[], int]
"""Do a piece of the work; how much of what it counts was done."""

Clock = Callable[[], float]

Rates = NDArray[np.float64]
"""[rounds] how much was done a second, in each round."""


class Row(NamedTuple):
    """One line of a result."""

    part: str
    what: str
    value: float
    unit: str


def process_clock(device: str) -> Clock:
    """Seconds of this process's own processor time, which other programs do not lengthen; on a GPU those of the wall.

    Threads that compute for this process count, so a rate is one of a core.
    """
    return time.process_time if device == "cpu" else time.perf_counter


def run_in_turns(works: Mapping[str, Work], *, seconds: float, rounds: int, clock: Clock) -> dict[str, Rates]:
    """Each work for ``seconds`` in each of ``rounds``. Its first piece, which may compile, is not timed."""
    for work in works.values():
        work()
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            done, start = 0, clock()
            while (spent := clock() - start) < seconds:
                done += work()
            rates[name].append(done / spent)
    return {name: np.array(each) for name, each in rates.items()}


def median(rates: Rates) -> float:
    return float(np.median(rates))


def median_ratio(of: Rates, to: Rates) -> float:
    """The median of the rounds' own ratios: drift from round to round cancels."""
    return float(np.median(of / to))
