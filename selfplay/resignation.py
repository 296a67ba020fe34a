"""Resignation in self-play: a player gives up where the search's value is below a threshold, to save hopeless moves.

As in AlphaGo Zero (Silver et al. 2017, Methods), a share of the games is played to the end although a player would have
resigned. They show how often resigning would have been wrong, and the threshold is the highest one at which that share
stays below a limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from games.game import Game
from selfplay.records import Arrays, GameRecord, replay

THRESHOLDS = np.arange(-50, -100, -1) / 100
"""[T] the thresholds that are tried, from the highest one on: values in [-1, 1] in the view of the player to move."""

NEVER = -1.0
"""No value is below this threshold."""

KEPT_GAMES = 1000
"""The newest games that were played to the end, by which the threshold is chosen."""

LEAST_GAMES = 100
"""With fewer games nobody resigns."""

RESIGN_PLY = 1 << 41
"""The ply whose random key determines whether a game is played to the end. No game has that many plies."""


class Resignation:
    """Chooses the threshold, and says who resigns. Threads may share it; one thread adds games."""

    def __init__(self, game: Game, *, errors: float, played_on: float, seed: int) -> None:
        """``errors``: the largest share of resignations by players who would not have lost.

        ``played_on``: the share of games in which nobody resigns.
        """
        self.game, self.errors, self.played_on, self.seed = game, errors, played_on, seed
        self.threshold = NEVER
        self._resigned = deque[NDArray[np.bool_]](maxlen=KEPT_GAMES)  # [T] whether a player would have resigned
        self._wrong = deque[NDArray[np.bool_]](maxlen=KEPT_GAMES)  # [T] whether that player did not lose

    def plays_on(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[R] whether the games ``ids`` are played to the end."""
        keys = random_numbers.make_keys(self.seed, ids, RESIGN_PLY)
        drawn = random_numbers.draw_uniforms(keys, random_numbers.RESIGNATION, 1)[:, 0]
        return np.asarray(drawn < self.played_on)

    def resigns(self, ids: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.bool_]:
        """[R] whether the players who have just decided in the games ``ids`` resign; ``values`` are in their view."""
        low = values < self.threshold
        return low & ~self.plays_on(ids) if low.any() else low

    def add(self, records: Sequence[GameRecord]) -> None:
        """Take finished games into account, and choose the threshold anew."""
        ids = np.array([record.id for record in records], np.int64)
        chosen = (
            [records[i] for i in np.flatnonzero(self.plays_on(ids)).tolist() if records[i].num_decided]
            if len(ids)
            else []
        )
        if not chosen:
            return
        states, owner, _ = replay(self.game, chosen)
        sign = np.where(self.game.describe_new(states).to_play == 0, 1, -1)
        for i, record in enumerate(chosen):
            below = record.values < THRESHOLDS[:, None]
            results = record.outcome * sign[owner == i]  # in the view of each mover
            resigned = np.asarray(below.any(axis=1))
            self._resigned.append(resigned)
            self._wrong.append(np.asarray(resigned & (results[below.argmax(axis=1)] >= 0)))
        self._choose_threshold()

    def _choose_threshold(self) -> None:
        if len(self._resigned) < LEAST_GAMES:
            return
        resigned, wrong = (np.sum(flags, axis=0) for flags in (self._resigned, self._wrong))
        allowed = np.flatnonzero((resigned > 0) & (wrong <= self.errors * resigned))
        self.threshold = float(THRESHOLDS[allowed[0]]) if len(allowed) else NEVER

    def state(self) -> Arrays:
        """What ``load`` needs to go on."""
        shape = (-1, len(THRESHOLDS))
        return {
            "resigned": np.array(self._resigned, np.uint8).reshape(shape),
            "wrong": np.array(self._wrong, np.uint8).reshape(shape),
        }

    def load(self, arrays: Arrays) -> None:
        """Go on from what ``state`` returned. ValueError for arrays of another shape."""
        resigned, wrong = (np.asarray(arrays[name]).astype(np.bool_) for name in ("resigned", "wrong"))
        if resigned.shape != wrong.shape or resigned.shape[1:] != THRESHOLDS.shape:
            raise ValueError(f"the state of resignation has shapes {resigned.shape} and {wrong.shape}")
        self._resigned.extend(resigned)
        self._wrong.extend(wrong)
        self._choose_threshold()
