"""An aggregator: an actor whose games are played by the actors of its own pool, on its node.

It checks their games and returns positions that the learner only has to append. Knows ``SelfPlayActor.work`` and actor
pools. Does not know Ray.

The driver assigns ids to it as to any actor. If it dies, other actors play its games again: it has nothing that could
be lost.
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
    """Answers calls of ``work`` as a ``SelfPlayActor`` does; its ``pool`` plays the games."""

    def __init__(self, pool: ActorPool) -> None:
        self.pool = pool
        self.num_reported = 0  # games in the pool's quarantine that the driver knows about

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Any, int] | None) -> ActorReport:
        """Have the games ``ids`` and those already begun played for ``seconds``, or until no game is left to play."""
        pool, assignments = self.pool, self.pool.assignments
        if weights is not None:
            pool.set_weights(*weights)
        assignments.waiting.extend(ids)
        records: list[GameRecord] = []
        until = time.monotonic() + seconds
        while assignments.has_unfinished and (left := until - time.monotonic()) > 0:
            records += pool.collect(left)
        notes, losses = pool.notes[:], pool.losses[:]
        pool.notes.clear()
        pool.losses.clear()
        quarantined = assignments.quarantined[self.num_reported :]
        self.num_reported += len(quarantined)
        report = ActorReport(counts=pool.counts(), notes=notes, losses=losses, quarantined=quarantined)
        if not records:
            return report
        batch = CheckedBatch.of(pool.game, records)
        return report._replace(ids=batch.ids, data=batch.data, positions=batch.positions)
