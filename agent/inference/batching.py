"""Batching: the requests that several threads make at the same time go to one device in one batch.

Knows threads and evaluators as functions. Does not know what evaluates, nor which threads ask. While the device works,
the next batch gathers. There is no timeout: a free device starts at once, and a busy one gets larger batches.
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
    """Lets many threads call ``evaluate``, which itself is called by one thread: the one that serves the device.

    This pays where many threads share one device (a GPU). On a CPU each thread has a core of its own. ``evaluate`` is a
    network, so it gets any states: those of a large batch may take longer to copy than its observations.
    """

    def __init__(self, evaluate: EvaluateFunction, *, max_rows: int = 4096) -> None:
        """``max_rows``: a batch takes no further request that would exceed so many rows."""
        self.evaluate, self.max_rows = evaluate, max_rows
        self.lock = threading.Lock()
        self.waiting: list[_Request] = []
        self.busy = False
        # A thread of games that served the device would have to hand it to another one after each batch, and that one
        # might wait for Python's lock meanwhile. This thread has the lock already when it begins the next batch.
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="batching")  # starts with its first task
        self.num_batches = self.num_requests = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        request = _Request(states, positions)
        with self.lock:
            self.waiting.append(request)
            begin, self.busy = not self.busy, True
        if begin:
            self.thread.submit(self._serve)
        return request.answer.result()

    def _serve(self) -> None:
        """Evaluate batches until nobody waits."""
        while batch := self._next_batch():
            try:
                answers = self._answers(batch)
            except BaseException as error:  # each request of the batch gets it
                for request in batch:
                    request.answer.set_exception(error)
            else:
                for request, answer in zip(batch, answers, strict=True):
                    request.answer.set_result(answer)

    def _next_batch(self) -> list[_Request]:
        """The requests of the next batch, oldest first; none if nobody waits, and then the device is free."""
        count, rows = 0, 0
        with self.lock:
            while count < len(self.waiting) and (count == 0 or rows + len(self.waiting[count].states) <= self.max_rows):
                rows += len(self.waiting[count].states)
                count += 1
            batch, self.waiting = self.waiting[:count], self.waiting[count:]
            self.busy = count > 0
            self.num_batches += count > 0
            self.num_requests += count
        return batch

    def _answers(self, batch: list[_Request]) -> list[Evaluation]:
        if len(batch) == 1:
            return [self.evaluate(batch[0].states, batch[0].positions)]
        states = np.empty(sum(len(request.states) for request in batch), batch[0].states.dtype)
        columns = zip(*(request.positions for request in batch), strict=True)
        answer = self.evaluate(states, Positions(*(np.concatenate(arrays) for arrays in columns)))
        ends = np.cumsum([len(request.states) for request in batch])[:-1]
        pairs = zip(np.split(answer.logits, ends), np.split(answer.value, ends), strict=True)
        return [Evaluation(logits, value) for logits, value in pairs]
