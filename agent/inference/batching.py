"""Batching: the requests that several threads make at the same time go to one device in one batch.

Knows threads and evaluators as functions. Does not know what evaluates, nor which threads ask. There is no timeout: a
free device starts at once with whatever waits. While the device works, the next batch gathers, and as soon as that one
is full it is put together, so that the device can begin it without a pause.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from agent.inference.evaluate import EvaluateFunction, Evaluation
from games.game import Positions, States


@dataclass(eq=False)
class _Request:
    states: States
    positions: Positions
    answer: Future[Evaluation] = field(default_factory=Future)


class BatchingEvaluator:
    """Lets many threads call ``evaluate``, which itself is called for one batch at a time.

    This pays where many threads share one device (a GPU). On a CPU each thread has a core of its own. ``evaluate`` is a
    network, so it gets any states: those of a large batch may take longer to copy than its observations.
    """

    def __init__(self, evaluate: EvaluateFunction, *, max_rows: int = 4096) -> None:
        """``max_rows``: a batch takes no further request that would exceed so many rows."""
        self.evaluate, self.max_rows = evaluate, max_rows
        self.lock, self.device = threading.Lock(), threading.Lock()
        self.waiting: list[_Request] = []
        self.num_chosen = 0  # batches at the device or on their way to it: at most 2
        # One thread is at the device while the other one hands out answers or puts the next batch together. They are no
        # threads of games, because those might wait for Python's lock before they could pass the device on.
        self.threads = ThreadPoolExecutor(2, thread_name_prefix="batching")  # they start with their first tasks
        self.num_batches = self.num_requests = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        request = _Request(states, positions)
        with self.lock:
            self.waiting.append(request)
        self._begin_batch()
        return request.answer.result()

    def _begin_batch(self) -> None:
        """Let a thread serve the next batch, if the device is free or the batch is full."""
        with self.lock:
            batch = self._choose_batch()
        if batch:
            self.threads.submit(self._serve, batch)

    def _choose_batch(self) -> list[_Request]:
        """The requests of the next batch, oldest first; none if nobody waits, or if the batch may still grow."""
        count, rows = 0, 0
        for request in self.waiting:
            if count and rows + len(request.states) > self.max_rows:
                break
            rows += len(request.states)
            count += 1
        if count == 0:
            return []
        # A batch that has no room for one more request of the size of its last one counts as full.
        full = count < len(self.waiting) or rows + len(self.waiting[-1].states) > self.max_rows
        if self.num_chosen >= (2 if full else 1):
            return []
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        self.num_chosen += 1
        self.num_batches += 1
        self.num_requests += count
        return batch

    def _serve(self, batch: list[_Request]) -> None:
        """Evaluate a batch, begin the next one, and hand out the answers."""
        answers: list[Evaluation] | BaseException
        try:
            states, positions = _join(batch)
            with self.device:
                answer = self.evaluate(states, positions)
            answers = _split(answer, batch)
        except BaseException as error:  # each request of the batch gets it
            answers = error
        with self.lock:
            self.num_chosen -= 1
        self._begin_batch()
        for i, request in enumerate(batch):
            if isinstance(answers, BaseException):
                request.answer.set_exception(answers)
            else:
                request.answer.set_result(answers[i])


def _join(batch: list[_Request]) -> tuple[States, Positions]:
    """The states and positions of all requests, one after another. A network reads no states, so they stay empty."""
    if len(batch) == 1:
        return batch[0].states, batch[0].positions
    states = np.empty(sum(len(request.states) for request in batch), batch[0].states.dtype)
    columns = zip(*(request.positions for request in batch), strict=True)
    return states, Positions(*(np.concatenate(arrays) for arrays in columns))


def _split(answer: Evaluation, batch: list[_Request]) -> list[Evaluation]:
    """The part of the answer that belongs to each request."""
    ends = np.cumsum([len(request.states) for request in batch])[:-1]
    pairs = zip(np.split(answer.logits, ends), np.split(answer.value, ends), strict=True)
    return [Evaluation(logits, value) for logits, value in pairs]
