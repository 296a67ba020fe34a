"""Elo arithmetic against closed forms, and its interval against simulated matches."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from selfplay.matches.elo import CONFIDENCE_Z, NORMALIZED, elo_from_score, estimate_elo, expected_score, student_t


def test_known_differences() -> None:
    assert elo_from_score(0.5) == 0
    assert elo_from_score(10 / 11) == pytest.approx(400)
    assert elo_from_score(0.75) == pytest.approx(400 * math.log10(3))
    assert elo_from_score(0.25) == pytest.approx(-400 * math.log10(3))
    assert elo_from_score(0.0) is None
    assert elo_from_score(1.0) is None


@pytest.mark.parametrize("difference", [-700.0, -35.0, 0.0, 12.5, 400.0])
def test_the_two_directions_agree(difference: float) -> None:
    assert elo_from_score(expected_score(difference)) == pytest.approx(difference)


def test_score_counts_pairs() -> None:
    found = estimate_elo([1, 2, 3, 4, 5])
    assert found.score == pytest.approx((0 * 1 + 0.25 * 2 + 0.5 * 3 + 0.75 * 4 + 1 * 5) / 15)
    assert found.elo == elo_from_score(found.score)
    assert found.low is not None
    assert found.high is not None
    assert found.elo is not None
    assert found.low < found.elo < found.high


def test_many_pairs_give_the_plain_normal_interval() -> None:
    """With many pairs the two pseudo pairs vanish: mean +- 1.96 standard errors of the pair scores."""
    pairs = [4_000, 6_000, 30_000, 12_000, 8_000]
    scores = np.repeat([0, 0.25, 0.5, 0.75, 1], pairs)
    error = scores.std() / math.sqrt(len(scores))
    found = estimate_elo(pairs)
    assert found.low == pytest.approx(elo_from_score(scores.mean() - 1.959964 * error), abs=0.02)
    assert found.high == pytest.approx(elo_from_score(scores.mean() + 1.959964 * error), abs=0.02)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 6, 9, 20, 75, 1000])
def test_student_t_is_that_of_scipy(freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-12) == CONFIDENCE_Z
    assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=0.003)


@pytest.mark.parametrize(
    ("pairs", "independent"), [([1, 2, 3, 4, 5], 15), ([7, 0, 3, 1, 2], 5), ([0, 0, 1, 0, 1], 2), ([0, 0, 2, 0, 0], 1)]
)
def test_the_estimate_is_its_formula(pairs: list[int], independent: int) -> None:
    """The distinct pairs and half a lost and half a won one: Student's interval, its width and the superiority."""
    scores = np.array([0, 0.25, 0.5, 0.75, 1])
    weights = np.array(pairs) / sum(pairs) * independent + [0.5, 0, 0, 0, 0.5]
    size = independent + 1
    centre = weights @ scores / size
    deviation = math.sqrt(weights @ (scores - centre) ** 2 / size)
    t = student_t(max(independent - 1, 1))
    found = estimate_elo(pairs, independent)
    low, high = centre - t * deviation / math.sqrt(size), centre + t * deviation / math.sqrt(size)
    assert (found.score_low, found.score_high) == pytest.approx((max(low, 0), min(high, 1)))
    assert found.low == (pytest.approx(elo_from_score(low)) if low > 0 else None)
    assert found.high == (pytest.approx(elo_from_score(high)) if high < 1 else None)
    ratio, unit = (centre - 0.5) / deviation, NORMALIZED / math.sqrt(2)
    width = unit * t * math.sqrt((1 + ratio**2 / 2) / size)
    assert found.normalized == pytest.approx(unit * ratio)
    assert (found.normalized_low, found.normalized_high) == pytest.approx((unit * ratio - width, unit * ratio + width))
    assert found.los == pytest.approx(0.5 + math.erf(ratio * math.sqrt(size) / math.sqrt(2)) / 2)
    assert pytest.approx(800 / math.log(10)) == NORMALIZED


def test_the_two_players_are_alike() -> None:
    one, other = estimate_elo([3, 1, 10, 6, 9]), estimate_elo([9, 6, 10, 1, 3])
    assert one.low is not None
    assert one.elo is not None
    assert other.high == pytest.approx(-one.low)
    assert other.elo == pytest.approx(-one.elo)
    assert other.los == pytest.approx(1 - one.los)


def test_pairing_narrows_the_interval() -> None:
    """Openings that decide the game cancel out in a pair: 100 pairs of 1 point tell more than 50 of 2 and 50 of 0."""
    paired, apart = estimate_elo([0, 0, 100, 0, 0]), estimate_elo([50, 0, 0, 0, 50])
    assert paired.low is not None
    assert apart.low is not None
    assert paired.low > apart.low / 4


@pytest.mark.parametrize(("pairs", "open_side"), [([0, 0, 0, 0, 40], "high"), ([40, 0, 0, 0, 0], "low")])
def test_nothing_but_wins_or_losses_bounds_one_side(pairs: list[int], open_side: str) -> None:
    found = estimate_elo(pairs)
    assert found.elo is None
    assert getattr(found, open_side) is None
    bound = found.low if open_side == "high" else found.high
    assert bound is not None
    assert 300 < abs(bound) < 800
    assert found.los == pytest.approx(1 if open_side == "high" else 0, abs=1e-6)


@pytest.mark.parametrize(
    "pairs", [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 999], [0, 0, 500, 0, 0], [1, 1, 1, 1, 1]]
)
def test_every_number_is_fit_for_json(pairs: list[int]) -> None:
    json.dumps(asdict(estimate_elo(pairs)), allow_nan=False)


def test_all_alike_is_not_certainty() -> None:
    """Twenty pairs of one point each have a plain variance of 0, and yet do not prove equality."""
    found = estimate_elo([0, 0, 20, 0, 0])
    assert found.elo == 0
    assert found.low is not None
    assert found.low < -10
    assert found.los == pytest.approx(0.5)


def test_repeated_pairs_are_no_more_data() -> None:
    few, many = estimate_elo([2, 0, 1, 1, 4]), estimate_elo([200, 0, 100, 100, 400], independent=8)
    assert many == few
    alone = estimate_elo([0, 0, 0, 0, 200], independent=1)
    assert alone.low is None or alone.low < 0
    assert alone.los < 0.95


@pytest.mark.parametrize("pairs", [[0, 0, 0, 0, 0], [1, 2, 3], [1, 0, 0, 0, -1]])
def test_no_pairs_no_estimate(pairs: list[int]) -> None:
    with pytest.raises(ValueError, match="pairs is"):
        estimate_elo(pairs)


@pytest.mark.parametrize(
    ("chances", "num_pairs"),
    [
        ([0.10, 0.15, 0.40, 0.15, 0.20], 20),
        ([0.10, 0.15, 0.40, 0.15, 0.20], 200),
        ([0.02, 0.03, 0.10, 0.15, 0.70], 50),
        ([0.00, 0.01, 0.02, 0.07, 0.90], 100),
        ([0.01, 0.04, 0.90, 0.04, 0.01], 100),
    ],
)
def test_the_interval_holds_the_truth(chances: list[float], num_pairs: int) -> None:
    """Of 1,500 simulated matches, 95 % should have an interval that holds the true difference."""
    truth = elo_from_score(float(np.dot(chances, [0, 0.25, 0.5, 0.75, 1])))
    assert truth is not None
    random = np.random.default_rng(1)
    held = 0
    for counts in random.multinomial(num_pairs, chances, size=1500):
        found = estimate_elo(counts.tolist())
        above = found.low is None or found.low <= truth
        below = found.high is None or truth <= found.high
        held += above and below
    assert 0.93 < held / 1500 <= 0.995
