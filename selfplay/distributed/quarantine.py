"""Quarantine: games that are suspected of crashing their actor are played in a child process, which may die.

Knows actors, processes and how processes end. Does not know Ray or the assignments: the caller of ``work`` says which
games are suspected.

If the process ends by itself (an error, an exit, a signal of its own, no answer), each of its games is played alone. A
game that ends ``MAX_CRASHES`` processes alone is quarantined: it is never played again. If the process is killed or
asked to end, that is not the fault of its games, except after ``MAX_KILLS`` times over the same games: where memory
runs out, the operating system kills as well.

Two pipes of pickles lead to the process. It answers each call of ``SelfPlayActor.work`` before it gets the next one,
and it ends as soon as its parent is gone.
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

from selfplay.distributed.actor import NO_WORK, ActorReport, SelfPlayActor
from selfplay.runner import Weights

MAX_CRASHES = 3
MAX_KILLS = 20
KILL_CODES = {-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)}
"""Exit codes of a process that was ended from outside. Windows has none: there every death counts as a crash."""

AnswerTimeout = Callable[[bool, float], float]
"""(whether it is the process's first answer, the seconds that the call plays) -> the seconds that it may take."""


class IsolatedActor:
    """Plays suspected games as a ``SelfPlayActor`` does, in a child process; some games may be quarantined."""

    def __init__(self, job: bytes, answer_timeout: AnswerTimeout) -> None:
        """``job``: a pickled ``ActorJob``."""
        self.job, self.answer_timeout = job, answer_timeout
        self.groups: deque[tuple[int, ...]] = deque()  # of games, played one after the other
        self.playing: set[int] = set()
        self.crashes: Counter[tuple[int, ...]] = Counter()  # by group
        self.kills: Counter[tuple[int, ...]] = Counter()
        self.weights: tuple[Weights, int] | None = None
        self.child: _ChildProcess | None = None
        self.past_counts = NO_WORK

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> ActorReport:
        """Wait up to ``seconds`` for a report about ``ids``, which come with weights, and about earlier ids.

        RuntimeError if a process cannot even begin.
        """
        if len(ids):
            self.groups.append(tuple(ids))
        if not self.groups and not self.playing:
            return self._report()
        self.weights = weights or self.weights
        child = self.child = self.child or _ChildProcess(self.job)
        if not child.busy:
            group = () if self.playing else self.groups.popleft()
            self.playing.update(group)
            child.call(group, seconds, self.weights)
        answer = child.receive(seconds, self.answer_timeout)
        if isinstance(answer, _ProcessEnd):
            return self._handle_process_end(answer)
        if answer is None:
            return self._report()
        self.playing.difference_update(answer.ids)
        return self._report(answer)

    def close(self) -> None:
        """End the process; its counts stay."""
        if self.child is not None:
            self.past_counts += self.child.counts
            self.child.end()
        self.child = self.weights = None

    def _handle_process_end(self, end: _ProcessEnd) -> ActorReport:
        """Decide what becomes of the games that were being played: again, each alone, or never again."""
        weights, group = self.weights, tuple(sorted(self.playing))
        self.close()
        self.weights = weights
        self.playing.clear()
        if end.from_outside:
            deaths, limit = self.kills, MAX_KILLS
        else:
            deaths, limit = self.crashes, MAX_CRASHES if len(group) == 1 else 1
        deaths[group] += 1
        if not group:  # the process had not begun a game
            if deaths[group] >= limit:
                raise RuntimeError(f"a process for suspected games could not begin: {end.why}")
            return self._report()
        note = f"a process that played {len(group)} suspected games ended: {end.why}"
        if deaths[group] < limit:
            self.groups.appendleft(group)
        elif len(group) > 1:
            self.groups.extendleft((i,) for i in reversed(group))
        else:
            note = f"game {group[0]} is in quarantine: {limit} processes that played nothing else ended; {end.why}"
            return self._report(ActorReport(notes=[note], losses=["quarantined"], quarantined=group))
        return self._report(ActorReport(notes=[note]))

    def _report(self, report: ActorReport | None = None) -> ActorReport:
        counts = self.past_counts + (self.child.counts if self.child else NO_WORK)
        return (report or ActorReport())._replace(counts=counts)


class _ProcessEnd(NamedTuple):
    why: str
    from_outside: bool = False


class _ChildProcess:
    """The process that plays suspected games, as its parent sees it."""

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
        self.answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        _start_reader(self.process.stdout, self.answers.put, lambda: self.answers.put(None))
        self.has_answered = False
        self.counts = NO_WORK
        self.weights: tuple[Weights, int] | None = None
        self._send(job)

    def call(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> None:
        """Begin a call of ``SelfPlayActor.work``. Weights are sent only if they differ from the last call's."""
        self._send((ids, seconds, None if weights is self.weights else weights))
        self.weights = weights

    def _send(self, message: Any) -> None:
        self.busy, self.silent_seconds = True, 0.0
        with contextlib.suppress(OSError):  # the process is gone, which ``receive`` finds out
            pickle.dump(message, self.input)
            self.input.flush()

    def receive(self, seconds: float, answer_timeout: AnswerTimeout) -> ActorReport | _ProcessEnd | None:
        """The answer, if it comes within ``seconds``, or how the process ended."""
        began = time.monotonic()
        try:
            answer = self.answers.get(timeout=seconds)
        except queue.Empty:
            # This process itself may have been stopped, so that no wait counts as longer than twice ``seconds``.
            self.silent_seconds += min(time.monotonic() - began, 2 * seconds)
            limit = answer_timeout(not self.has_answered, seconds)
            return _ProcessEnd(f"no answer for {limit:.0f} seconds") if self.silent_seconds > limit else None
        if isinstance(answer, ActorReport):
            self.busy, self.has_answered, self.counts = False, True, answer.counts
            return answer
        if answer is not None:
            return _ProcessEnd(answer)
        code = self.end(grace=5.0)
        if code is None:
            return _ProcessEnd("it closed its pipe and did not exit")
        return _ProcessEnd(_describe_exit(code), code in KILL_CODES)

    def end(self, grace: float = 0.0) -> int | None:
        """End the process; its exit code, or None if it did not end by itself within ``grace`` seconds."""
        try:
            code: int | None = self.process.wait(grace)
        except subprocess.TimeoutExpired:
            code = None
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            self.input.close()
        return code


def _describe_exit(code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def _start_reader(stream: IO[bytes], handle: Callable[[Any], None], at_end: Callable[[], None]) -> None:
    """Start a thread that reads pickles from a pipe until the process at the other end is gone."""

    def read() -> None:
        with stream, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                handle(pickle.load(stream))
        at_end()

    threading.Thread(target=read, daemon=True).start()


def main() -> None:
    """Run as the child process: an actor that answers one call after the other until its parent is gone."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a game prints must not get between the answers
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    _start_reader(sys.stdin.buffer, calls.put, lambda: os._exit(1))  # also in the middle of a game

    def send(answer: Any) -> None:
        pickle.dump(answer, output)
        output.flush()

    try:
        actor = SelfPlayActor(replace(pickle.loads(calls.get()), groups=1))
        actor.begin()
        actor.compile_kernels()
        send(ActorReport())
        while True:
            send(actor.work(*calls.get()))
    except Exception as error:
        send(f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
