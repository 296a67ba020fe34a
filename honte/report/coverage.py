"""How much of a small game self-play has seen: where a game has few positions, its games must repeat each other.

Knows rules as data and hashes of positions. Does not know records, pages or what is alarming.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluation_cache import hash_rows
from games.game import Game

AT_ONCE = 2000
"""Positions that are described together."""

SMALL = 20_000
"""A game with more positions than this is not small: they are not counted any further."""


class Coverage(NamedTuple):
    """Positions in which somebody is to move."""

    reached: int  # distinct ones in some games
    possible: int  # all that the rules allow


def coverage(game: Game, codes: NDArray[np.uint64]) -> Coverage | None:
    """What share of a game's positions has the hashes ``codes``, one for each position of the games that were played.

    None where the game has more positions than were played: then nothing forces its games to repeat each other.
    """
    possible = count_positions(game, len(codes))
    return Coverage(len(np.unique(codes)), possible) if possible is not None else None


def count_positions(game: Game, most: int) -> int | None:
    """How many positions the game has, its ends not counted; None where there are more than ``most``."""
    most = min(most, SMALL)
    states = game.new(1)
    game.init(states)
    known = observation_hashes(game.describe_new(states).observation)
    while len(states):  # known positions whose moves are still to be tried, each once
        parents, found = states, [states[:0]]
        rows, actions = np.nonzero(game.describe_new(parents).legal)
        for start in range(0, len(rows), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            children = game.new(len(rows[some]))
            game.copy(children, parents[rows[some]])
            game.step(children, actions[some])
            positions = game.describe_new(children)
            codes, first = np.unique(observation_hashes(positions.observation), return_index=True)
            new = ~positions.terminal[first] & ~np.isin(codes, known)
            known = np.union1d(known, codes[new])
            if len(known) > most:
                return None
            found.append(children[first[new]])
        states = np.concatenate(found)
    return len(known)


def observation_hashes(observation: NDArray[np.generic]) -> NDArray[np.uint64]:
    """[B] a hash of each position as its player sees it."""
    codes = np.empty(len(observation), np.uint64)
    hash_rows(np.ascontiguousarray(observation.reshape(len(observation), -1)).view(np.uint8), codes)
    return codes
