"""Counter-based random numbers: each number is a function of a key and its use, not of numbers drawn before.

A search's key comes from (run seed, game id, ply), so that a stored game can be played again, whatever else ran at the
same time. The hash is SplitMix64's finalizer (Steele, Lea and Flood 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from games.splitmix import GOLDEN, mix_bits

Keys = NDArray[np.uint64]

OPENING, NOISE, SAMPLE, ROLLOUT, CAP, TIES, RESTART, RESIGNATION = range(8)
"""Uses of random numbers. Numbers of the same key with different uses are independent."""


def mix(values: Keys) -> Keys:
    """[...] uint64 hashed to [...] uint64, one to one."""
    hashed: Keys = mix_bits(np.atleast_1d(values) + GOLDEN)
    return hashed


def make_keys(seed: int, game_ids: NDArray[np.integer] | int, plies: NDArray[np.integer] | int) -> Keys:
    """[B] keys, one for each (run seed, game id, ply)."""
    start = mix(np.atleast_1d(np.asarray(seed % (1 << 63))).astype(np.uint64))
    per_game = mix(start ^ np.atleast_1d(np.asarray(game_ids)).astype(np.uint64))
    return mix(per_game ^ np.atleast_1d(np.asarray(plies)).astype(np.uint64))


def draw_uniforms(keys: Keys, use: int, count: int) -> NDArray[np.float64]:
    """[B, count] uniform numbers in (0, 1), never 0 and never 1."""
    counters = (np.arange(count, dtype=np.uint64) + np.uint64(use << 32)) * GOLDEN
    bits = mix(mix(keys)[:, None] ^ counters[None]) >> np.uint64(12)  # with 53 bits, adding a half would round to 1
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def draw_gumbels(keys: Keys, use: int, count: int) -> NDArray[np.float32]:
    """[B, count] draws from Gumbel(0, 1)."""
    return np.asarray(-np.log(-np.log(draw_uniforms(keys, use, count))), np.float32)


def draw_dirichlets(keys: Keys, use: int, alpha: NDArray[np.float64]) -> NDArray[np.float32]:
    """[B, A] draws from Dirichlet(alpha [B, A]). Where alpha is 0 the draw is 0.

    The gamma numbers are by Marsaglia and Tsang 2000, with their boost for shapes below 1.
    """
    rows, count = alpha.shape
    shape = alpha + 1.0
    d = shape - 1 / 3
    c = 1 / np.sqrt(9 * d)
    gamma = np.ones((rows, count))
    rejected = np.ones((rows, count), bool)
    tries = 0
    while rejected.any():
        u = draw_uniforms(keys, use + 16 * (tries + 1), 3 * count).reshape(rows, 3, count)
        normal = np.sqrt(-2 * np.log(u[:, 0])) * np.cos(2 * np.pi * u[:, 1])
        v = (1 + c * normal) ** 3
        accepted = rejected & (v > 0)
        accepted &= np.log(u[:, 2]) < 0.5 * normal**2 + d - d * v + d * np.log(np.where(v > 0, v, 1))
        gamma[accepted] = (d * v)[accepted]
        rejected &= ~accepted
        tries += 1
    boost = draw_uniforms(keys, use, count)
    with np.errstate(divide="ignore"):
        logs = np.where(alpha > 0, np.log(gamma) + np.log(boost) / np.where(alpha > 0, alpha, 1), -np.inf)
    draws = np.exp(logs - logs.max(axis=1, keepdims=True))
    return (draws / draws.sum(axis=1, keepdims=True)).astype(np.float32)  # type: ignore[no-any-return]


def draw_choices(keys: Keys, use: int, weights: NDArray[np.floating]) -> NDArray[np.int64]:
    """[B] indices, drawn with probabilities proportional to ``weights [B, A]``. Each row needs a positive sum."""
    cumulative = np.cumsum(weights, axis=1, dtype=np.float64)
    threshold = draw_uniforms(keys, use, 1) * cumulative[:, -1:]
    return np.asarray(np.minimum((cumulative <= threshold).sum(axis=1), weights.shape[1] - 1), np.int64)
