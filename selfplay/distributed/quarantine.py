"""An ordeal: games suspected of crashing their worker, played in a process of their own, which may die.

Knows workers, processes and how these end. Does not know Ray nor the ledger: who calls ``work`` says who is suspected.

A process that ends by itself (an error, an exit, a signal of its own, silence) leaves each of its games to be played
alone, and one that ends ``STRIKES`` processes alone is given up. A process that was killed or asked to end is nobody's
fault, but ``KILLS`` times over the same games: where memory runs out the kernel kills, too.

Two pipes of pickles lead to the process. It answers each call of ``SelfPlayActor.work`` before it gets the next one,
and it ends as soon as nobody is at the other end.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import IO, Any, NamedTuple

from selfplay.distributed.actor import ActorReport, SelfPlayActor
from selfplay.local_runner import Weights

STRIKES = 3
KILLS = 20
OUTSIDE = {-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)}
"""Exit codes of a process that somebody ended. Windows tells no such thing: there every death is the process's own."""

Patience = Callable[[bool, float], float]
"""Seconds that an answer may take: whether it is the process's first, seconds of the call."""


class Quarantine:
    """Works as a ``SelfPlayActor`` does, but that a game may be given up."""

    def __init__(self, job: bytes, patience: Patience) -> None:
        """``job``: a pickled ``Job``."""
        self.job, self.patience = job, patience
        self.lots: deque[tuple[int, ...]] = deque()  # played one after the other
        self.playing: set[int] = set()
        self.strikes: Counter[tuple[int, ...]] = Counter()
        self.kills: Counter[tuple[int, ...]] = Counter()
        self.weights: tuple[Weights, int] | None = None
        self.child: _Child | None = None
        self.past = (0, 0, 0)

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> ActorReport:
        """Wait so many seconds at most for what becomes of ``ids``, which come with weights, and of those before.

        RuntimeError where a process cannot even begin.
        """
        if len(ids):
            self.lots.append(tuple(ids))
        if not self.lots and not self.playing:
            return self._told()
        self.weights = weights or self.weights
        child = self.child = self.child or _Child(self.job)
        if not child.busy:
            lot = () if self.playing else self.lots.popleft()
            self.playing.update(lot)
            child.ask(lot, seconds, self.weights)
        answer = child.answer(seconds, self.patience)
        if isinstance(answer, _Death):
            return self._fallen(child, answer)
        if answer is None:
            return self._told()
        self.playing.difference_update(answer.ids)
        return self._told(answer)

    def close(self) -> None:
        """End the process. What it counted stays counted."""
        if self.child is not None:
            self.past = self._counts()
            self.child.end()
        self.child = self.weights = None

    def _fallen(self, child: _Child, death: _Death) -> ActorReport:
        weights, lot = self.weights, tuple(sorted(self.playing))
        self.close()
        self.weights = weights
        self.playing.clear()
        count, limit = (self.kills, KILLS) if death.outside else (self.strikes, STRIKES if len(lot) == 1 else 1)
        count[lot] += 1
        if not lot:  # it had not begun
            if count[lot] >= limit:
                raise RuntimeError(f"a process for suspected games could not begin: {death.why}")
            return self._told()
        note = f"a process that played {len(lot)} suspected games ended: {death.why}"
        if count[lot] < limit:
            self.lots.appendleft(lot)
        elif len(lot) > 1:
            self.lots.extendleft((i,) for i in reversed(lot))
        else:
            note = f"game {lot[0]} is in quarantine: {limit} processes that played nothing else ended; {death.why}"
            return self._told(NOTHING._replace(notes=[note], losses=["quarantined"], quarantined=lot))
        return self._told(NOTHING._replace(notes=[note]))

    def _counts(self) -> tuple[int, int, int]:
        moves, asked, evaluated = self.child.counts if self.child else (0, 0, 0)
        return self.past[0] + moves, self.past[1] + asked, self.past[2] + evaluated

    def _told(self, answer: ActorReport | None = None) -> ActorReport:
        moves, asked, evaluated = self._counts()
        return (answer or NOTHING)._replace(moves=moves, asked=asked, evaluated=evaluated)


NOTHING = ActorReport([], b"", 0, 0, 0)


class _Death(NamedTuple):
    why: str
    outside: bool = False


class _Child:
    """The process, seen from the one that started it."""

    def __init__(self, job: bytes) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "selfplay.distributed.quarantine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input: IO[bytes] = self.process.stdin
        self.words: queue.SimpleQueue[Any] = queue.SimpleQueue()
        _listen(self.process.stdout, self.words.put, lambda: self.words.put(None))
        self.begun = False
        self.counts = (0, 0, 0)
        self.weights: tuple[Weights, int] | None = None
        self._say(job)

    def ask(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> None:
        """Begin a call of ``SelfPlayActor.work``; weights travel where they are others than those of the last call."""
        self._say((ids, seconds, None if weights is self.weights else weights))
        self.weights = weights

    def _say(self, word: Any) -> None:
        self.busy, self.silent = True, 0.0
        with contextlib.suppress(OSError):  # it is gone, and the other pipe tells
            pickle.dump(word, self.input)
            self.input.flush()

    def answer(self, seconds: float, patience: Patience) -> ActorReport | _Death | None:
        """What came, within so many seconds."""
        began = time.monotonic()
        try:
            word = self.words.get(timeout=seconds)
        except queue.Empty:
            self.silent += min(time.monotonic() - began, 2 * seconds)  # this process itself may have been stopped
            limit = patience(not self.begun, seconds)
            return _Death(f"no answer for {limit:.0f} seconds") if self.silent > limit else None
        if isinstance(word, ActorReport):
            self.busy, self.begun, self.counts = False, True, word[2:5]
            return word
        if word is not None:
            return _Death(word)
        code = self.end(grace=5.0)
        return _Death("it fell silent" if code is None else _named(code), code in OUTSIDE)

    def end(self, grace: float = 0.0) -> int | None:
        """The code it ended with; None where it had to be ended."""
        try:
            code: int | None = self.process.wait(grace)
        except subprocess.TimeoutExpired:
            code = None
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            self.input.close()
        return code


def _named(code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def _listen(stream: IO[bytes], each: Callable[[Any], None], at_end: Callable[[], None]) -> None:
    """A thread that reads pickles from a pipe until the other end is gone."""

    def listen() -> None:
        with stream, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                each(pickle.load(stream))
        at_end()

    threading.Thread(target=listen, daemon=True).start()


def main() -> None:
    """The process itself: a worker that answers one call after the other, until its parent is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a game prints is no answer
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
    _listen(sys.stdin.buffer, asked.put, lambda: os._exit(1))  # also in the middle of a game

    def say(word: Any) -> None:
        pickle.dump(word, answers)
        answers.flush()

    try:
        worker = SelfPlayActor(replace(pickle.loads(asked.get()), groups=1))
        worker.begin()
        worker.warm()
        say(NOTHING)
        while True:
            say(worker.work(*asked.get()))
    except Exception as error:
        say(f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
