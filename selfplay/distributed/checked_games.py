"""Sheaves: finished games that somebody has checked already, as the learner takes them in.

Knows rows for replay and bytes for the disk, of plain records and of sheaves alike. Does not know who plays or learns.

Checking a position against the rules and turning it into a row costs microseconds; appending the row costs a tenth of
one. Where an aggregator does the former, the learner's process is left with the latter, and the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States
from selfplay.records import GameRecord, join_packed, pack, replay, unpack
from selfplay.records import num_samples as counted


class DecidedPositions(NamedTuple):
    """Decided positions [S]."""

    states: States
    policies: NDArray[np.float32]  # [S, A]
    outcomes: NDArray[np.float32]  # [S] +1, 0, -1 in the view of the player to move
    values: NDArray[np.float32]  # [S] the search's, in the same view
    budgets: NDArray[np.int32]  # [S] simulations granted

    @classmethod
    def of(cls, game: Game, records: Sequence[GameRecord]) -> DecidedPositions:
        """Every decided position of ``records``, in their order; there must be one record at least."""
        states, owner, _ = replay(game, records)
        to_play = game.describe_new(states).to_play
        outcomes = np.array([record.outcome for record in records])[owner] * np.where(to_play == 0, 1, -1)
        joined: list[NDArray[Any]] = [
            np.concatenate([getattr(record, name) for record in records]) for name in ("policies", "values", "budgets")
        ]
        return cls(states, joined[0], outcomes.astype(np.float32), joined[1], joined[2])


class CheckedBatch(NamedTuple):
    """Some games: their ids, their records packed, and their rows."""

    ids: list[int]
    data: bytes
    rows: DecidedPositions

    @classmethod
    def of(cls, game: Game, records: Sequence[GameRecord]) -> CheckedBatch:
        return cls([record.id for record in records], pack(game, records), DecidedPositions.of(game, records))


class CheckedGames(Sequence[GameRecord]):
    """Games in parts. Records are unpacked, and checked, for those alone who look at one."""

    def __init__(self, game: Game, parts: Sequence[CheckedBatch]) -> None:
        self.game, self.parts = game, parts
        self._records: list[GameRecord] | None = None

    def __len__(self) -> int:
        return sum(len(part.ids) for part in self.parts)

    def __getitem__(self, index: Any) -> Any:
        if self._records is None:
            self._records = [record for part in self.parts for record in unpack(self.game, part.data)]
        return self._records[index]


Games = Sequence[GameRecord]
"""Records, or a ``CheckedGames`` of them."""


def join_games(game: Game, found: Sequence[Games]) -> Games:
    """All the games of ``found``: a sheaf where one is among them, else plain records."""
    if any(isinstance(games, CheckedGames) for games in found):
        return CheckedGames(game, [part for games in found for part in _parts(game, games)])
    return [record for games in found for record in games]


def _parts(game: Game, games: Games) -> Sequence[CheckedBatch]:
    return games.parts if isinstance(games, CheckedGames) else [CheckedBatch.of(game, games)] if games else []


def decided_positions(game: Game, games: Games) -> list[DecidedPositions]:
    """The decided positions of ``games``."""
    if isinstance(games, CheckedGames):
        return [part.rows for part in games.parts]
    return [DecidedPositions.of(game, games)] if games else []


def pack_games(game: Game, found: Iterable[Games]) -> bytes:
    """All the games of ``found`` as the bytes of one shard."""
    plain: list[GameRecord] = []
    parts: list[bytes] = []
    for games in found:
        if isinstance(games, CheckedGames):
            parts += [part.data for part in games.parts]
        else:
            plain += games
    return join_packed([*([pack(game, plain)] if plain or not parts else []), *parts])


def num_samples(games: Games) -> int:
    """How many decided positions ``games`` hold."""
    return sum(len(part.rows.values) for part in games.parts) if isinstance(games, CheckedGames) else counted(games)
