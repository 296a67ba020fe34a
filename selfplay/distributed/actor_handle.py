"""What the driver remembers of an actor, and what it shows of all of them.

Knows calls in flight and counts. Does not know Ray: handles and answers to come are what they are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from agent.inference.evaluate import Evaluate
from selfplay.distributed.actor import RayConfig
from selfplay.local_runner import Evaluator, Weights

LONGEST_BACKOFF = 30.0
"""Seconds."""


class ActorRole(NamedTuple):
    """What one is hired for: to play, or to be the aggregator of so many actors of its node."""

    node: str = ""  # any
    actors: int = 0


ANYWHERE = ActorRole()


def plan_roles(
    cluster: RayConfig, nodes: Mapping[str, Mapping[str, float]], learner: str, taken: Sequence[ActorRole]
) -> list[ActorRole]:
    """One aggregator for each of ``nodes``, whose resources those are, until there are as many actors as wanted.

    ``learner``: the learner's node; nodes of ``taken`` come first, so that they keep what they have.
    """
    left = cluster.num_actors or 1 << 30
    known = [post.node for post in taken]
    out = []
    for node in sorted(nodes, key=lambda node: (known.index(node) if node in known else len(known), node)):
        actors = min(left, cluster.fits(nodes[node], learner=node == learner))
        left -= actors
        out += [ActorRole(node, actors)] * (actors > 0)
    return out


@dataclass
class ActorHandle:
    """One actor as the driver knows it."""

    handle: Any
    calls: deque[tuple[str, Any]]  # in the order they run: hello, begin, work; and what each will answer
    since: float  # the oldest of them cannot have begun before
    hired: float
    post: ActorRole = ANYWHERE
    version: int = -1
    peak: int = 0  # games it finished in one call, at most
    pid: int = 0
    node: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)  # moves, asked, evaluated


class ActorRegistry(dict[str, ActorHandle]):
    """The actors by name, and what those counted that are gone."""

    def __init__(self) -> None:
        super().__init__()
        self.hired = 0
        self.past = (0, 0, 0)

    def part(self, name: str) -> ActorHandle:
        """Take ``name`` off the list."""
        hired = self.pop(name)
        self.past = _sum([self.past, hired.counts])
        return hired

    def counts(self) -> tuple[int, int, int]:
        """Moves, positions asked for and evaluated, of all actors ever."""
        return _sum([self.past, *(hired.counts for hired in self.values())])


def _sum(parts: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    return sum(p[0] for p in parts), sum(p[1] for p in parts), sum(p[2] for p in parts)


@dataclass
class Backoff:
    """When the next actor may be hired: at once after one crash, then later each time until a game is finished."""

    crashes: int = 0  # in a row; actors that were hired before the last crash fell with it and count once
    last: float = -1.0
    until: float = 0.0

    def crashed(self, hired: float) -> None:
        """An actor hired at that time has crashed now."""
        now = time.monotonic()
        if hired > self.last:
            self.crashes += 1
            self.until = now + min(LONGEST_BACKOFF, 0.25 * 2**self.crashes) * (self.crashes > 1)
        self.last = now


@dataclass
class RemoteEvaluator(Evaluate):
    """The cluster's evaluators to whoever counts, and one in this process for grading, made when first asked."""

    make: Callable[[], Evaluator]
    staff: ActorRegistry
    weights: tuple[Weights, int] = field(default_factory=lambda: ({}, -1))
    here: Evaluator | None = None

    def __call__(self, states: Any, positions: Any) -> Any:
        if self.here is None:
            self.here = self.make()
        if self.here.version != self.version:
            self.here.load(*self.weights)
        return self.here(states, positions)

    calls = 0  # actors do not report theirs
    version = property(lambda self: int(self.weights[1]))
    asked = property(lambda self: int(self.staff.counts()[1]))
    evaluated = property(lambda self: int(self.staff.counts()[2]))


@contextlib.contextmanager
def keep_signal_handlers() -> Iterator[None]:
    """Ray sets a SIGTERM handler that exits at once; ours, which saves first, stays."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if main else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def retry_start(start: Callable[[], Any], clear: Callable[[], Any] = lambda: None) -> Any:
    """What ``start`` gives, tried again where Ray gave a node up: it waits half a minute, a busy machine takes more."""
    for _ in range(3):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            clear()
    return start()


def show_cluster_token() -> None:
    """Have Ray show this user's token to a cluster, if there is one: ``ray start`` makes and wants it unasked.

    Ray looks at this when it is imported, never later. A cluster without tokens takes a client that has one.
    """
    named = "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def check_address(address: str) -> None:
    """OSError where nobody listens at HOST:PORT: Ray would end the whole process. Other addresses pass."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "//" not in host:
        socket.create_connection((host, int(port)), timeout=5.0).close()


def error_line(error: BaseException) -> str:
    """The line of an error that says most to a person."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if "exit" in line.lower() and ":" in line] or [line for line in lines if line]
    return (told or [type(error).__name__])[0][:200]
