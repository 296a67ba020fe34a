"""SPRT: a sequential test that decides, after every pair of games, between two hypotheses on the Elo difference.

Knows counts of pairs. Does not know players or games.

The generalized sequential probability ratio test on pairs of games (pentanomial). A hypothesis states a pair's expected
score (Van den Bergh, "The Generalized Sequential Probability Ratio Test for Expected Scores"), or the ratio of the mean
to the standard deviation (Van den Bergh, "Normalized Elo"). Its likelihood is that of the most likely
distribution of pair scores for which the statement holds. The bounds are Wald's (1945).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from selfplay.matches.elo import NORMALIZED, PAIR_SCORES, expected_score

Floats = NDArray[np.float64]

UNSEEN_COUNT = 1e-3
"""The count that replaces 0 for a pair score that has not occurred yet."""

BISECTIONS, MAX_ITERATIONS = 44, 20

MAX_NORMALIZED = 200
"""The largest normalized difference, because the fit does not converge from about 250 on. Useful ones are below 50."""

Verdict = Literal["H0", "H1"]


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """H0: the difference is ``elo0``; H1: it is ``elo1``.

    ``alpha`` is the probability that H1 is accepted though H0 is true; ``beta`` is the reverse. ``model``: logistic Elo
    differences, or normalized ones, which do not depend on the share of draws. ValueError for values that make no test.
    """

    elo0: float
    elo1: float
    alpha: float = 0.05
    beta: float = 0.05
    model: Literal["logistic", "normalized"] = "logistic"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.elo0) and math.isfinite(self.elo1) and self.elo0 < self.elo1):
            raise ValueError(f"sprt is {self.elo0:g} {self.elo1:g}; the first difference must be below the second")
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < value < 0.5:
                raise ValueError(f"sprt {name} is {value:g}; it must be above 0 and below 0.5")
        if self.model not in ("logistic", "normalized"):
            raise ValueError(f"sprt model is {self.model!r}; it must be logistic or normalized")
        largest = max(-self.elo0, self.elo1)
        if self.model == "normalized" and largest > MAX_NORMALIZED:
            raise ValueError(f"sprt has a difference of {largest:g}; normalized ones are at most {MAX_NORMALIZED}")

    @property
    def lower(self) -> float:
        """At or below this log-likelihood ratio H0 is accepted."""
        return math.log(self.beta / (1 - self.alpha))

    @property
    def upper(self) -> float:
        """At or above this log-likelihood ratio H1 is accepted."""
        return math.log((1 - self.beta) / self.alpha)

    def llr(self, pairs: Sequence[int], independent: int | None = None) -> float:
        """The log-likelihood ratio of H1 to H0 after ``pairs [5]``; ``independent`` of them differ from each other."""
        total = sum(pairs)
        if not total:
            return 0.0
        share = 1.0 if independent is None else independent / total
        return share * float(self.llrs(np.array([pairs], np.float64))[0])

    def llrs(self, pairs: Floats) -> Floats:
        """[R] the log-likelihood ratios for ``pairs [R, 5]``."""
        counts = np.where(pairs == 0, UNSEEN_COUNT, pairs).astype(np.float64)
        total = counts.sum(axis=1)
        observed = counts / total[:, None]
        fit = self._fit_score if self.model == "logistic" else self._fit_normalized
        return np.asarray(total * (observed * np.log(fit(observed, self.elo1) / fit(observed, self.elo0))).sum(1))

    def verdict(self, llr: float) -> Verdict | None:
        """The hypothesis that is accepted; None: the test goes on."""
        return "H0" if llr <= self.lower else "H1" if llr >= self.upper else None

    def _fit_score(self, observed: Floats, elo: float) -> Floats:
        """The most likely distributions whose expected score is that of ``elo``."""
        return tilt_distribution(observed, np.broadcast_to(PAIR_SCORES - expected_score(elo), observed.shape))

    def _fit_normalized(self, observed: Floats, elo: float) -> Floats:
        """The most likely distributions whose (mean - 1/2) / deviation is that of ``elo``.

        The condition is not linear in the distribution, so each iteration solves it for its influence function.
        """
        ratio = math.sqrt(2) * elo / NORMALIZED
        likely = np.full_like(observed, 1 / observed.shape[1])
        for _ in range(MAX_ITERATIONS):
            mean = (likely * PAIR_SCORES).sum(axis=1, keepdims=True)
            deviation = np.sqrt((likely * (PAIR_SCORES - mean) ** 2).sum(axis=1, keepdims=True))
            z_squared = ((PAIR_SCORES - mean) / deviation) ** 2
            before, likely = (
                likely,
                tilt_distribution(observed, PAIR_SCORES - 0.5 - ratio * deviation * (1 + z_squared) / 2),
            )
            if np.abs(likely - before).max() < 1e-9:
                break
        return likely

    def as_json(self, llr: float) -> dict[str, Any]:
        """The test and its state, for JSON."""
        bounds = {"llr": llr, "lower": self.lower, "upper": self.upper, "verdict": self.verdict(llr)}
        return {
            "model": self.model,
            "elo0": self.elo0,
            "elo1": self.elo1,
            "alpha": self.alpha,
            "beta": self.beta,
        } | bounds


def tilt_distribution(observed: Floats, condition: Floats) -> Floats:
    """[R, K] the most likely distributions, given ``observed [R, K]``, under which ``condition [R, K]`` has mean 0.

    By empirical likelihood (Owen 1988) they are observed / (1 + t * condition), with the t for which the mean is 0.
    Every row of ``condition`` needs a value below 0 and one above.
    """
    low, high = -1 / condition.max(axis=1, keepdims=True), -1 / condition.min(axis=1, keepdims=True)
    for _ in range(BISECTIONS):  # the mean falls as t grows
        middle = (low + high) / 2
        above = (observed * condition / (1 + middle * condition)).sum(axis=1, keepdims=True) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(observed / (1 + (low + high) / 2 * condition))
