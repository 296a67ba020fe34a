"""Ratings from games: a strength for each player, the first player's advantage, and how likely draws are.

Knows counts of wins, draws and losses. Does not know players, games or where they are stored.

The model is Bradley and Terry's (1952) with Davidson's draws (1970) and an advantage of the first player (Davidson and
Beaver 1977). With d = (first rating - second rating + advantage) / UNIT,

    win : draw : loss for the first player  =  exp(d / 2) : nu : exp(-d / 2)

so that a difference of 400 Elo means ten wins for each loss. Ratings are the maximum of the posterior under a wide
normal prior, which keeps them finite for a player that has won all games. The curvature there gives their covariance.
A game that repeats another one move by move is not new data: the two share the weight of one game.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfplay.matches.elo import CONFIDENCE_Z

Floats = NDArray[np.float64]

UNIT = 400 / math.log(10)
"""Elo points in one unit of log odds."""

PRIOR_ELO, PRIOR_ADVANTAGE, PRIOR_DRAWS = 1000.0, 400.0, 3.0
"""Standard deviations of the prior: of a rating, of the first player's advantage, of log nu."""

MAX_STEPS, TOLERANCE = 200, 1e-10

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
"""Gauss-Hermite quadrature: the mean of f over a standard normal distribution is f(NODES) @ NODE_WEIGHTS."""
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


class SeatingResult(NamedTuple):
    """The results of the games with ``first`` in the first seat against ``second``, from the first player's view."""

    first: int
    second: int
    wins: int
    draws: int
    losses: int
    distinct: int  # the number of games that differ from each other in an action

    @property
    def games(self) -> int:
        return self.wins + self.draws + self.losses


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings of P players in Elo, and the covariance of their errors."""

    elo: Floats  # [P] relative to the anchors, or to their mean if there are none
    covariance: Floats  # [P, P] in Elo^2, of the errors of ``elo``
    advantage: float  # of the first player, in Elo
    advantage_error: float  # its standard error
    nu: float  # draws: 0 if there was none; at 1, a draw of equal players is as likely as a win of either

    @property
    def errors(self) -> Floats:
        """[P] standard errors; 0 for an anchor."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    def interval(self, i: int) -> tuple[float, float]:
        """The 95 % interval of player ``i``'s rating."""
        half_width = CONFIDENCE_Z * float(self.errors[i])
        return float(self.elo[i]) - half_width, float(self.elo[i]) + half_width

    def difference(self, i: int, j: int) -> tuple[float, float]:
        """The rating of ``i`` minus that of ``j``, and the standard error of this difference."""
        variance = self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]
        return float(self.elo[i] - self.elo[j]), math.sqrt(max(float(variance), 0.0))

    def superiority(self, i: int, j: int) -> float:
        """The probability that ``i`` is stronger than ``j``."""
        difference, error = self.difference(i, j)
        return (1 + math.erf(difference / max(error, 1e-9) / math.sqrt(2))) / 2

    def information_gain(self, i: int, j: int) -> float:
        """The log of the factor by which one more game between ``i`` and ``j`` shrinks the ratings' volume of error.

        This is D-optimal design (Fedorov 1972): the game's information times the variance of the difference. The
        information is averaged over the distribution of the difference (Chaloner and Verdinelli 1995), so that two
        players still meet when their first few games suggest a large difference.
        """
        difference, error = self.difference(i, j)
        differences = difference + error * NODES
        seats = np.stack([differences + self.advantage, differences - self.advantage]) / UNIT
        information = _moments(seats, self.nu)[1].mean(axis=0) @ NODE_WEIGHTS
        return math.log1p(float(information) * (error / UNIT) ** 2)


def fit_ratings(
    num_players: int,
    results: Sequence[SeatingResult],
    *,
    anchors: Mapping[int, float] | None = None,
    advantage: bool = True,
    prior_elo: float = PRIOR_ELO,
) -> Ratings:
    """Ratings of ``num_players`` players from ``results``; the ratings of ``anchors`` are fixed.

    With ``advantage=False`` the first player's advantage is fixed at 0. If no game was drawn, nu is fixed at 0.
    """
    anchors = dict(anchors or {})
    counts = np.array([[t.wins, t.draws, t.losses] for t in results], np.float64).reshape(-1, 3)
    counts *= np.array([t.distinct / max(t.games, 1) for t in results]).reshape(-1, 1)
    draws = bool(counts[:, 1].any())
    # The parameters, in units of log odds: each player's rating, the advantage, log nu. Some of them are fixed.
    size = num_players + 2
    rows = np.zeros((len(results), size))
    for row, result in zip(rows, results, strict=True):
        row[result.first] += 1
        row[result.second] -= 1
        row[-2] = float(advantage)
    x = np.zeros(size)
    x[list(anchors)] = np.array(list(anchors.values())) / UNIT
    prior_mean = np.zeros(size)
    prior_mean[:-2] = np.mean(list(anchors.values())) / UNIT if anchors else 0.0
    x[:-2] = np.where(np.isin(np.arange(num_players), list(anchors)), x[:-2], prior_mean[:-2])
    precision = np.full(size, (UNIT / prior_elo) ** 2)
    precision[-2], precision[-1] = (UNIT / PRIOR_ADVANTAGE) ** 2, PRIOR_DRAWS**-2
    fixed = [*anchors, *([] if advantage else [size - 2]), *([] if draws else [size - 1])]
    free = np.array([k for k in range(size) if k not in fixed], np.int64)
    design = rows[:, free]
    is_log_nu = (free == size - 1).astype(np.float64)

    def evaluate_posterior(x: Floats) -> tuple[float, Floats, Floats]:
        """The log posterior, its gradient and its negative Hessian in the free parameters."""
        nu = math.exp(x[-1]) if draws else 0.0
        d = rows @ x
        total = counts.sum(axis=1)
        mean, variance, covariance, drawn = _moments(d, nu)
        # log(e^(d/2) + nu + e^(-d/2)), safe for large d
        log_sum = np.abs(d) / 2 + np.log1p(nu * np.exp(-np.abs(d) / 2) + np.exp(-np.abs(d)))
        value = float(((counts[:, 0] - counts[:, 2]) * d / 2 - total * log_sum).sum())
        value += float(counts[:, 1].sum() * x[-1]) if draws else 0.0
        value -= float((precision * (x - prior_mean) ** 2)[free].sum() / 2)
        slope = (counts[:, 0] - counts[:, 2]) / 2 - total * mean
        gradient = design.T @ slope + is_log_nu * (counts[:, 1] - total * drawn).sum()
        gradient -= (precision * (x - prior_mean))[free]
        hessian = design.T @ ((total * variance)[:, None] * design)
        mixed = design.T @ (total * covariance)
        hessian += np.outer(mixed, is_log_nu) + np.outer(is_log_nu, mixed)
        hessian += np.outer(is_log_nu, is_log_nu) * (total * drawn * (1 - drawn)).sum()
        return value, gradient, hessian + np.diag(precision[free])

    value, gradient, hessian = evaluate_posterior(x)
    for _ in range(MAX_STEPS if len(free) else 0):  # Newton's method; each step is halved until the posterior rises
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step < TOLERANCE:
            break
        step_size = 1.0
        while True:
            tried = x.copy()
            tried[free] += step_size * step
            new = evaluate_posterior(tried)
            if new[0] >= value or step_size < 1e-6:
                break
            step_size /= 2
        x, (value, gradient, hessian) = tried, new
    covariance = np.zeros((size, size))
    if len(free):
        covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    centring = np.eye(num_players) - (0 if anchors else 1 / num_players)
    elo = UNIT * (centring @ x[:-2])
    elo[list(anchors)] = list(anchors.values())  # to the last bit
    return Ratings(
        elo=elo,
        covariance=UNIT**2 * (centring @ covariance[:-2, :-2] @ centring.T),
        advantage=UNIT * float(x[-2]),
        advantage_error=UNIT * math.sqrt(covariance[-2, -2]),
        nu=math.exp(x[-1]) if draws else 0.0,
    )


def _moments(d: Floats, nu: float) -> tuple[Floats, Floats, Floats, Floats]:
    """The mean and variance of (win - loss) / 2 at ``d [K]``, its covariance with a draw, and a draw's probability."""
    half = np.exp(-np.abs(d) / 2)  # everything is divided by exp(|d| / 2), so that nothing overflows
    total = 1 + nu * half + half**2
    drawn = nu * half / total
    mean = np.sign(d) * (1 - half**2) / total / 2
    return mean, (1 - drawn) / 4 - mean**2, -drawn * mean, drawn
