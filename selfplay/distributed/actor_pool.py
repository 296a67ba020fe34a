"""The actor pool: the actors that play the assigned games. It keeps them busy, and replaces those that die.

Knows how many actors there should be, their calls in flight, and which games an actor's death makes suspect. Does not
know how actors are started or called: a subclass does that. An actor's death is handled in ``_handle_crash`` (its games
may be the cause) and ``_handle_loss`` (they are not).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

from games.game import Game
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import ActorReport, WorkCounts
from selfplay.distributed.actor_handle import ActorHandle, ActorRegistry, ActorRole, Backoff, PendingCall
from selfplay.distributed.assignments import MAX_ISOLATED_CRASHES, Assignments
from selfplay.distributed.checked_games import CheckedBatch, CheckedGames, Games, join_games
from selfplay.distributed.config import RayConfig
from selfplay.records import unpack

CALLS_IN_FLIGHT = 2
"""Calls of one actor: while it answers the first, the second is already there."""

MAX_CALLS_PER_SECOND = 200.0
"""With more actors, each call lasts longer, so that the driver's work does not grow with their number."""

RESIZE_SECONDS = 2.0
"""How often the number of actors is compared with the number that is wanted."""

MAX_CRASHES_IN_A_ROW = 12
"""Crashes without any finished game between them, after which the cause cannot be a single game."""


class ActorPool(ABC):
    """Actors that play the games of one ``Assignments``. ``notes`` says what went wrong and was repaired."""

    def __init__(self, game: Game, config: SelfPlayConfig, cluster: RayConfig, assignments: Assignments) -> None:
        self.game, self.config, self.cluster, self.assignments = game, config, cluster, assignments
        self.seconds = cluster.seconds  # that one call plays
        self.notes: list[str] = []
        self.losses: list[str] = []  # the kind of each, for the metrics
        self.actors, self.backoff = ActorRegistry(), Backoff()
        self._weights: Any = None
        self._version, self._resized_at = -1, -1e9

    def set_weights(self, weights: Any, version: int) -> None:
        """Send ``weights``, a reference to what an evaluator loads, to each actor with its next call."""
        self._weights, self._version = weights, version

    def collect(self, timeout: float = 1.0) -> Games:
        """Games finished since the last call, each id once; waits up to ``timeout`` seconds for the first."""
        deadline = time.monotonic() + timeout
        finished: list[Games] = []
        while True:
            self._resize()
            for name in list(self.actors):
                self._keep_busy(name)
            finished += self._receive_answers(0.0 if finished else max(0.0, deadline - time.monotonic()))
            if finished or time.monotonic() >= deadline:
                break
        for name in list(self.actors):
            self._keep_busy(name)
        return join_games(self.game, finished)

    def counts(self) -> WorkCounts:
        """The work of all actors, past and present."""
        return self.actors.counts()

    # ---- how actors are reached: a subclass says it --------------------------------------------------------------

    @abstractmethod
    def _wanted_roles(self) -> Sequence[ActorRole]:
        """One role for each actor that there should be."""

    @abstractmethod
    def _start_actor(self, role: ActorRole) -> ActorHandle:
        """Start an actor; its first calls are in flight."""

    @abstractmethod
    def _kill_actor(self, actor: ActorHandle) -> None:
        """End an actor's process, which may be gone already."""

    @abstractmethod
    def _start_call(self, actor: ActorHandle, ids: Sequence[int], weights: Any, suspected: bool) -> Any:
        """Begin a call of ``work`` and return a reference to its answer. The actor must survive suspected games."""

    @abstractmethod
    def _receive_answers(self, timeout: float) -> Sequence[Games]:
        """Handle every answer that has arrived, waiting for the first; return the games in them."""

    # ---- actors come and go --------------------------------------------------------------------------------------

    def _resize(self) -> None:
        """Start the actors that are missing, and end those that are too many."""
        now = time.monotonic()
        is_recent = now - self._resized_at < RESIZE_SECONDS and self._resized_at > self.backoff.last_crash
        if is_recent or now < self.backoff.next_start:
            return
        self._resized_at = now
        open_roles = Counter(self._wanted_roles())
        self.seconds = max(self.cluster.seconds, CALLS_IN_FLIGHT * open_roles.total() / MAX_CALLS_PER_SECOND)
        for name in sorted(self.actors, key=lambda name: not self.actors[name].pid):
            if open_roles[self.actors[name].role] > 0:
                open_roles[self.actors[name].role] -= 1
            else:
                self._remove_actor(name)
                self.assignments.release(name)
        for role in open_roles.elements():
            name = f"{'aggregator' if role.actors else 'actor'} {self.actors.num_started}"
            self.actors[name] = self._start_actor(role)
            self.actors.num_started += 1

    def _remove_actor(self, name: str) -> ActorHandle:
        actor = self.actors.remove(name)
        self._kill_actor(actor)
        return actor

    def _handle_crash(self, name: str, why: str) -> None:
        """An actor died or hangs, perhaps over its games. Its replacement starts later with each crash in a row."""
        actor = self._remove_actor(name)
        self.backoff.record_crash(actor.started_at)
        self.notes.append(f"{name} (process {actor.pid}) is replaced: {why}")
        if actor.role.actors:  # an aggregator plays nothing, so no game crashed it
            self.assignments.release(name)
        else:
            for i in self.assignments.record_crash(name):
                self.notes.append(
                    f"game {i} is in quarantine: {MAX_ISOLATED_CRASHES} actors that played nothing else died over it;"
                    f" {why}"
                )
                self.losses.append("quarantined")
        self.losses.append("actor")
        if self.backoff.crashes >= MAX_CRASHES_IN_A_ROW:
            raise ValueError(
                f"{self.backoff.crashes} times in a row an actor crashed before any game was finished: {why}"
            )

    def _handle_loss(self, name: str, why: str) -> None:
        """An actor is gone, and its games are not the cause."""
        self._remove_actor(name)
        self.assignments.release(name)
        self._resized_at = -1e9
        self.notes.append(f"{name} is replaced: {why}")
        self.losses.append("node")

    # ---- calls ---------------------------------------------------------------------------------------------------

    def _keep_busy(self, name: str) -> None:
        """Give an actor that has begun enough games and enough calls."""
        actor = self.actors[name]
        if not actor.pid:
            return
        while len(actor.calls) < CALLS_IN_FLIGHT and self._weights is not None:
            slots = self.config.num_games * self.cluster.groups * max(1, actor.role.actors)
            reserve = (6 if actor.role.actors else 3) * actor.most_games_per_call
            ids = self.assignments.assign(name, slots + reserve)
            if not self.assignments.assigned[name]:  # without games it would answer at once, over and over
                return
            suspected = bool(ids) and name in self.assignments.isolated
            weights = self._weights if actor.version != self._version or suspected else None
            actor.version = self._version
            if not actor.calls:
                actor.waiting_since = time.monotonic()
            actor.calls.append(PendingCall("work", self._start_call(actor, ids, weights, suspected)))

    def _accept_report(self, name: str, report: ActorReport) -> list[Games]:
        """Take over an actor's counts, notes and quarantined games; return its games that are accepted."""
        actor = self.actors[name]
        actor.counts = report.counts
        actor.most_games_per_call = max(actor.most_games_per_call, len(report.ids))
        self.notes += report.notes
        self.losses += report.losses
        self.assignments.quarantine(name, report.quarantined)
        if not report.ids:
            return []
        self.backoff.crashes = 0
        if report.positions is None:
            games: Games = unpack(self.game, report.data, f"what {name} played")
        else:
            games = CheckedGames(self.game, [CheckedBatch(report.ids, report.data, report.positions)])
        accepted = self.assignments.accept(name, report.ids)
        return [games if all(accepted) else [game for game, fine in zip(games, accepted, strict=True) if fine]]
