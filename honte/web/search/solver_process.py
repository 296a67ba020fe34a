"""A process of its own for answers that may take long: solvers and minimax.

Such work runs in compiled code that cannot be stopped, so it runs where it can be ended with its process, and where it
takes no processor time from the searches' thread. Knows positions as texts. Does not know requests.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from agent.decision import Decisions, Terms
from games import Position
from games.position import position

START_SECONDS = 120.0
"""A new process must answer for the first time within so many seconds more."""


class TooSlow(Exception):
    """The answer did not come in time; its process was ended."""


class Failed(Exception):
    """The work failed; the sentence says why."""


class SolverProcess:
    """Answers one question after the other. The process starts with the first one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.process: Any = None
        self.connection: Connection | None = None
        self.warm = False
        self.closed = False

    def ask(
        self, task: str, game: str, setup: str | None, moves: Sequence[int], seconds: float, number: int = 0
    ) -> Any:
        """The answer to ``task`` about a position. TooSlow, or Failed with the sentence of an error."""
        if not self.lock.acquire(timeout=seconds):
            raise TooSlow
        try:
            if self.closed:
                raise Failed("the server is stopping")
            self._start()
            assert self.connection is not None
            try:
                self.connection.send((task, game, setup, list(moves), number))
                if not self.connection.poll(seconds if self.warm else seconds + START_SECONDS):
                    self._end()
                    raise TooSlow
                fine, answer = self.connection.recv()
            except (EOFError, OSError) as error:
                self._end()
                raise Failed("the process of the solver has ended") from error
            self.warm = True
            if not fine:
                raise Failed(answer)
            return answer
        finally:
            self.lock.release()

    def _start(self) -> None:
        if self.process is not None and self.process.is_alive():
            return
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=answer_questions, args=(other,), name=self.name, daemon=True)
        self.process.start()
        other.close()
        self.warm = False

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
        if self.connection is not None:
            self.connection.close()
        self.process = self.connection = None

    def close(self) -> None:
        """End the process, even while it works."""
        self.closed = True
        if self.process is not None:
            with contextlib.suppress(OSError, AttributeError):
                self.process.kill()
        if self.lock.acquire(timeout=5):
            self._end()
            self.lock.release()


def answer_questions(connection: Connection) -> None:
    """The work of the process, until the server goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the server's
    threading.Thread(target=_end_with_parent, daemon=True).start()
    players: dict[tuple[str, str, int], Any] = {}
    while True:
        try:
            task, game, setup, moves, number = connection.recv()
        except (EOFError, OSError):
            return
        try:
            reply = True, _answer(players, task, game, setup, moves, number)
        except Exception as error:
            reply = False, str(error) or type(error).__name__
        with contextlib.suppress(OSError):
            connection.send(reply)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _answer(
    players: dict[tuple[str, str, int], Any], task: str, game: str, setup: str | None, moves: list[int], number: int
) -> Any:
    here = _replay(game, setup, moves)
    key = task, game, number
    if key not in players:
        players[key] = _make(task, here, number)
    if task == "truth":
        return {int(a): int(v) for a, v in players[key].values(here.states[0]).items()}
    return _decide(players[key], here)


def _replay(game: str, setup: str | None, moves: list[int]) -> Position:
    from games.registry import make_shared

    return position(make_shared(game), setup).after(moves)


def _make(task: str, here: Position, number: int) -> Any:
    from agent.solvers.minimax import MinimaxPlayer
    from agent.solvers.perfect_player import PerfectPlayer
    from agent.solvers.registry import make_solver

    if task == "truth":
        return make_solver(here.game, note=lambda sentence: None)
    if task == "perfect":
        return PerfectPlayer(here.game, note=lambda sentence: None)
    return MinimaxPlayer(here.game, number)


def _decide(player: Any, here: Position) -> dict[str, Any]:
    """The move of a player that decides at once."""
    keys = np.array([time.time_ns() % (1 << 63)], np.uint64)
    player.think(np.array([0]), here.states, Terms.of(1, keys=keys))
    decisions: Decisions = player.decide()[1]
    return {
        "action": int(decisions.action[0]),
        "value": float(decisions.value[0]),
        "proven": bool(decisions.proven[0]),
        "policy": {int(a): float(decisions.policy[0, a]) for a in np.flatnonzero(decisions.policy[0])},
    }
