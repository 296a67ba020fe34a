"""Targets that follow from the rest of a game: the plies left, and the value in the next plies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selfplay.distributed.checked_games import DecidedPositions


def plies_left(last: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[S] decisions from each position to the end of its game, its own included, given which are the last ones."""
    ends = np.flatnonzero(last)
    here = np.arange(len(last))
    return ends[np.searchsorted(ends, here)] - here + 1


def short_values(rows: DecidedPositions, horizon: float) -> NDArray[np.float32]:
    """[S] the mean search value of the next plies, in the view of the player to move.

    The ply after next counts 1 - 1 / ``horizon`` times as much as the next one, and so on; so plies are ``horizon``
    ahead on average. Beyond the last decision it is the outcome of the game.
    """
    left, fade = plies_left(rows.last), 1 - 1 / horizon
    targets = rows.outcomes.astype(np.float64)
    for count in range(2, int(left.max(initial=0)) + 1):
        here = np.flatnonzero(left == count)
        following = (1 - fade) * rows.values[here + 1] + fade * targets[here + 1]
        targets[here] = np.where(rows.to_play[here] == rows.to_play[here + 1], following, -following)
    return targets.astype(np.float32)
