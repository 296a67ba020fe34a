"""Elo arithmetic: the difference in strength that a match shows, and its 95 % interval.

Knows scores and counts. Does not know players, games or how openings were chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CONFIDENCE_Z = 1.959963984540054
"""Two-sided 95 % of a normal distribution."""

STUDENT_T = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764}
"""The same for Student's t, by the number of degrees of freedom."""

PAIR_SCORES = np.array([0, 0.25, 0.5, 0.75, 1])
"""The possible scores of a pair of games, per game."""

NORMALIZED = 800 / math.log(10)
"""Normalized Elo per unit of (score - 1/2) / (standard deviation of a game's score); near 0 and without draws: Elo."""

PSEUDO_PAIRS = 1
"""Half a lost pair and half a won pair are added before the interval is computed."""


class WinDrawLoss(NamedTuple):
    """Numbers of games by their result, from one player's view."""

    wins: int
    draws: int
    losses: int

    @property
    def games(self) -> int:
        return sum(self)


def elo_from_score(score: float) -> float | None:
    """The Elo difference that gives an expected ``score`` in (0, 1); None outside, where it has no bound.

    Elo 1978: score = 1 / (1 + 10^(-difference / 400)).
    """
    if not 0 < score < 1:
        return None
    return 400 * math.log10(score / (1 - score))


def expected_score(difference: float) -> float:
    """The score in (0, 1) that an Elo ``difference`` gives: the inverse of ``elo_from_score``."""
    return 1 / (1 + 10 ** (-difference / 400))


def student_t(freedom: int) -> float:
    """Two-sided 95 % of Student's t with ``freedom`` degrees of freedom, 1 or more, to 0.003.

    Beyond the table the expansion in 1 / freedom by Fisher and Cornish (1960).
    """
    if freedom in STUDENT_T:
        return STUDENT_T[freedom]
    z = CONFIDENCE_Z
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return sum(term / float(freedom) ** power for power, term in enumerate(terms))


@dataclass(frozen=True, kw_only=True)
class EloEstimate:
    """An Elo difference with its 95 % interval. None stands for "without bound": nothing here is infinite."""

    score: float  # [0, 1] per game
    score_low: float
    score_high: float
    elo: float | None  # None at a score of 0 or 1
    low: float | None
    high: float | None
    normalized: float  # normalized Elo, half a lost and half a won pair included
    normalized_low: float
    normalized_high: float
    los: float  # [0, 1] likelihood of superiority: the probability that the difference is above 0


def estimate_elo(pairs: Sequence[int], independent: int | None = None) -> EloEstimate:
    """The Elo difference from ``pairs [5]``: how many pairs of games brought 0, 1/2, 1, 3/2 and 2 points.

    The two games of a pair share an opening, so the variance is that of pairs (the pentanomial model, which the testers
    of Stockfish use). ``independent`` of the pairs differ from each other (default: all). Repeated pairs are not new
    data, so they do not narrow the interval.

    The interval is Student's, after half a lost and half a won pair are added. Agresti and Coull (1998) do so for
    single trials. Without this, the variance would be 0 if all pairs had the same result; at 0 % and 100 % one bound
    remains. ``benchmarks/results/intervals_matches.json``: how often the interval contains the true difference.
    ValueError without any pair.
    """
    total = sum(pairs)
    if len(pairs) != 5 or min(pairs) < 0 or total == 0:
        raise ValueError(f"pairs is {list(pairs)}; five counts are needed, of at least one pair together")
    num_independent = total if independent is None else independent
    assert 1 <= num_independent <= total
    mean = sum(count * points / 4 for points, count in enumerate(pairs)) / total
    square = sum(count * (points / 4) ** 2 for points, count in enumerate(pairs)) / total
    size = num_independent + PSEUDO_PAIRS
    centre = (num_independent * mean + PSEUDO_PAIRS / 2) / size
    spread = (num_independent * square + PSEUDO_PAIRS / 2) / size - centre**2
    error, reach = math.sqrt(spread / size), student_t(max(num_independent - 1, 1))
    low, high = centre - reach * error, centre + reach * error
    ratio = (centre - 0.5) / math.sqrt(spread)
    ratio_reach = reach * math.sqrt((1 + ratio**2 / 2) / size)
    unit = NORMALIZED / math.sqrt(2)  # a pair's score deviates by 1/sqrt(2) of what a game's does
    return EloEstimate(
        score=mean,
        score_low=max(low, 0.0),
        score_high=min(high, 1.0),
        elo=elo_from_score(mean),
        low=elo_from_score(low),
        high=elo_from_score(high),
        normalized=unit * ratio,
        normalized_low=unit * (ratio - ratio_reach),
        normalized_high=unit * (ratio + ratio_reach),
        los=(1 + math.erf((centre - 0.5) / error / math.sqrt(2))) / 2,
    )
