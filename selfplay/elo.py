"""Elo arithmetic: what a match says about the difference in strength, and how sure it is.

Knows scores and counts. Does not know players, games or how openings were chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE_Z = 1.959963984540054
"""Two-sided 95 % of a normal distribution."""

PSEUDO_PAIRS = 2
"""One pair lost and one won, added before the interval is drawn."""


def elo_of(score: float) -> float | None:
    """The Elo difference that gives an expected ``score`` in (0, 1); None outside, where it has no bound.

    Elo 1978: score = 1 / (1 + 10^(-difference / 400)).
    """
    if not 0 < score < 1:
        return None
    return 400 * math.log10(score / (1 - score))


def expected_score(difference: float) -> float:
    """The score in (0, 1) that an Elo ``difference`` gives: the inverse of ``elo_of``."""
    return 1 / (1 + 10 ** (-difference / 400))


@dataclass(frozen=True, kw_only=True)
class EloEstimate:
    """An Elo difference with its 95 % interval. None stands for "without bound": nothing here is infinite."""

    score: float  # [0, 1] per game
    elo: float | None  # None at a score of 0 or 1
    low: float | None
    high: float | None
    los: float  # [0, 1] likelihood of superiority: the probability that the difference is above 0


def estimate(pairs: Sequence[int], independent: int | None = None) -> EloEstimate:
    """The Elo difference from ``pairs [5]``: how many pairs of games brought 0, 1/2, 1, 3/2 and 2 points.

    The two games of a pair share an opening, so the pair is the unit whose variance counts (the pentanomial model, used
    by Stockfish's testers). ``independent`` of the pairs are different from each other: repeated ones are no more data,
    so they do not narrow the interval (default: all are).

    The interval is normal, after one lost and one won pair are added: Agresti and Coull 1998's "plus four" idea,
    carried from single trials to pairs. It keeps the interval honest where every pair ended alike and the plain
    variance is 0; at 0 % and 100 % it leaves a bound on one side. ValueError without any pair.
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
    error = math.sqrt(spread / size)
    return EloEstimate(
        score=mean,
        elo=elo_of(mean),
        low=elo_of(centre - CONFIDENCE_Z * error),
        high=elo_of(centre + CONFIDENCE_Z * error),
        los=(1 + math.erf((centre - 0.5) / error / math.sqrt(2))) / 2,
    )
