"""The sequential test against closed forms, and its error rates against simulated matches."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from selfplay.matches.elo import NORMALIZED, PAIR_SCORES, expected_score
from selfplay.matches.sprt import MAX_NORMALIZED, Sprt, tilt_distribution


def test_two_outcomes_have_a_closed_form() -> None:
    """With pairs of 0 and 2 points only, the likelihood of a score s is s^wins (1 - s)^losses."""
    test = Sprt(elo0=-20, elo1=40)
    low, high = expected_score(-20), expected_score(40)
    exact = 70 * math.log(high / low) + 50 * math.log((1 - high) / (1 - low))
    assert test.llr([50, 0, 0, 0, 70]) == pytest.approx(exact, abs=2e-3)  # what was never seen counts a little


def test_the_tilted_distribution_meets_its_condition() -> None:
    observed = np.array([[0.1, 0.2, 0.4, 0.2, 0.1], [0.02, 0.03, 0.1, 0.15, 0.7]])
    found = tilt_distribution(observed, np.broadcast_to(PAIR_SCORES - 0.6, observed.shape))
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert (found * PAIR_SCORES).sum(axis=1) == pytest.approx([0.6, 0.6])
    nothing = tilt_distribution(observed[:1], PAIR_SCORES[None] - 0.5)  # met already
    assert nothing == pytest.approx(observed[:1])


def test_the_tilted_distribution_is_the_likeliest() -> None:
    """No other distribution of the same mean is likelier: moves along the constraint lower the likelihood."""
    observed = np.array([[0.1, 0.25, 0.3, 0.2, 0.15]])
    best = tilt_distribution(observed, PAIR_SCORES[None] - 0.55)[0]
    top = (observed[0] * np.log(best)).sum()
    for step in np.random.default_rng(0).normal(size=(200, 5)):
        step -= step.mean()
        centred = PAIR_SCORES - PAIR_SCORES.mean()
        step -= centred * (step @ centred) / (centred @ centred)
        other = best + 0.01 * step / abs(step).max()
        assert (other * PAIR_SCORES).sum() == pytest.approx(0.55)
        assert (observed[0] * np.log(other)).sum() < top


def test_normalized_differences_are_what_they_say() -> None:
    observed = np.array([[0.1, 0.25, 0.3, 0.2, 0.15]])
    for elo in (-30.0, 0.0, 25.0):
        likely = Sprt(elo0=0, elo1=1, model="normalized")._fit_normalized(observed, elo)[0]
        mean = likely @ PAIR_SCORES
        deviation = math.sqrt(likely @ (PAIR_SCORES - mean) ** 2)
        assert likely.sum() == pytest.approx(1)
        assert NORMALIZED / math.sqrt(2) * (mean - 0.5) / deviation == pytest.approx(elo, abs=1e-4)


def test_both_hypotheses_are_alike() -> None:
    for model in ("logistic", "normalized"):
        test = Sprt(elo0=-30, elo1=30, model=model)  # type: ignore[arg-type]
        assert test.llr([3, 9, 20, 14, 8]) == pytest.approx(-test.llr([8, 14, 20, 9, 3]))
        assert test.llr([5, 9, 20, 9, 5]) == pytest.approx(0, abs=1e-9)


def test_bounds_are_walds() -> None:
    test = Sprt(elo0=0, elo1=10, alpha=0.05, beta=0.1)
    assert (test.lower, test.upper) == pytest.approx((math.log(0.1 / 0.95), math.log(0.9 / 0.05)))
    assert [test.verdict(llr) for llr in (-2.3, 0.0, 2.9)] == ["H0", None, "H1"]
    assert test.llr([0] * 5) == 0


def test_a_bound_that_is_just_reached_decides() -> None:
    test = Sprt(elo0=0, elo1=10)
    assert (test.alpha, test.beta, test.model) == (0.05, 0.05, "logistic")
    assert test.verdict(test.lower) == "H0"
    assert test.verdict(test.upper) == "H1"
    assert test.verdict(math.nextafter(test.lower, 0)) is None
    assert test.verdict(math.nextafter(test.upper, 0)) is None


def likeliest(pairs: np.ndarray, condition: Callable[[np.ndarray], float]) -> float:
    """The largest log-likelihood of a distribution for which the condition holds, by a general optimizer."""
    optimize = pytest.importorskip("scipy.optimize")
    shares = pairs / pairs.sum()
    found = optimize.minimize(
        lambda p: -(pairs * np.log(p)).sum() / pairs.sum(),
        shares,
        method="SLSQP",
        bounds=[(1e-9, 1)] * 5,
        constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": condition}],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.success
    return -float(found.fun) * float(pairs.sum())


@pytest.mark.parametrize("pairs", [[3, 9, 20, 14, 8], [10, 40, 100, 70, 30], [1, 1, 1, 1, 1]])
@pytest.mark.parametrize(("elo0", "elo1"), [(0.0, 20.0), (-40.0, 15.0)])
def test_the_ratio_is_that_of_the_two_largest_likelihoods(pairs: list[int], elo0: float, elo1: float) -> None:
    counts = np.array(pairs, float)

    def excess(p: np.ndarray, elo: float) -> float:
        return float(p @ PAIR_SCORES) - 1 / (1 + 10 ** (-elo / 400))

    def normalized_excess(p: np.ndarray, elo: float) -> float:
        mean = p @ PAIR_SCORES
        deviation = math.sqrt(2 * (p @ (PAIR_SCORES - mean) ** 2))  # of one game: a pair is the mean of two
        return float((mean - 0.5) / deviation - elo / NORMALIZED)

    for model, condition in (("logistic", excess), ("normalized", normalized_excess)):
        low, high = (likeliest(counts, lambda p, e=elo, c=condition: c(p, e)) for elo in (elo0, elo1))  # type: ignore[misc]
        assert Sprt(elo0=elo0, elo1=elo1, model=model).llr(pairs) == pytest.approx(high - low, abs=2e-4)  # type: ignore[arg-type]


def test_a_score_that_did_not_occur_counts_as_a_thousandth_of_a_pair() -> None:
    for model in ("logistic", "normalized"):
        test = Sprt(elo0=0, elo1=50, model=model)  # type: ignore[arg-type]
        assert test.llr([0, 2, 3, 0, 1]) == test.llrs(np.array([[0.001, 2, 3, 0.001, 1]]))[0]
        rows = np.array([[0, 2, 3, 0, 1], [9, 1, 1, 1, 0], [1, 2, 3, 4, 5]], float)
        assert test.llrs(rows) == pytest.approx([test.llr(row) for row in rows.astype(int).tolist()], abs=1e-6)


def test_a_row_that_converges_at_once_stops_no_other() -> None:
    """Under H0 of equal strength even counts are the likeliest distribution already; the other row is far from it."""
    rows = np.array([[2, 5, 9, 5, 2], [1, 2, 10, 30, 20]], float)
    test = Sprt(elo0=0, elo1=60, model="normalized")
    for elo in (0.0, 60.0):
        both = test._fit_normalized(rows / rows.sum(axis=1, keepdims=True), elo)
        for row, found in zip(rows, both, strict=True):
            assert found == pytest.approx(test._fit_normalized(row[None] / row.sum(), elo)[0], abs=1e-9)
            mean = found @ PAIR_SCORES
            deviation = math.sqrt(found @ (PAIR_SCORES - mean) ** 2)
            assert NORMALIZED / math.sqrt(2) * (mean - 0.5) / deviation == pytest.approx(elo, abs=1e-4)


@pytest.mark.parametrize("elo", [-150.0, -40.0, 80.0])
def test_a_score_that_hardly_occurs_does_not_end_the_fit(elo: float) -> None:
    """Its share changes by less than 1e-9 from one iteration to the next, while the other shares are still moving."""
    observed = np.array([[1e-10, 0.2, 0.5, 0.3, 1e-10]])
    likely = Sprt(elo0=0, elo1=60, model="normalized")._fit_normalized(observed, elo)[0]
    mean = likely @ PAIR_SCORES
    deviation = math.sqrt(likely @ (PAIR_SCORES - mean) ** 2)
    assert NORMALIZED / math.sqrt(2) * (mean - 0.5) / deviation == pytest.approx(elo, abs=1e-4)


def test_the_state_for_json() -> None:
    test = Sprt(elo0=-5, elo1=15, alpha=0.04, beta=0.1, model="normalized")
    assert test.as_json(9.0) == {
        "model": "normalized",
        "elo0": -5,
        "elo1": 15,
        "alpha": 0.04,
        "beta": 0.1,
        "llr": 9.0,
        "lower": test.lower,
        "upper": test.upper,
        "verdict": "H1",
    }


def test_repeated_pairs_are_no_evidence() -> None:
    test = Sprt(elo0=0, elo1=50)
    assert test.llr([20, 0, 0, 0, 60], independent=4) == pytest.approx(test.llr([20, 0, 0, 0, 60]) / 20)


@pytest.mark.parametrize(
    "bad",
    [
        {"elo0": 10},
        {"elo0": 11},
        {"alpha": 0},
        {"alpha": 0.5},
        {"alpha": -0.1},
        {"beta": 0},
        {"beta": 0.5},
        {"beta": 0.6},
        {"elo1": math.nan},
        {"elo1": math.inf},
        {"elo0": -math.inf},
        {"model": "other"},
    ],
)
def test_what_makes_no_test_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sprt"):
        Sprt(**({"elo0": 0, "elo1": 10} | bad))  # type: ignore[arg-type]


def test_error_rates_of_almost_a_half_make_a_test() -> None:
    """Such a test ends early, because its bounds are close to 0."""
    test = Sprt(elo0=0, elo1=10, alpha=0.49, beta=0.49)
    assert (test.lower, test.upper) == pytest.approx((-0.04, 0.04), abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["logistic", "normalized"])
def test_error_rates_are_those_asked_for(model: str) -> None:
    """1,000 simulated matches at each hypothesis: wrong verdicts stay near 5 %."""
    test = Sprt(elo0=0, elo1=40, model=model)  # type: ignore[arg-type]
    random = np.random.default_rng(3)
    shape = np.array([[0.08, 0.2, 0.44, 0.2, 0.08]])
    for truth, wrong in ((0, 1), (40, -1)):
        condition = np.broadcast_to(PAIR_SCORES - expected_score(truth), shape.shape)
        chances = (tilt_distribution(shape, condition) if model == "logistic" else test._fit_normalized(shape, truth))[
            0
        ]
        chances = chances / chances.sum()
        counts = np.zeros((1000, 5))
        verdicts = np.zeros(1000)
        for _ in range(400):
            going = np.flatnonzero(verdicts == 0)
            if not len(going):
                break
            counts[going] += random.multinomial(4, chances, size=len(going))  # looked at after every four pairs
            llrs = test.llrs(counts[going])
            verdicts[going] = np.where(llrs >= test.upper, 1, np.where(llrs <= test.lower, -1, 0))
        assert (verdicts != 0).all()
        assert 0.01 < (verdicts == wrong).mean() < 0.065


def test_the_largest_normalized_difference_converges() -> None:
    test = Sprt(elo0=-MAX_NORMALIZED, elo1=MAX_NORMALIZED, model="normalized")
    for pairs in ([2, 5, 9, 5, 2], [1, 1, 1, 2, 95], [0, 0, 0, 0, 1]):
        assert np.isfinite(test.llr(pairs))
    for elo0, elo1 in ((0, MAX_NORMALIZED + 1), (-MAX_NORMALIZED - 1, 0)):
        with pytest.raises(ValueError, match="difference of 201; normalized ones are at most 200"):
            Sprt(elo0=elo0, elo1=elo1, model="normalized")
        assert Sprt(elo0=elo0, elo1=elo1).model == "logistic"  # there the fit takes any difference
