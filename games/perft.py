"""Perft: the number of action sequences of a given length, which tests rules against published tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States

CHUNK = 1 << 16

LARGEST = 1e300
"""The largest estimate."""

Progress = Callable[[int], None]
"""Called with the number of sequences counted since the last call."""


def perft(game: Game, depth: int, progress: Progress = lambda counted: None) -> int:
    """The number of sequences of ``depth`` legal actions from the first position (a finished game has none)."""
    states = game.new(1)
    game.init(states)
    return _count(game, states, depth, progress)


def _count(game: Game, states: States, depth: int, progress: Progress) -> int:
    if depth == 0:
        return len(states)
    total = 0
    for start in range(0, len(states), CHUNK):
        part = states[start : start + CHUNK]
        legal = game.describe_new(part).legal
        if depth == 1:
            counted = int(legal.sum())
            total += counted
            progress(counted)
            continue
        rows, actions = np.nonzero(legal)
        for begin in range(0, len(rows), CHUNK):
            children = game.new(len(rows[begin : begin + CHUNK]))
            game.copy(children, part[rows[begin : begin + CHUNK]])
            game.step(children, actions[begin : begin + CHUNK])
            total += _count(game, children, depth - 1, progress)
    return total


def estimated_counts(game: Game, depth: int, *, games: int = 256, seed: int = 0) -> NDArray[np.float64]:
    """[depth + 1] unbiased estimates of perft at depth 0, 1, ... from random games (Knuth 1975)."""
    random = np.random.default_rng(seed)
    states = game.new(games)
    game.init(states)
    weights = np.ones(games)  # the product of the numbers of legal actions on the way; 0 once the game is over
    counts = [1.0]
    live = np.arange(games)
    for _ in range(depth):
        legal = game.describe_new(states[live]).legal
        choices = legal.sum(axis=1)
        weights[live] = np.minimum(weights[live] * choices, LARGEST)
        counts.append(float(weights.mean()))
        legal, live = legal[choices > 0], live[choices > 0]
        if len(live):
            game.advance(states, live, live, np.where(legal, random.random(legal.shape), -1.0).argmax(axis=1))
    return np.array(counts)
