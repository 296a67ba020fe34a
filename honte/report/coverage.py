"""The share of a small game's positions that self-play reached. In a game with few positions, games must repeat.

Knows the rules of games and hashes of positions. Does not know records, pages or which share is healthy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluation_cache import hash_rows
from games.game import Game

BATCH_SIZE = 2000
"""Positions that are described together."""

MAX_SMALL = 20_000
"""A game with more positions than this is not small, and counting stops there."""


class Coverage(NamedTuple):
    """Numbers of distinct positions, final positions not counted."""

    reached: int  # in the games that were played
    possible: int  # by the rules


def coverage(game: Game, codes: NDArray[np.uint64]) -> Coverage | None:
    """The coverage of ``game`` by positions with the hashes ``codes``, one for each position of the games played.

    None where the game has more positions than were played: then games need not repeat each other.
    """
    possible = count_positions(game, len(codes))
    return Coverage(len(np.unique(codes)), possible) if possible is not None else None


def count_positions(game: Game, most: int) -> int | None:
    """The number of positions of the game, final ones not counted; None where there are more than ``most``."""
    most = min(most, MAX_SMALL)
    states = game.new(1)
    game.init(states)
    known = observation_hashes(game.describe_new(states).observation)
    while len(states):  # breadth first: ``states`` are the new positions of the last level
        parents, next_level = states, [states[:0]]
        rows, actions = np.nonzero(game.describe_new(parents).legal)
        for start in range(0, len(rows), BATCH_SIZE):
            some = slice(start, start + BATCH_SIZE)
            children = game.new(len(rows[some]))
            game.copy(children, parents[rows[some]])
            game.step(children, actions[some])
            positions = game.describe_new(children)
            codes, first = np.unique(observation_hashes(positions.observation), return_index=True)
            new = ~positions.terminal[first] & ~np.isin(codes, known)
            known = np.union1d(known, codes[new])
            if len(known) > most:
                return None
            next_level.append(children[first[new]])
        states = np.concatenate(next_level)
    return len(known)


def observation_hashes(observation: NDArray[np.generic]) -> NDArray[np.uint64]:
    """[B] a hash of each observation."""
    codes = np.empty(len(observation), np.uint64)
    hash_rows(np.ascontiguousarray(observation.reshape(len(observation), -1)).view(np.uint8), codes)
    return codes
