"""One search for all clients of a model: each has a slot of its own, and all slots are evaluated in the same batches.

Knows slots, budgets and threads. Does not know HTTP, sessions or how an analysis is written.

A thread of its own runs the rounds of simulations. In each round every slot that is searching gets the same number of
new leaves, so a search without an end takes no more than its share. Between rounds the thread starts new searches and
answers questions about the trees.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from agent.decision import Decisions, Terms
from agent.search.search import Search
from agent.search.tree import ROOT
from games.game import States
from honte.web.requests.problems import Problem

MOST_LEAVES = 16
"""At most so many leaves of one tree in a round. More leaves are faster and make a small search a little worse."""

LEAVES_OF_ROUND = 64
"""About so many leaves in a round, where many trees share it."""

SIMULATIONS_PER_LEAF = 25
"""A search gets one more leaf in a round for each so many simulations of its budget."""

MOST_WAITING = 500
MOST_KEPT = 8
"""So many finished trees are kept for questions about them."""

Answer = TypeVar("Answer")
NO_SLOT = -1


@dataclass(eq=False)
class SearchRequest:
    """One position to search. ``decision`` is the answer; ``evaluated`` is ready after the first round."""

    states: States  # [1]
    budget: int
    temperature: float = 0.0
    keep_tree: bool = False  # after the end, for questions about it
    read: Callable[[Search, SearchRequest], Any] | None = None  # called in the thread of the service at the end
    reading: Any = None  # what ``read`` returned
    slot: int = NO_SLOT
    started: float = 0.0  # by time.monotonic
    cancelled: bool = False
    evaluated: Future[None] = field(default_factory=Future)
    decision: Future[Decisions] = field(default_factory=Future)  # of one row

    @property
    def is_done(self) -> bool:
        return self.decision.done()


class SearchService:
    """Searches positions of one game with one model."""

    def __init__(self, make: Callable[[], Search], name: str) -> None:
        """``make`` is called in the thread of the service, because it may take seconds."""
        self.make, self.name = make, name
        self.search: Search | None = None
        self.commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.waiting: deque[SearchRequest] = deque()
        self.running: dict[int, SearchRequest] = {}
        self.kept: dict[int, SearchRequest] = {}  # the oldest first
        self.used = time.monotonic()
        self.closed = False
        self.most_analyses = 1 << 10  # until the number of slots is known
        self.thread = threading.Thread(target=self._work, name=f"search {name}", daemon=True)
        self.thread.start()

    # ---- called by any thread ---------------------------------------------------------------------------------------

    def submit(self, request: SearchRequest) -> SearchRequest:
        """Begin to search as soon as a slot is free. A Problem if too many requests are waiting."""
        if len(self.waiting) >= MOST_WAITING or self.closed:
            raise Problem(503, "too many searches are waiting; try again in a few seconds")
        if request.keep_tree and self._num_analyses() >= self.most_analyses:
            raise Problem(
                503, f"{self.name} runs {self.most_analyses} analyses now, which is the most; try again later"
            )
        self.used = time.monotonic()
        self.commands.put(lambda: self.waiting.append(request))
        return request

    def _num_analyses(self) -> int:
        """Searches that run and may run long. They get half of the slots, so that moves never wait for a slot long."""
        return sum(request.keep_tree for request in (*list(self.running.values()), *list(self.waiting)))

    def cancel(self, request: SearchRequest) -> None:
        """End a search; its answer is what it knows by then."""
        request.cancelled = True
        self.commands.put(lambda: None)

    def ask(self, question: Callable[[Search], Answer]) -> Future[Answer]:
        """The answer to a question about the trees, which is asked between two rounds."""
        answer: Future[Answer] = Future()

        def reply() -> None:
            with contextlib.suppress(InvalidStateError):  # nobody waits for the answer any more
                try:
                    if self.closed or self.search is None:
                        raise Problem(410, "the tree of this analysis is gone; analyse the position again")
                    answer.set_result(question(self.search))
                except InvalidStateError:
                    raise
                except Exception as error:
                    answer.set_exception(error)

        self.commands.put(reply)
        if self.closed:  # the thread may have ended before it saw the question
            reply()
        return answer

    def close(self) -> None:
        """End the thread; searches that are under way fail."""
        self.closed = True
        self.commands.put(None)

    # ---- in the thread of the service -------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self.search = self.make()
            self.leaves = self.search.config.leaves
            self.most_analyses = max(1, len(self.search.trees.slots) // 2)
        except BaseException as error:
            self._fail_always(error)
            return
        while not self.closed:
            self._take_commands(block=not self.running and not self.waiting)
            try:
                self._admit()
                self._round()
            except Exception as error:  # a user's own rules may raise anything
                self.search.stop()
                self._fail(Problem(500, f"the search failed: {type(error).__name__}: {error}"))
        self._fail(Problem(503, "the server is stopping"))
        self._take_commands(block=False)

    def _take_commands(self, *, block: bool) -> None:
        while True:
            try:
                command = self.commands.get(block=block)
            except queue.Empty:
                return
            if command is None:
                self.closed = True
            else:
                command()
            block = False

    def _admit(self) -> None:
        """Give slots to requests that wait."""
        search = self.search
        assert search is not None
        while self.waiting:
            if self.waiting[0].cancelled:
                _fail(self.waiting.popleft(), Problem(410, "the search was cancelled before it began"))
                continue
            slot = self._free_slot()
            if slot == NO_SLOT:
                return
            request = self.waiting.popleft()
            request.slot, request.started = slot, time.monotonic()
            self.running[slot] = request
            search.forget(slot)
            terms = Terms.of(1, budget=request.budget, keys=np.array([secrets.randbits(64)], np.uint64))
            terms.temperature[:] = request.temperature
            search.think(np.array([slot]), request.states, terms)

    def _free_slot(self) -> int:
        assert self.search is not None
        taken = self.running.keys() | self.kept.keys()
        free = next((slot for slot in range(len(self.search.trees.slots)) if slot not in taken), NO_SLOT)
        if free == NO_SLOT and self.kept:
            return self._drop_oldest()
        return free

    def _drop_oldest(self) -> int:
        slot = next(iter(self.kept))
        self.kept.pop(slot).slot = NO_SLOT
        return slot

    def _round(self) -> None:
        search = self.search
        assert search is not None
        for slot, request in self.running.items():
            if request.cancelled:
                search.finish_early(slot)
        if not self.running:
            return
        search.config = replace(search.config, leaves=self._leaves())
        search.deadline = 0.0  # one round
        slots, decisions = search.decide()
        for request in self.running.values():
            if not request.evaluated.done() and search.trees.nodes[request.slot, ROOT]["num_edges"] > 0:
                request.evaluated.set_result(None)
        for row, slot in enumerate(slots.tolist()):
            self._finish(self.running.pop(slot), decisions.rows(slice(row, row + 1)))

    def _leaves(self) -> int:
        """How many leaves each tree gets in this round."""
        smallest = min(request.budget for request in self.running.values())
        return max(1, min(self.leaves, LEAVES_OF_ROUND // len(self.running), smallest // SIMULATIONS_PER_LEAF))

    def _finish(self, request: SearchRequest, decision: Decisions) -> None:
        if request.read is not None and self.search is not None:
            request.reading = request.read(self.search, request)
        if request.keep_tree:
            self.kept[request.slot] = request
            while len(self.kept) > MOST_KEPT:
                self._drop_oldest()
        else:
            request.slot = NO_SLOT
        if not request.evaluated.done():
            request.evaluated.set_result(None)
        request.decision.set_result(decision)
        self.used = time.monotonic()

    def _fail(self, error: BaseException) -> None:
        for request in itertools.chain(self.running.values(), self.waiting):
            _fail(request, error)
        self.running.clear()
        self.waiting.clear()

    def _fail_always(self, error: BaseException) -> None:
        """Answer everything with ``error``, because there is no search."""
        while not self.closed:
            self._take_commands(block=True)
            self._fail(error)


def _fail(request: SearchRequest, error: BaseException) -> None:
    """Answer a request with an error."""
    answers: tuple[Future[Any], ...] = (request.evaluated, request.decision)
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
