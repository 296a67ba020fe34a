"""Ratings against closed forms, against choix, and their intervals against simulated tournaments."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from selfplay.matches.bradley_terry import UNIT, Ratings, SeatingResult, fit_ratings


def seating_results(counts: dict[tuple[int, int], tuple[int, int, int]]) -> list[SeatingResult]:
    return [SeatingResult(i, j, *wdl, distinct=sum(wdl)) for (i, j), wdl in counts.items()]


def test_two_players_have_a_closed_form() -> None:
    """Without draws and seats, and hardly a prior: the log of wins over losses; its variance is 1/wins + 1/losses."""
    found = fit_ratings(2, seating_results({(0, 1): (30, 0, 10)}), advantage=False, prior_elo=1e7)
    difference, error = found.difference(0, 1)
    assert difference == pytest.approx(400 * math.log10(3), rel=1e-4)
    assert error == pytest.approx(UNIT * math.sqrt(1 / 30 + 1 / 10), rel=1e-4)
    assert found.elo.sum() == pytest.approx(0, abs=1e-6)
    assert found.nu == 0


def test_draws_and_seats_have_a_closed_form() -> None:
    """Two players, a game of each seat: Davidson's parameters reproduce six frequencies that fit the model exactly."""
    d, f, nu = 0.7, 0.3, 0.8
    counts = {}
    for seat, delta in (((0, 1), d + f), ((1, 0), -d + f)):
        shares = np.array([math.exp(delta / 2), nu, math.exp(-delta / 2)])
        counts[seat] = (shares / shares.sum() * 1e6).round().astype(int)
    found = fit_ratings(
        2, seating_results({seat: (int(w), int(x), int(y)) for seat, (w, x, y) in counts.items()}), prior_elo=1e7
    )
    assert found.difference(0, 1)[0] / UNIT == pytest.approx(d, abs=1e-3)
    assert found.advantage / UNIT == pytest.approx(f, abs=1e-3)
    assert found.nu == pytest.approx(nu, abs=1e-3)


def test_draws_without_an_advantage_have_a_closed_form() -> None:
    """Only the ratings and nu are fitted: wins over losses, and draws over the geometric mean of both."""
    counts = {(0, 1): (3000, 2000, 1000), (1, 0): (1000, 2000, 3000)}
    found = fit_ratings(2, seating_results(counts), advantage=False, prior_elo=1e7)
    assert found.difference(0, 1)[0] / UNIT == pytest.approx(math.log(3), abs=1e-4)
    assert found.nu == pytest.approx(2 / math.sqrt(3), abs=1e-4)
    assert found.advantage == found.advantage_error == 0


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equal_to_choix_without_draws(seed: int) -> None:
    choix = pytest.importorskip("choix")
    random = np.random.default_rng(seed)
    truth = random.normal(size=7)
    pairs = [(i, j) for i, j in permutations(range(7), 2) if random.random() < 0.6]
    counts, data = {}, []
    for i, j in pairs:
        wins = int(random.binomial(15, 1 / (1 + math.exp(truth[j] - truth[i]))))
        counts[i, j] = (wins, 0, 15 - wins)
        data += [(i, j)] * wins + [(j, i)] * (15 - wins)
    for alpha in (1e-6, 0.05):  # choix penalises alpha * |x|^2: a prior of variance 1 / (2 alpha)
        theirs = choix.opt_pairwise(7, data, alpha=alpha, tol=1e-12)
        ours = fit_ratings(7, seating_results(counts), advantage=False, prior_elo=UNIT / math.sqrt(2 * alpha))
        assert ours.elo / UNIT == pytest.approx(theirs - theirs.mean(), abs=1e-5)


def test_the_covariance_is_that_of_the_likelihood() -> None:
    """Numerical second differences of the log posterior, at its maximum."""
    counts = {(0, 1): (8, 3, 4), (1, 2): (6, 5, 5), (2, 0): (4, 2, 9), (1, 0): (7, 1, 6)}
    found = fit_ratings(3, seating_results(counts), anchors={0: 100.0}, prior_elo=500)

    def posterior(x: np.ndarray) -> float:
        r, f, delta = np.array([100 / UNIT, x[0], x[1]]), x[2], x[3]
        value = -((r[1:] - 100 / UNIT) ** 2).sum() * (UNIT / 500) ** 2 / 2 - (f * UNIT / 400) ** 2 / 2
        value -= (delta / 3) ** 2 / 2
        for (i, j), wdl in counts.items():
            d = r[i] - r[j] + f
            logits = np.array([d / 2, delta, -d / 2])
            value += np.dot(wdl, logits - np.log(np.exp(logits).sum()))
        return float(value)

    best = np.array([found.elo[1] / UNIT, found.elo[2] / UNIT, found.advantage / UNIT, math.log(found.nu)])
    step, eye = 1e-4, np.eye(4)
    slope = [(posterior(best + step * e) - posterior(best - step * e)) / (2 * step) for e in eye]
    assert slope == pytest.approx([0] * 4, abs=1e-6)
    hessian = np.array(
        [
            [
                (posterior(best + step * (a + b)) - posterior(best + step * (a - b)))
                - (posterior(best - step * (a - b)) - posterior(best - step * (a + b)))
                for a in eye
            ]
            for b in eye
        ]
    ) / (4 * step**2)
    covariance = np.linalg.inv(-hessian)
    assert found.covariance[1:, 1:] == pytest.approx(UNIT**2 * covariance[:2, :2], rel=1e-3)
    assert found.advantage_error == pytest.approx(UNIT * math.sqrt(covariance[2, 2]), rel=1e-3)
    assert found.elo[0] == 100
    assert found.errors[0] == 0


def test_an_anchor_only_shifts() -> None:
    counts = seating_results({(0, 1): (30, 20, 10), (1, 2): (25, 9, 15), (2, 0): (10, 9, 30)})
    free, bound = fit_ratings(3, counts, prior_elo=1e6), fit_ratings(3, counts, anchors={2: -50.0}, prior_elo=1e6)
    assert bound.elo[2] == -50
    assert bound.elo - bound.elo[0] == pytest.approx(free.elo - free.elo[0], abs=1e-2)
    assert bound.difference(0, 1)[1] == pytest.approx(free.difference(0, 1)[1], rel=1e-3)
    assert free.elo.sum() == pytest.approx(0, abs=1e-9)


def test_nothing_but_wins_stays_finite() -> None:
    found = fit_ratings(3, seating_results({(0, 1): (500, 0, 0), (1, 2): (500, 0, 0)}))
    assert np.isfinite(found.elo).all()
    assert found.elo[0] - found.elo[1] > 600
    assert found.errors[0] > 100
    assert found.superiority(0, 2) > 0.99
    alone = fit_ratings(2, [])
    assert alone.elo == pytest.approx([0, 0])
    assert fit_ratings(1, [], anchors={0: 7.0}).elo == pytest.approx([7])


@pytest.mark.parametrize("anchor", [3000.0, 6000.0])
def test_a_fit_converges_from_far_away(anchor: float) -> None:
    """It starts at the anchors' mean, far below the anchor that the player equals, where Newton's step is far too long.

    At the maximum the likelihood's slope is the prior's.
    """
    counts = seating_results({(2, 0): (10, 0, 10)})
    found = fit_ratings(3, counts, anchors={0: anchor, 1: -anchor}, advantage=False)
    x = found.elo[2] / UNIT
    expected_wins = 20 / (1 + math.exp((anchor - found.elo[2]) / UNIT))
    assert 10 - expected_wins == pytest.approx(x * (UNIT / 1000) ** 2, rel=1e-4)
    assert anchor - 250 < found.elo[2] < anchor


def test_repeated_games_are_no_more_data() -> None:
    few = fit_ratings(2, [SeatingResult(0, 1, 3, 1, 2, distinct=6)])
    many = fit_ratings(2, [SeatingResult(0, 1, 300, 100, 200, distinct=6)])
    assert many.elo == pytest.approx(few.elo)
    assert many.errors == pytest.approx(few.errors)


def test_a_game_tells_most_where_it_is_open_and_little_is_known() -> None:
    counts = seating_results({(0, 1): (50, 0, 50), (0, 2): (99, 0, 1), (0, 3): (3, 0, 3)})
    found = fit_ratings(4, counts)
    assert found.information_gain(0, 3) > found.information_gain(0, 1)  # as even, and less known
    assert found.information_gain(0, 3) > found.information_gain(0, 2)
    assert found.information_gain(0, 1) == pytest.approx(found.information_gain(1, 0))


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 2), (2, 0)])
def test_information_of_a_game_is_the_mean_over_the_distribution_of_the_difference(i: int, j: int) -> None:
    """log(1 + information * variance), where a game's information is the variance of its result, wins less losses, / 2.

    The mean over the difference is a sum over 4,001 points here, and over both seats.
    """
    found = fit_ratings(3, seating_results({(0, 1): (8, 3, 4), (1, 2): (9, 2, 0), (2, 0): (1, 2, 3)}))
    difference, error = found.difference(i, j)
    z = np.linspace(-8, 8, 4001)
    density = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    information = 0.0
    for advantage in (found.advantage, -found.advantage):
        d = (difference + error * z + advantage) / UNIT
        shares = np.stack([np.exp(d / 2), np.full_like(d, found.nu), np.exp(-d / 2)])
        win, _, loss = shares / shares.sum(axis=0)
        information += float((density * ((win + loss) / 4 - ((win - loss) / 2) ** 2)).sum()) / 2
    assert found.information_gain(i, j) == pytest.approx(math.log1p(information * (error / UNIT) ** 2), rel=1e-3)


def test_one_more_game_shrinks_the_volume_of_error_by_the_information_of_it() -> None:
    """With many games the errors are small, and the log of the covariance's determinant falls by the information."""
    wins, draws, losses = 4000, 2000, 3000
    found = fit_ratings(2, seating_results({(0, 1): (wins, draws, losses), (1, 0): (wins, draws, losses)}))
    more = seating_results({(0, 1): (wins + 40, draws + 20, losses + 30), (1, 0): (wins + 40, draws + 20, losses + 30)})
    shrunk = math.log(found.difference(0, 1)[1] ** 2 / fit_ratings(2, more).difference(0, 1)[1] ** 2)
    assert found.information_gain(0, 1) == pytest.approx(shrunk / 180, rel=0.02)  # 180 games more


def simulated(random: np.random.Generator, truth: np.ndarray, f: float, nu: float, games: int) -> Ratings:
    counts = {}
    for i, j in permutations(range(len(truth)), 2):
        d = truth[i] - truth[j] + f
        shares = np.array([math.exp(d / 2), nu, math.exp(-d / 2)])
        wins, draws, losses = random.multinomial(games, shares / shares.sum())
        counts[i, j] = (int(wins), int(draws), int(losses))
    return fit_ratings(len(truth), seating_results(counts))


def test_intervals_hold_the_truth() -> None:
    """Of 1,500 intervals from simulated tournaments 95 % should hold the true rating."""
    random, held = np.random.default_rng(5), 0
    truth = np.array([0.8, 0.2, -0.1, -0.9])
    for _ in range(375):
        found = simulated(random, truth, f=0.3, nu=0.7, games=20)
        for i, elo in enumerate(UNIT * truth):
            low, high = found.interval(i)
            held += low <= elo <= high
    assert 0.935 < held / 1500 < 0.97
