"""The Elo that a run is expected to reach."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.forecast import forecast_elo
from training.evaluation.rating_curve import RatedCheckpoint


def rated(minutes: float, elo: float, half: float = 20.0) -> RatedCheckpoint:
    return RatedCheckpoint(step=int(10 * minutes), elo=elo, low=elo - half, high=elo + half, games=100, minutes=minutes)


def test_a_line_over_the_logarithm_of_time_goes_on() -> None:
    points = [rated(2.0**k, 100.0 * k) for k in range(6)]
    forecast = forecast_elo(points, 64.0)
    assert forecast is not None
    assert forecast.minutes == 64
    assert forecast.elo == pytest.approx(600)
    assert forecast.low < 600 < forecast.high
    further = forecast_elo(points, 1024.0)
    assert further is not None
    assert further.high - further.low > forecast.high - forecast.low  # the further away, the less is known


def test_the_steep_beginning_does_not_count() -> None:
    begin = [rated(0.1 * k, -1000.0 + 500 * k) for k in range(1, 4)]
    late = [rated(2.0**k, 800.0) for k in range(2, 7)]
    forecast = forecast_elo([*begin, *late], 128.0)
    assert forecast is not None
    assert forecast.elo == pytest.approx(800)


@pytest.mark.parametrize(
    ("points", "minutes"),
    [
        ([], 10.0),
        ([rated(1, 0), rated(2, 100)], 10.0),  # two points always lie on a line
        ([rated(1, 0), rated(2, 100), rated(4, 150)], 3.0),  # a time that is over
        ([rated(0, 0), rated(0, 100), rated(0, 150)], 10.0),  # ratings of a run that did not store its minutes
        ([rated(1, 0), rated(1, 100), rated(1, 150), rated(2, 200)], 4.0),  # checkpoints of only two times
    ],
)
def test_too_little_is_known(points: list[RatedCheckpoint], minutes: float) -> None:
    assert forecast_elo(points, minutes) is None


def test_95_percent_of_the_intervals_hold_the_true_rating() -> None:
    rng, held = np.random.default_rng(0), 0
    times = [5.0, 10.0, 15.0, 20.0, 25.0]
    for _ in range(1000):
        slope, start = rng.uniform(20, 200), rng.uniform(-300, 300)
        points = [rated(t, start + slope * np.log2(t) + rng.normal(0, 20 / 1.96)) for t in times]
        forecast = forecast_elo(points, 50.0)
        assert forecast is not None
        held += forecast.low <= start + slope * np.log2(50.0) <= forecast.high
    assert 940 <= held <= 990
