"""A crew: the actors that play the games of one ledger, kept at work and replaced when they fall.

Knows who is hired, what is in flight and who is to blame. Does not know how actors are reached: whoever is one says.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

from games.game import Game
from selfplay.distributed.actor import ActorReport, RayConfig
from selfplay.distributed.actor_handle import ActorHandle, ActorRegistry, ActorRole, Backoff
from selfplay.distributed.assignments import DEATHS, Assignments
from selfplay.distributed.checked_games import CheckedBatch, CheckedGames, Games, join_games
from selfplay.local_runner import SelfPlayConfig
from selfplay.records import unpack

IN_FLIGHT = 2
CALLS_A_SECOND = 200.0
"""More actors than this get longer calls, so that the driver's work does not grow with them."""

STAFF_SECONDS = 2.0
HOPELESS = 12
"""Crashes in a row, with no game finished between them, after which the fault is not one game's."""


class ActorPool(ABC):
    """Actors that play the games of one ledger. ``notes`` says what went wrong and was mended."""

    def __init__(self, game: Game, config: SelfPlayConfig, cluster: RayConfig, ledger: Assignments) -> None:
        self.game, self.config, self.cluster, self.ledger = game, config, cluster, ledger
        self.seconds = cluster.seconds
        self.notes: list[str] = []
        self.losses: list[str] = []  # their kinds
        self.staff, self.backoff = ActorRegistry(), Backoff()
        self._weights: Any = None
        self._version, self._staffed = -1, -1e9

    def hand_out(self, weights: Any, version: int) -> None:
        """Each actor gets ``weights``, a reference to what it loads, with its next call."""
        self._weights, self._version = weights, version

    def collect(self, timeout: float = 1.0) -> Games:
        """Games finished since the last call, each id once; waits up to ``timeout`` seconds for the first."""
        deadline = time.monotonic() + timeout
        found: list[Games] = []
        while True:
            self._staff_up()
            for name in list(self.staff):
                self._feed(name)
            found += self._harvest(0.0 if found else max(0.0, deadline - time.monotonic()))
            if found or time.monotonic() >= deadline:
                break
        for name in list(self.staff):
            self._feed(name)
        return join_games(self.game, found)

    def counts(self) -> tuple[int, int, int]:
        """Moves, positions asked for and evaluated, of all actors ever."""
        return self.staff.counts()

    # ---- how actors are reached -----------------------------------------------------------------------------------

    @abstractmethod
    def _posts(self) -> Sequence[ActorRole]:
        """What actors are wanted for."""

    @abstractmethod
    def _hire(self, post: ActorRole) -> ActorHandle:
        """One more, whose first calls are under way."""

    @abstractmethod
    def _end(self, hired: ActorHandle) -> None:
        """End its process; it may be gone already."""

    @abstractmethod
    def _ask(self, hired: ActorHandle, ids: Sequence[int], weights: Any, suspected: bool) -> Any:
        """Begin a call of ``Worker.work``; what it will answer. It must outlive games that are suspected."""

    @abstractmethod
    def _harvest(self, timeout: float) -> Sequence[Games]:
        """Take every answer that is there, waiting for the first."""

    # ---- actors come and go --------------------------------------------------------------------------------------

    def _staff_up(self) -> None:
        """Hire up to the wanted number, and let go what is beyond it."""
        now = time.monotonic()
        if (now - self._staffed < STAFF_SECONDS and self._staffed > self.backoff.last) or now < self.backoff.until:
            return
        self._staffed = now
        open_posts = Counter(self._posts())
        self.seconds = max(self.cluster.seconds, IN_FLIGHT * open_posts.total() / CALLS_A_SECOND)
        for name in sorted(self.staff, key=lambda name: not self.staff[name].pid):
            if open_posts[self.staff[name].post] > 0:
                open_posts[self.staff[name].post] -= 1
            else:
                self._part(name)
                self.ledger.release(name)
        for post in open_posts.elements():
            self.staff[f"{'aggregator' if post.actors else 'actor'} {self.staff.hired}"] = self._hire(post)
            self.staff.hired += 1

    def _part(self, name: str) -> ActorHandle:
        hired = self.staff.part(name)
        self._end(hired)
        return hired

    def _crashed(self, name: str, why: str) -> None:
        """``name`` died or hangs over its games: another takes its place, later each time."""
        hired = self._part(name)
        self.backoff.crashed(hired.hired)
        self.notes.append(f"{name} (process {hired.pid}) is replaced: {why}")
        if hired.post.actors:  # it plays nothing: no game did it
            self.ledger.release(name)
        else:
            for i in self.ledger.blame(name):
                self.notes.append(
                    f"game {i} is in quarantine: {DEATHS} actors that played nothing else died over it; {why}"
                )
                self.losses.append("quarantined")
        self.losses.append("actor")
        if self.backoff.crashes >= HOPELESS:
            raise ValueError(
                f"{self.backoff.crashes} times in a row an actor crashed before any game was finished: {why}"
            )

    def _lost(self, name: str, why: str) -> None:
        """``name`` is gone through no fault of its games."""
        self._part(name)
        self.ledger.release(name)
        self._staffed = -1e9
        self.notes.append(f"{name} is replaced: {why}")
        self.losses.append("node")

    # ---- calls ---------------------------------------------------------------------------------------------------

    def _feed(self, name: str) -> None:
        """Keep the calls of ``name`` in flight and its games many, once it has begun."""
        hired = self.staff[name]
        if not hired.pid:
            return
        while len(hired.calls) < IN_FLIGHT and self._weights is not None:
            room = self.config.num_games * self.cluster.groups * max(1, hired.post.actors)
            ids = self.ledger.lend(name, room + (6 if hired.post.actors else 3) * hired.peak)
            if not self.ledger.held[name]:  # it would answer at once, over and over
                return
            suspected = bool(ids) and name in self.ledger.alone
            weights = self._weights if hired.version != self._version or suspected else None
            hired.version = self._version
            if not hired.calls:
                hired.since = time.monotonic()
            hired.calls.append(("work", self._ask(hired, ids, weights, suspected)))

    def _settled(self, name: str, answer: ActorReport) -> list[Games]:
        hired = self.staff[name]
        hired.counts, hired.peak = answer[2:5], max(hired.peak, len(answer.ids))
        self.notes += answer.notes
        self.losses += answer.losses
        self.ledger.condemn(name, answer.quarantined)
        if not answer.ids:
            return []
        self.backoff.crashes = 0
        if answer.rows is None:
            games: Games = unpack(self.game, answer.data, f"what {name} played")
        else:
            games = CheckedGames(self.game, [CheckedBatch(answer.ids, answer.data, answer.rows)])
        accepted = self.ledger.settle(name, answer.ids)
        return [games if all(accepted) else [game for game, fine in zip(games, accepted, strict=True) if fine]]
