"""An aggregator: a worker whose games others play. It checks them and hands over rows that the learner only appends.

Knows what ``Worker.work`` promises and a crew that keeps it. Does not know Ray, nor how a crew is hired and mended.

The driver lends it ids as it does to any worker, and what it holds is played again elsewhere if it dies: it keeps
nothing that could be lost.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from selfplay.distributed.actor import ActorReport
from selfplay.distributed.actor_pool import ActorPool
from selfplay.distributed.checked_games import CheckedBatch
from selfplay.records import GameRecord


class Aggregator:
    """Works as a ``Worker`` does; ``crew`` plays."""

    def __init__(self, crew: ActorPool) -> None:
        self.crew = crew
        self.condemned = 0  # how many of the ledger's games in quarantine have been told of

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Any, int] | None) -> ActorReport:
        """Have these played besides what is under way, for so many seconds or until nothing is left to play."""
        crew, ledger = self.crew, self.crew.ledger
        if weights is not None:
            crew.hand_out(*weights)
        ledger.again.extend(ids)
        records: list[GameRecord] = []
        until = time.monotonic() + seconds
        while ledger.busy and (left := until - time.monotonic()) > 0:
            records += crew.collect(left)
        part = CheckedBatch.of(crew.game, records) if records else None
        notes, losses, quarantined = crew.notes[:], crew.losses[:], ledger.quarantined[self.condemned :]
        crew.notes.clear()
        crew.losses.clear()
        self.condemned += len(quarantined)
        return ActorReport(
            part.ids if part else [],
            part.data if part else b"",
            *crew.counts(),
            rows=part.rows if part else None,
            notes=notes,
            losses=losses,
            quarantined=quarantined,
        )
