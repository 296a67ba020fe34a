"""Ratings from games: one strength a player, what the first move is worth, and how often games are drawn.

Knows counts of wins, draws and losses. Does not know players, games or where they are stored.

The model is Bradley and Terry's (1952) with Davidson's draws (1970) and an advantage of the first player (Davidson and
Beaver 1977). With d = (first rating - second rating + advantage) / UNIT,

    win : draw : loss for the first player  =  exp(d / 2) : nu : exp(-d / 2)

so that a difference of 400 Elo means ten wins for each loss. Ratings are the maximum of the posterior under a wide
normal prior, which keeps them finite where somebody has won all games, and its curvature gives their covariance. A
game between the same players that only repeats another is no more data: it takes a share of the other's weight.
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

STEPS, PRECISE = 200, 1e-10

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
"""Gauss-Hermite quadrature: the mean of f over a standard normal distribution is f(NODES) @ NODE_WEIGHTS."""
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


class SeatingResult(NamedTuple):
    """What the games with ``first`` in the first seat against ``second`` came to, from the first player's view."""

    first: int
    second: int
    wins: int
    draws: int
    losses: int
    distinct: int  # of the games, those that differ in an action

    @property
    def games(self) -> int:
        return self.wins + self.draws + self.losses


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings of P players in Elo, with what is known about their errors."""

    elo: Floats  # [P] relative to the anchors, or without any to their mean
    covariance: Floats  # [P, P] in Elo^2, of the errors of ``elo``
    advantage: float  # Elo that the first player has in advance
    advantage_error: float  # its standard error
    nu: float  # draws: 0 where there was none; 1: a draw is as likely as win and loss of equals each

    @property
    def errors(self) -> Floats:
        """[P] standard errors; 0 for an anchor."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    def interval(self, i: int) -> tuple[float, float]:
        """The 95 % interval of player ``i``'s rating."""
        reach = CONFIDENCE_Z * float(self.errors[i])
        return float(self.elo[i]) - reach, float(self.elo[i]) + reach

    def difference(self, i: int, j: int) -> tuple[float, float]:
        """How far ``i`` stands above ``j``, and the standard error of that."""
        variance = self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]
        return float(self.elo[i] - self.elo[j]), math.sqrt(max(float(variance), 0.0))

    def superiority(self, i: int, j: int) -> float:
        """The probability that ``i`` is stronger than ``j``."""
        difference, error = self.difference(i, j)
        return (1 + math.erf(difference / max(error, 1e-9) / math.sqrt(2))) / 2

    def gain(self, i: int, j: int) -> float:
        """What one more game between ``i`` and ``j`` tells: the log by which the ratings' volume of error shrinks.

        D-optimal design (Fedorov 1972): information of the game times variance of what it is about. The information is
        the mean over the difference's distribution (Chaloner and Verdinelli 1995), so that a difference that a few
        games make look large does not end the pair's games.
        """
        difference, error = self.difference(i, j)
        differences = difference + error * NODES
        seats = np.stack([differences + self.advantage, differences - self.advantage]) / UNIT
        information = _moments(seats, self.nu)[1].mean(axis=0) @ NODE_WEIGHTS
        return math.log1p(float(information) * (error / UNIT) ** 2)


def fit_ratings(
    num_players: int,
    tallies: Sequence[SeatingResult],
    *,
    anchors: Mapping[int, float] | None = None,
    advantage: bool = True,
    prior_elo: float = PRIOR_ELO,
) -> Ratings:
    """Ratings of ``num_players`` players from ``tallies``; ``anchors`` have ratings that are given.

    ``advantage=False``: the seats are alike. Where no game was drawn, draws are taken to be impossible.
    """
    anchors = dict(anchors or {})
    counts = np.array([[t.wins, t.draws, t.losses] for t in tallies], np.float64).reshape(-1, 3)
    counts *= np.array([t.distinct / max(t.games, 1) for t in tallies]).reshape(-1, 1)
    draws = bool(counts[:, 1].any())
    # The parameters, in units of log odds: a rating each, the advantage, log nu. Some of them are given.
    size = num_players + 2
    rows = np.zeros((len(tallies), size))
    for row, tally in zip(rows, tallies, strict=True):
        row[tally.first] += 1
        row[tally.second] -= 1
        row[-2] = float(advantage)
    x = np.zeros(size)
    x[list(anchors)] = np.array(list(anchors.values())) / UNIT
    middle = np.zeros(size)
    middle[:-2] = np.mean(list(anchors.values())) / UNIT if anchors else 0.0
    x[:-2] = np.where(np.isin(np.arange(num_players), list(anchors)), x[:-2], middle[:-2])
    precision = np.full(size, (UNIT / prior_elo) ** 2)
    precision[-2], precision[-1] = (UNIT / PRIOR_ADVANTAGE) ** 2, PRIOR_DRAWS**-2
    given = [*anchors, *([] if advantage else [size - 2]), *([] if draws else [size - 1])]
    free = np.array([k for k in range(size) if k not in given], np.int64)
    design = rows[:, free]
    by_draws = (free == size - 1).astype(np.float64)

    def look(x: Floats) -> tuple[float, Floats, Floats]:
        """Log posterior, its gradient and its negative Hessian in the free parameters."""
        nu = math.exp(x[-1]) if draws else 0.0
        d = rows @ x
        total = counts.sum(axis=1)
        won, info, cross, drawn = _moments(d, nu)
        # log(e^(d/2) + nu + e^(-d/2)), safe for large d
        log_sum = np.abs(d) / 2 + np.log1p(nu * np.exp(-np.abs(d) / 2) + np.exp(-np.abs(d)))
        value = float(((counts[:, 0] - counts[:, 2]) * d / 2 - total * log_sum).sum())
        value += float(counts[:, 1].sum() * x[-1]) if draws else 0.0
        value -= float((precision * (x - middle) ** 2)[free].sum() / 2)
        slope = (counts[:, 0] - counts[:, 2]) / 2 - total * won
        gradient = design.T @ slope + by_draws * (counts[:, 1] - total * drawn).sum()
        gradient -= (precision * (x - middle))[free]
        hessian = design.T @ ((total * info)[:, None] * design)
        mixed = design.T @ (total * cross)
        hessian += np.outer(mixed, by_draws) + np.outer(by_draws, mixed)
        hessian += np.outer(by_draws, by_draws) * (total * drawn * (1 - drawn)).sum()
        return value, gradient, hessian + np.diag(precision[free])

    value, gradient, hessian = look(x)
    for _ in range(STEPS if len(free) else 0):  # Newton's method, each step halved until it climbs
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step < PRECISE:
            break
        share = 1.0
        while True:
            tried = x.copy()
            tried[free] += share * step
            then = look(tried)
            if then[0] >= value or share < 1e-6:
                break
            share /= 2
        x, (value, gradient, hessian) = tried, then
    covariance = np.zeros((size, size))
    if len(free):
        covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    spread = np.eye(num_players) - (0 if anchors else 1 / num_players)
    elo = UNIT * (spread @ x[:-2])
    elo[list(anchors)] = list(anchors.values())  # to the last bit
    return Ratings(
        elo=elo,
        covariance=UNIT**2 * (spread @ covariance[:-2, :-2] @ spread.T),
        advantage=UNIT * float(x[-2]),
        advantage_error=UNIT * math.sqrt(covariance[-2, -2]),
        nu=math.exp(x[-1]) if draws else 0.0,
    )


def _moments(d: Floats, nu: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Of (win - loss) / 2 at ``d [K]``: its mean and variance; its covariance with a draw; the chance of a draw."""
    half = np.exp(-np.abs(d) / 2)  # of what exp(|d| / 2) leaves, so that nothing overflows
    total = 1 + nu * half + half**2
    drawn = nu * half / total
    mean = np.sign(d) * (1 - half**2) / total / 2
    return mean, (1 - drawn) / 4 - mean**2, -drawn * mean, drawn
