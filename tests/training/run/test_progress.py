"""Rates: smooth where games come in bursts, and nothing counted of the time between ``update`` and ``skip_to``."""

from __future__ import annotations

import pytest

from training.run import progress
from training.run.progress import Rates


class Clock:
    """``time.monotonic`` that moves when it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_a_steady_count_has_its_rate_from_the_first_look_on(clock: Clock) -> None:
    rates = Rates()
    for second in range(2, 60, 2):
        clock.now += 2
        assert rates.update({"games": 5.0 * second})["games"] == pytest.approx(5.0)


def test_bursts_are_spread_over_half_a_minute(clock: Clock) -> None:
    rates, games, seen = Rates(), 0.0, []
    for second in range(2, 400, 2):
        clock.now += 2
        games += 200.0 if second % 20 == 0 else 0.0  # 10 a second in the mean
        seen.append(rates.update({"games": games})["games"])
    assert all(5 < rate < 16 for rate in seen[100:])


def test_what_was_long_ago_no_longer_counts(clock: Clock) -> None:
    rates = Rates()
    clock.now += 10
    rates.update({"games": 1000.0})
    clock.now += 300
    assert rates.update({"games": 1000.0})["games"] < 0.1


def test_the_time_before_a_mark_is_left_out(clock: Clock) -> None:
    rates = Rates()
    clock.now += 10
    rates.update({"games": 100.0})
    clock.now += 50  # something else had the time, and games came meanwhile
    rates.skip_to({"games": 900.0})
    clock.now += 10
    assert rates.update({"games": 1000.0})["games"] == pytest.approx(10.0)
