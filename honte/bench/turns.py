"""Times tasks that are to be compared: in one process, one after another, round after round.

A drift of the machine's speed then changes all rates alike. Knows clocks and medians. Does not know what is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Task = Callable[[], int]
"""Does a small part of the work and returns how much it did, in its own unit."""

Clock = Callable[[], float]

Rates = NDArray[np.float64]
"""[rounds] work per second in each round."""


class Row(NamedTuple):
    """One line of the result."""

    part: str
    what: str
    value: float
    unit: str


def process_clock(device: str) -> Clock:
    """Processor time of this process on a CPU, which other programs do not change; wall time on a GPU.

    The time of all threads of this process counts, so a rate is that of one core.
    """
    return time.process_time if device == "cpu" else time.perf_counter


def run_in_turns(tasks: Mapping[str, Task], *, seconds: float, rounds: int, clock: Clock) -> dict[str, Rates]:
    """Run each task for ``seconds`` in each of ``rounds``. Its first call, which may compile, is not timed."""
    for task in tasks.values():
        task()
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            done, start = 0, clock()
            while (spent := clock() - start) < seconds:
                done += task()
            rates[name].append(done / spent)
    return {name: np.array(each) for name, each in rates.items()}


def median(rates: Rates) -> float:
    return float(np.median(rates))


def median_ratio(rates: Rates, baseline: Rates) -> float:
    """The median of the ratios within rounds: a drift of the machine's speed from round to round cancels."""
    return float(np.median(rates / baseline))
