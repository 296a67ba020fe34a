"""Do the intervals hold the truth, and does the sequential test keep its promises? Simulated matches and tournaments.

    python -m benchmarks.intervals matches --out benchmarks/results/intervals_matches.json

Games are drawn from a model in which the truth is known: strengths, an advantage of the first player, draws, and
openings that favour one seat or the other, which the two games of a pair share.
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
"""Simulations a row, of which there are many."""

FIRST = 50 / UNIT
"""What the first move is worth in these games."""


def game_chances(d: float, nu: float) -> np.ndarray:
    """Chances of loss, draw and win at a log odds ``d`` of win to loss (Davidson 1970)."""
    shares = np.array([math.exp(-d / 2), nu, math.exp(d / 2)])
    return shares / shares.sum()


def pair_chances(elo: float, nu: float, bias: float) -> np.ndarray:
    """Chances [5] of the points of a pair, when openings favour the first seat by ``bias`` * normal draws."""
    points, weights = np.polynomial.hermite_e.hermegauss(31)
    out = np.zeros(5)
    for opening, weight in zip(FIRST + bias * points, weights / weights.sum(), strict=True):
        out += weight * np.convolve(game_chances(elo / UNIT + opening, nu), game_chances(elo / UNIT - opening, nu))
    return out


def coverage(chances: np.ndarray, num_pairs: int, matches: int, random: np.random.Generator) -> float:
    """The share of simulated matches whose 95 % interval of Elo holds the true difference."""
    truth = elo_from_score(float(chances @ PAIR_SCORES))
    assert truth is not None
    counts, times = np.unique(random.multinomial(num_pairs, chances, size=matches), axis=0, return_counts=True)
    held = 0
    for pairs, repeats in zip(counts.tolist(), times.tolist(), strict=True):
        found = estimate_elo(pairs)
        inside = (found.low is None or found.low <= truth) and (found.high is None or truth <= found.high)
        held += repeats * inside
    return held / matches


def matches(count: int, random: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for num_pairs in (50, 100, 200):
        for elo in (0, 50, 100, 200, 300):
            for nu, bias in ((0.0, 0.0), (0.0, 2.0), (1.0, 0.0), (1.0, 2.0)):
                chances = pair_chances(elo, nu, bias)
                share = coverage(chances, num_pairs, count, random)
                rows.append({"games": 2 * num_pairs, "elo": elo, "nu": nu, "opening_bias": bias, "coverage": share})
    return rows


def run_tests(test: Sprt, chances: np.ndarray, count: int, random: np.random.Generator) -> dict[str, float]:
    """Simulated matches with ``test`` after every pair: shares of verdicts and the mean number of games."""
    counts, verdicts, lengths = np.zeros((count, 5)), np.zeros(count), np.zeros(count)
    draws, look = np.zeros((count, 64), np.int64), 0
    for step in range(20_000):
        going = np.flatnonzero(verdicts == 0)
        if not len(going):
            break
        if step % 64 == 0:
            draws = random.choice(5, p=chances / chances.sum(), size=(count, 64))
        counts[going, draws[going, step % 64]] += 1
        lengths[going] += 2
        if step < look:
            continue
        look = step + 1 + step // 40  # later on a pair changes little: look less often
        llrs = test.llrs(counts[going])
        verdicts[going] = np.where(llrs >= test.upper, 1, np.where(llrs <= test.lower, -1, 0))
    return {"H1": float((verdicts > 0).mean()), "H0": float((verdicts < 0).mean()), "games": float(lengths.mean())}


def tests(count: int, random: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for model in ("logistic", "normalized"):
        for elo0, elo1 in ((0, 30), (-25, 25), (0, 100)):
            test = Sprt(elo0=elo0, elo1=elo1, model=model)
            for nu, bias in ((0.0, 0.0), (1.0, 1.0)):
                shape = pair_chances(0, nu, bias)[None]
                for truth in (elo0, elo1):
                    if model == "logistic":
                        condition = np.broadcast_to(PAIR_SCORES - expected_score(truth), shape.shape)
                        chances = tilt_distribution(shape, condition)[0]
                    else:
                        chances = test._fit_normalized(np.maximum(shape, 1e-12), truth)[0]
                    found = run_tests(test, chances, count, random)
                    wrong = found["H1"] if truth == elo0 else found["H0"]
                    asked = {"model": model, "elo0": elo0, "elo1": elo1, "alpha": 0.05, "beta": 0.05}
                    rows.append(asked | {"nu": nu, "opening_bias": bias, "truth": truth, "wrong": wrong} | found)
    return rows


def tournaments(count: int, random: np.random.Generator) -> list[dict[str, Any]]:
    """Ratings of 5 players, everybody 20 games against everybody in each seat; and with one of them as an anchor."""
    truth = np.array([220.0, 90.0, 0.0, -60.0, -250.0])
    rows = []
    for nu in (0.0, 0.7):
        for anchored in (False, True):
            held = np.zeros(5)
            differences = 0
            for _ in range(count):
                tallies = []
                for i in range(5):
                    for j in range(5):
                        if i != j:
                            chances = game_chances((truth[i] - truth[j]) / UNIT + FIRST, nu)
                            loss, draw, win = (int(n) for n in random.multinomial(20, chances))
                            tallies.append(SeatingResult(i, j, win, draw, loss, distinct=20))
                found = fit_ratings(5, tallies, anchors={2: 0.0} if anchored else None)
                for i in range(5):
                    low, high = found.interval(i)
                    held[i] += low <= truth[i] <= high
                difference, error = found.difference(0, 4)
                differences += abs(difference - (truth[0] - truth[4])) <= 1.959964 * error
            shares = (held / count).tolist()
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
