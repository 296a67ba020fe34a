"""What a run would gain by going on: its Elo, extrapolated from the ratings of its checkpoints.

Ratings rise fast at first and then ever more slowly. Over the logarithm of the minutes a few neighbouring ratings lie
nearly on a straight line, and that line is extrapolated. A run that levels off stays below it. Knows ratings and
minutes. Does not know how they were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from training.evaluation.rating_curve import RatedCheckpoint

NEWEST = 5
"""The line goes through so many of the newest ratings: older ones belong to the steep beginning of the curve."""

LEAST = 3
"""With fewer ratings the spread around the line is unknown."""

Z95 = 1.96


class Forecast(NamedTuple):
    """The Elo that is expected after ``minutes`` of training, and its 95 % interval."""

    minutes: float
    elo: float
    low: float
    high: float


def forecast_elo(points: Sequence[RatedCheckpoint], minutes: float) -> Forecast | None:
    """The forecast for ``minutes``; None with fewer than three ratings at different times, or for a time before them.

    Weighted least squares, each rating with the variance of its interval. If the ratings lie further from the line than
    these variances explain, the interval is widened by the same factor (Birge 1932).
    """
    at = {point.minutes: point for point in points if point.minutes > 0}
    newest = [at[time] for time in sorted(at)][-NEWEST:]
    if len(newest) < LEAST or minutes < newest[-1].minutes:
        return None
    x = np.log2([point.minutes for point in newest])
    y = np.array([point.elo for point in newest])
    spread = np.array([max(point.high - point.low, 1.0) for point in newest]) / (2 * Z95)
    line = np.stack([np.ones_like(x), x], axis=1) / spread[:, None]
    covariance = np.linalg.inv(line.T @ line)
    coefficients = covariance @ line.T @ (y / spread)
    residuals = y / spread - line @ coefficients
    covariance *= max(1.0, float(residuals @ residuals) / (len(x) - 2))
    here = np.array([1.0, np.log2(minutes)])
    elo, half = float(here @ coefficients), Z95 * float(np.sqrt(here @ covariance @ here))
    return Forecast(minutes, elo, elo - half, elo + half)
