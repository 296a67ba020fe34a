"""Checked games: finished games that an aggregator has already checked, in the form in which the learner stores them.

Knows how plain records and checked games become positions for replay and bytes for the disk. Does not know who plays or
learns.

To check a position against the rules and to turn it into a row of the replay buffer takes microseconds; to append that
row takes a tenth of one. If an aggregator does the former, the learner's process only appends, and gets the same bits.
The check itself is ``selfplay.records.validate_records``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States
from selfplay.records import GameRecord, join_packed, pack, replay, unpack
from selfplay.records import num_samples as num_record_samples


class DecidedPositions(NamedTuple):
    """Decided positions [S]."""

    states: States
    policies: NDArray[np.float32]  # [S, A]
    outcomes: NDArray[np.float32]  # [S] +1, 0, -1 in the view of the player to move
    values: NDArray[np.float32]  # [S] the search's, in the same view
    budgets: NDArray[np.int32]  # [S] simulations granted
    surprises: NDArray[np.float32]  # [S] of the policy to the network's; 0 where they were not measured
    to_play: NDArray[np.int8]  # [S]
    last: NDArray[np.bool_]  # [S] whether it is the last decided position of its game

    @classmethod
    def of(cls, game: Game, records: Sequence[GameRecord]) -> DecidedPositions:
        """Every decided position of ``records``, in their order; there must be one record at least."""
        states, owner, _ = replay(game, records)
        to_play = game.describe_new(states).to_play
        outcomes = np.array([record.outcome for record in records])[owner] * np.where(to_play == 0, 1, -1)
        joined: list[NDArray[Any]] = [
            np.concatenate([getattr(record, name) for record in records]) for name in ("policies", "values", "budgets")
        ]
        surprises = [np.zeros(r.num_decided, np.float32) if r.surprises is None else r.surprises for r in records]
        last = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
        return cls(
            states,
            joined[0],
            outcomes.astype(np.float32),
            joined[1],
            joined[2],
            np.concatenate(surprises),
            to_play,
            last,
        )


class CheckedBatch(NamedTuple):
    """Some games: their ids, their packed records, and their decided positions."""

    ids: Sequence[int]
    data: bytes
    positions: DecidedPositions

    @classmethod
    def of(cls, game: Game, records: Sequence[GameRecord]) -> CheckedBatch:
        return cls([record.id for record in records], pack(game, records), DecidedPositions.of(game, records))


class CheckedGames(Sequence[GameRecord]):
    """Checked games in batches. Their records are unpacked only when somebody reads one."""

    def __init__(self, game: Game, batches: Sequence[CheckedBatch]) -> None:
        self.game, self.batches = game, batches
        self._records: list[GameRecord] | None = None

    def __len__(self) -> int:
        return sum(len(batch.ids) for batch in self.batches)

    def __getitem__(self, index: Any) -> Any:
        if self._records is None:
            self._records = [record for batch in self.batches for record in unpack(self.game, batch.data)]
        return self._records[index]


Games = Sequence[GameRecord]
"""Records, or a ``CheckedGames`` of them."""


def join_games(game: Game, parts: Sequence[Games]) -> Games:
    """All the games of ``parts``: ``CheckedGames`` if one of the parts is, else plain records."""
    if any(isinstance(games, CheckedGames) for games in parts):
        return CheckedGames(game, [batch for games in parts for batch in _batches(game, games)])
    return [record for games in parts for record in games]


def _batches(game: Game, games: Games) -> Sequence[CheckedBatch]:
    return games.batches if isinstance(games, CheckedGames) else [CheckedBatch.of(game, games)] if games else []


def decided_positions(game: Game, games: Games) -> list[DecidedPositions]:
    """The decided positions of ``games``, one item for each batch."""
    if isinstance(games, CheckedGames):
        return [batch.positions for batch in games.batches]
    return [DecidedPositions.of(game, games)] if games else []


def pack_games(game: Game, parts: Iterable[Games]) -> bytes:
    """All the games of ``parts`` as the bytes of one shard."""
    plain: list[GameRecord] = []
    packed: list[bytes] = []
    for games in parts:
        if isinstance(games, CheckedGames):
            packed += [batch.data for batch in games.batches]
        else:
            plain += games
    return join_packed([*([pack(game, plain)] if plain or not packed else []), *packed])


def num_samples(games: Games) -> int:
    """The number of decided positions in ``games``."""
    if isinstance(games, CheckedGames):
        return sum(len(batch.positions.values) for batch in games.batches)
    return num_record_samples(games)
