"""Differences between variants with their 95 % intervals, from runs with paired seeds.

The measure of variant v with seed s is modelled as m(v) + b(s) + noise: seeds are blocks, and the noise has the same
variance for all variants (two-way analysis of variance). The noise is then estimated from all variants together, so
that intervals are useful with two or three seeds. Mistake rates are compared by their logarithms, where noise is about
equally large for strong and weak variants; a difference is then the logarithm of a ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Measures = Mapping[str, Mapping[int, float]]
"""{variant: {seed: measure}}"""


class Difference(NamedTuple):
    """The mean difference of a variant to the baseline; the interval is infinite where noise cannot be estimated."""

    mean: float
    low: float
    high: float
    seeds: int  # that both have


def compare(measures: Measures, baseline: str, level: float = 0.95) -> dict[str, Difference]:
    """The difference of every other variant to ``baseline`` over the seeds that all variants have."""
    seeds = sorted(set.intersection(*(set(of_seed) for of_seed in measures.values())))
    names = list(measures)
    if not seeds:
        return {}
    table = np.array([[measures[name][seed] for seed in seeds] for name in names])  # [V, S]
    freedom = (len(names) - 1) * (len(seeds) - 1)
    half = math.inf
    if freedom:
        residual = table - table.mean(1, keepdims=True) - table.mean(0, keepdims=True) + table.mean()
        variance = float((residual**2).sum()) / freedom
        half = t_quantile(0.5 + level / 2, freedom) * math.sqrt(2 * variance / len(seeds))
    means = dict(zip(names, table.mean(1).tolist(), strict=True))
    return {
        name: Difference(
            mean - means[baseline], mean - means[baseline] - half, mean - means[baseline] + half, len(seeds)
        )
        for name, mean in means.items()
        if name != baseline
    }


def log_rate(mistakes: float, count: int) -> float:
    """The logarithm of a mistake rate; half a mistake is added, so that it exists without mistakes."""
    return math.log((mistakes + 0.5) / (count + 1))


def t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, for a probability above one half."""
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_probability(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def t_probability(t: float, freedom: int) -> float:
    """The probability that Student's t is at most ``t`` >= 0 (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    term = total = cosine if freedom % 2 else 1.0
    for k in range(2 + freedom % 2, freedom - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    if freedom == 1:
        within = 2 * angle / math.pi
    elif freedom % 2:
        within = 2 / math.pi * (angle + sine * total)
    else:
        within = sine * total
    return 0.5 + within / 2
