"""What the driver remembers of an actor, and what it shows of all of them.

Knows calls in flight and counts. Does not know Ray: handles and answers to come are what they are.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from selfplay.local_runner import Evaluator, Weights


@dataclass
class Hired:
    """One actor as the driver knows it."""

    handle: Any
    calls: deque[tuple[str, Any]]  # in the order they run: hello, begin, work; and what each will answer
    since: float  # the oldest of them cannot have begun before
    hired: float
    version: int = -1
    peak: int = 0  # games it finished in one call, at most
    pid: int = 0
    node: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)  # moves, asked, evaluated


@dataclass
class Front:
    """The cluster's evaluators to whoever counts, and one in this process for grading, made when first asked."""

    make: Callable[[], Evaluator]
    weights: tuple[Weights, int] = field(default_factory=lambda: ({}, -1))
    asked: int = 0
    evaluated: int = 0
    here: Evaluator | None = None

    def __call__(self, states: Any, positions: Any) -> Any:
        if self.here is None:
            self.here = self.make()
        if self.here.version != self.version:
            self.here.load(*self.weights)
        return self.here(states, positions)

    @property
    def version(self) -> int:
        return self.weights[1]


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    """Ray sets a SIGTERM handler that exits at once; ours, which saves first, stays."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if main else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def reason(error: BaseException) -> str:
    """The line of an error that says most to a person."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if "exit" in line.lower() and ":" in line] or [line for line in lines if line]
    return (told or [type(error).__name__])[0][:200]
