"""Restarts: games that begin from positions which recent games misjudged, so that they are learned sooner.

The archive holds one position of each of the newest games: the one from which on the search's values were farthest from
the outcome (its regret). A position is drawn with a probability in proportion to its regret, and leaves the archive;
the game that is played from there adds one of its own. This is Go-Exploit (Trudeau and Bowling 2023) with the
regret-guided choice of Tsai et al. (2026), without their network that predicts regret.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from games.game import Game
from selfplay.openings import Opening
from selfplay.records import Arrays, GameRecord, replay


class Candidate(NamedTuple):
    """A position to restart from."""

    opening: Opening  # the actions that lead to it
    regret: float  # in [0, 2]


def find_candidates(game: Game, records: Sequence[GameRecord]) -> list[Candidate]:
    """The position of highest regret in each of ``records`` that have decided positions.

    The regret of a position is the mean of |outcome - search value| over it and all later decisions of its game. Among
    equals, it is the earliest position.
    """
    records = [record for record in records if record.num_decided]
    if not records:
        return []
    states, owner, _ = replay(game, records)
    sign = np.where(game.describe_new(states).to_play == 0, 1, -1)
    found = []
    for i, record in enumerate(records):
        errors = np.abs(record.outcome * sign[owner == i] - record.values.astype(np.float64))
        regrets = np.cumsum(errors[::-1])[::-1] / np.arange(len(errors), 0, -1)
        ply = int(regrets.argmax())
        actions = record.actions[: record.opening + ply]
        found.append(Candidate(tuple(int(action) for action in actions), float(regrets[ply])))
    return found


class RestartArchive:
    """Candidates of the newest games, at most ``capacity`` of them. Threads may share an archive."""

    def __init__(self, game: Game, capacity: int) -> None:
        self.game, self.capacity = game, capacity
        self._candidates: list[Candidate] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._candidates)

    def add(self, records: Sequence[GameRecord]) -> None:
        """Add a candidate of each finished game; the oldest ones leave a full archive."""
        found = [candidate for candidate in find_candidates(self.game, records) if candidate.regret > 0]
        with self._lock:
            self._candidates = (self._candidates + found)[-self.capacity :]

    def draw(self, uniform: float) -> Opening | None:
        """Remove the candidate that a ``uniform`` number in (0, 1) draws; return its opening, None if there is none."""
        with self._lock:
            if not self._candidates:
                return None
            sums = np.cumsum([candidate.regret for candidate in self._candidates])
            place = int(np.searchsorted(sums, uniform * sums[-1], side="right"))
            return self._candidates.pop(min(place, len(sums) - 1)).opening

    def state(self) -> Arrays:
        """The archive as arrays, for a checkpoint."""
        with self._lock:
            candidates = list(self._candidates)
        return {
            "regrets": np.array([candidate.regret for candidate in candidates], np.float64),
            "lengths": np.array([len(candidate.opening) for candidate in candidates], np.int64),
            "actions": np.array([action for candidate in candidates for action in candidate.opening], np.int64),
        }

    def load(self, arrays: Arrays) -> None:
        """Continue with what ``state`` returned."""
        ends = np.cumsum(arrays["lengths"])
        openings = [tuple(part.tolist()) for part in np.split(arrays["actions"], ends[:-1])] if len(ends) else []
        with self._lock:
            self._candidates = [
                Candidate(opening, float(regret)) for opening, regret in zip(openings, arrays["regrets"], strict=True)
            ]
