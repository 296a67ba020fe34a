"""Perft: how many action sequences of a given length a game has. The classic proof of rules against published tables.

Knows ``Game``. Does not know which game it counts.
"""

from __future__ import annotations

import numpy as np

from games.game import Game, States

CHUNK = 1 << 16


def perft(game: Game, depth: int) -> int:
    """The number of sequences of ``depth`` legal actions from the first position (a finished game has none)."""
    states = game.new(1)
    game.init(states)
    return _count(game, states, depth)


def _count(game: Game, states: States, depth: int) -> int:
    if depth == 0:
        return len(states)
    total = 0
    for start in range(0, len(states), CHUNK):
        part = states[start : start + CHUNK]
        legal = game.describe_new(part).legal
        if depth == 1:
            total += int(legal.sum())
            continue
        rows, actions = np.nonzero(legal)
        for begin in range(0, len(rows), CHUNK):
            children = game.new(len(rows[begin : begin + CHUNK]))
            game.copy(children, part[rows[begin : begin + CHUNK]])
            game.step(children, actions[begin : begin + CHUNK])
            total += _count(game, children, depth - 1)
    return total
