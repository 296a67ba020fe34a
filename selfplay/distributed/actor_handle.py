"""The driver's view of its actors: one handle for each, their registry, their roles, and when to start the next one.

Knows calls in flight and counts. Does not know Ray: what ``remote`` and ``answer`` are, the pool's subclass decides.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.inference.evaluate import Evaluate
from selfplay.distributed.actor import NO_WORK, WorkCounts
from selfplay.distributed.config import RayConfig
from selfplay.runner import Evaluator, Weights

LONGEST_BACKOFF = 30.0
"""Seconds."""


class ActorRole(NamedTuple):
    """What an actor is for: to play, or to be the aggregator of so many actors of its node."""

    node: str = ""  # empty: any node
    actors: int = 0  # that an aggregator has; 0: it plays


ANYWHERE = ActorRole()


def plan_roles(
    cluster: RayConfig, nodes: Mapping[str, Mapping[str, float]], learner: str, present: Sequence[ActorRole]
) -> list[ActorRole]:
    """One aggregator for each of ``nodes`` (with their resources) until there are as many actors as wanted.

    ``learner`` is the learner's node. Nodes of the roles that are ``present`` come first, so that they keep theirs.
    """
    left = cluster.num_actors or 1 << 30
    used = [role.node for role in present]
    roles = []
    for node in sorted(nodes, key=lambda node: (used.index(node) if node in used else len(used), node)):
        actors = min(left, cluster.capacity(nodes[node], learner=node == learner))
        left -= actors
        roles += [ActorRole(node, actors)] * (actors > 0)
    return roles


class PendingCall(NamedTuple):
    """A call that an actor has not answered yet."""

    method: str  # hello, begin or work
    answer: Any  # a reference to the answer to come


@dataclass
class ActorHandle:
    """One actor, as the driver knows it."""

    remote: Any
    calls: deque[PendingCall]  # in the order in which they run
    waiting_since: float  # the oldest call cannot have begun before this time
    started_at: float
    role: ActorRole = ANYWHERE
    version: int = -1  # of the weights that it was sent last
    most_games_per_call: int = 0
    pid: int = 0  # 0: it has not answered yet
    node: str = ""
    counts: WorkCounts = NO_WORK

    @property
    def has_worked(self) -> bool:
        """Whether any of its reports counted work."""
        return self.counts != NO_WORK


class ActorRegistry(dict[str, ActorHandle]):
    """The actors by name, and the counts of those that are gone."""

    def __init__(self) -> None:
        super().__init__()
        self.num_started = 0
        self.past_counts = NO_WORK

    def remove(self, name: str) -> ActorHandle:
        """Remove an actor and keep its counts."""
        actor = self.pop(name)
        self.past_counts += actor.counts
        return actor

    def counts(self) -> WorkCounts:
        """The work of all actors, past and present."""
        return sum((actor.counts for actor in self.values()), start=self.past_counts)


@dataclass
class Backoff:
    """When the next actor may start: at once after the first crash, then later each time until a game is finished."""

    crashes: int = 0  # in a row; actors that started before the last crash count together with it
    last_crash: float = -1.0
    next_start: float = 0.0

    def record_crash(self, started_at: float) -> None:
        """An actor that started at this time has crashed now."""
        now = time.monotonic()
        if started_at > self.last_crash:
            self.crashes += 1
            self.next_start = now + min(LONGEST_BACKOFF, 0.25 * 2**self.crashes) * (self.crashes > 1)
        self.last_crash = now


@dataclass
class RemoteEvaluator(Evaluate):
    """Counts for the evaluators of all actors. A call uses an evaluator in this process, made at the first call."""

    make: Callable[[], Evaluator]
    actors: ActorRegistry
    weights: tuple[Weights, int] = field(default_factory=lambda: ({}, -1))
    local: Evaluator | None = None

    def __call__(self, states: Any, positions: Any) -> Any:
        if self.local is None:
            self.local = self.make()
        if self.local.version != self.version:
            self.local.load(*self.weights)
        return self.local(states, positions)

    calls = 0  # actors do not report theirs

    @property
    def version(self) -> int:
        return self.weights[1]

    @property
    def asked(self) -> int:
        return self.actors.counts().asked

    @property
    def evaluated(self) -> int:
        return self.actors.counts().evaluated
