"""Do 95 % intervals contain the true value in 95 % of cases, and does the sequential test err as rarely as promised?

    python -m benchmarks.intervals matches --out benchmarks/results/intervals_matches.json

Matches and tournaments are simulated. Their games are drawn from a model with known strengths, an advantage of the
first player, draws, and openings that favour one seat; the two games of a pair share an opening.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from benchmarks.machine import report
from selfplay.matches.bradley_terry import UNIT, SeatingResult, fit_ratings
from selfplay.matches.elo import PAIR_SCORES, elo_from_score, estimate_elo, expected_score
from selfplay.matches.sprt import Sprt, tilt_distribution

COUNTS = {"matches": 20_000, "tournaments": 2_000, "tests": 1_000}
"""Simulations for each row of the result."""

ADVANTAGE = 50 / UNIT
"""The first player's advantage in these games: 50 Elo."""


def game_probabilities(d: float, nu: float) -> np.ndarray:
    """The probabilities of loss, draw and win at log odds ``d`` of win to loss (Davidson 1970)."""
    shares = np.array([math.exp(-d / 2), nu, math.exp(d / 2)])
    return shares / shares.sum()


def pair_probabilities(elo: float, nu: float, bias: float) -> np.ndarray:
    """[5] the probabilities of a pair's scores if openings favour the first seat by ``bias`` * normal draws."""
    points, weights = np.polynomial.hermite_e.hermegauss(31)
    out = np.zeros(5)
    for opening, weight in zip(ADVANTAGE + bias * points, weights / weights.sum(), strict=True):
        out += weight * np.convolve(
            game_probabilities(elo / UNIT + opening, nu), game_probabilities(elo / UNIT - opening, nu)
        )
    return out


def coverage(probabilities: np.ndarray, num_pairs: int, matches: int, rng: np.random.Generator) -> float:
    """The share of simulated matches whose 95 % interval of Elo contains the true difference."""
    truth = elo_from_score(float(probabilities @ PAIR_SCORES))
    assert truth is not None
    counts, times = np.unique(rng.multinomial(num_pairs, probabilities, size=matches), axis=0, return_counts=True)
    num_inside = 0
    for pairs, repeats in zip(counts.tolist(), times.tolist(), strict=True):
        found = estimate_elo(pairs)
        inside = (found.low is None or found.low <= truth) and (found.high is None or truth <= found.high)
        num_inside += repeats * inside
    return num_inside / matches


def matches(count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for num_pairs in (50, 100, 200):
        for elo in (0, 50, 100, 200, 300):
            for nu, bias in ((0.0, 0.0), (0.0, 2.0), (1.0, 0.0), (1.0, 2.0)):
                probabilities = pair_probabilities(elo, nu, bias)
                share = coverage(probabilities, num_pairs, count, rng)
                rows.append({"games": 2 * num_pairs, "elo": elo, "nu": nu, "opening_bias": bias, "coverage": share})
    return rows


def run_tests(test: Sprt, probabilities: np.ndarray, count: int, rng: np.random.Generator) -> dict[str, float]:
    """Matches with ``test`` after every pair: the shares of accepted hypotheses and the mean number of games."""
    counts, verdicts, lengths = np.zeros((count, 5)), np.zeros(count), np.zeros(count)
    draws, next_look = np.zeros((count, 64), np.int64), 0
    for step in range(20_000):
        active = np.flatnonzero(verdicts == 0)
        if not len(active):
            break
        if step % 64 == 0:
            draws = rng.choice(5, p=probabilities / probabilities.sum(), size=(count, 64))
        counts[active, draws[active, step % 64]] += 1
        lengths[active] += 2
        if step < next_look:
            continue
        next_look = step + 1 + step // 40  # later a single pair changes little, so the test runs less often
        llrs = test.llrs(counts[active])
        verdicts[active] = np.where(llrs >= test.upper, 1, np.where(llrs <= test.lower, -1, 0))
    return {"H1": float((verdicts > 0).mean()), "H0": float((verdicts < 0).mean()), "games": float(lengths.mean())}


def tests(count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for model in ("logistic", "normalized"):
        for elo0, elo1 in ((0, 30), (-25, 25), (0, 100)):
            test = Sprt(elo0=elo0, elo1=elo1, model=model)
            for nu, bias in ((0.0, 0.0), (1.0, 1.0)):
                shape = pair_probabilities(0, nu, bias)[None]
                for truth in (elo0, elo1):
                    if model == "logistic":
                        condition = np.broadcast_to(PAIR_SCORES - expected_score(truth), shape.shape)
                        probabilities = tilt_distribution(shape, condition)[0]
                    else:
                        probabilities = test._fit_normalized(np.maximum(shape, 1e-12), truth)[0]
                    found = run_tests(test, probabilities, count, rng)
                    wrong = found["H1"] if truth == elo0 else found["H0"]
                    asked = {"model": model, "elo0": elo0, "elo1": elo1, "alpha": 0.05, "beta": 0.05}
                    rows.append(asked | {"nu": nu, "opening_bias": bias, "truth": truth, "wrong": wrong} | found)
    return rows


def tournaments(count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Ratings of 5 players, each pair with 20 games in each seat; without an anchor and with one."""
    truth = np.array([220.0, 90.0, 0.0, -60.0, -250.0])
    rows = []
    for nu in (0.0, 0.7):
        for anchored in (False, True):
            num_inside = np.zeros(5)
            differences = 0
            for _ in range(count):
                results = []
                for i in range(5):
                    for j in range(5):
                        if i != j:
                            probabilities = game_probabilities((truth[i] - truth[j]) / UNIT + ADVANTAGE, nu)
                            loss, draw, win = (int(n) for n in rng.multinomial(20, probabilities))
                            results.append(SeatingResult(i, j, win, draw, loss, distinct=20))
                found = fit_ratings(5, results, anchors={2: 0.0} if anchored else None)
                for i in range(5):
                    low, high = found.interval(i)
                    num_inside[i] += low <= truth[i] <= high
                difference, error = found.difference(0, 4)
                differences += abs(difference - (truth[0] - truth[4])) <= 1.959964 * error
            shares = (num_inside / count).tolist()
            ratings = [share for i, share in enumerate(shares) if not (anchored and i == 2)]
            row = {"nu": nu, "anchored": anchored, "coverage": ratings, "coverage_of_a_difference": differences / count}
            rows.append(row | {"intervals": count * len(ratings)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=COUNTS)
    parser.add_argument("--count", type=int, help=f"simulations a row; otherwise {COUNTS}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line, the table to stderr")
    flags = parser.parse_args()
    count = flags.count or COUNTS[flags.what]
    work = {"matches": matches, "tournaments": tournaments, "tests": tests}[flags.what]
    rows = work(count, np.random.default_rng(flags.seed))
    config = {"what": flags.what, "count": count, "seed": flags.seed}
    report("intervals", config, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()
