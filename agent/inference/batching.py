"""Batching: the requests that several threads make at the same time go to one device in one batch.

Knows threads and evaluators as functions. Does not know what evaluates, nor which threads ask. While the device works,
the next batch gathers. There is no timeout: a free device starts at once, and a busy one gets larger batches.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from agent.inference.evaluate import EvaluateFunction, Evaluation
from games.game import Positions, States


@dataclass(eq=False)
class _Request:
    states: States
    positions: Positions
    answer: Evaluation | BaseException | None = None


class BatchingEvaluator:
    """Lets many threads call ``evaluate``, which itself is called by one thread at a time.

    This pays where many threads share one device (a GPU). On a CPU each thread has a core of its own. ``evaluate`` is a
    network, so it gets any states: those of a large batch may take longer to copy than its observations.
    """

    def __init__(self, evaluate: EvaluateFunction, *, max_rows: int = 4096) -> None:
        """``max_rows``: a batch takes no further request that would exceed so many rows."""
        self.evaluate, self.max_rows = evaluate, max_rows
        self.condition = threading.Condition()
        self.waiting: list[_Request] = []
        self.busy = False
        self.num_batches = self.num_requests = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        request = _Request(states, positions)
        with self.condition:
            self.waiting.append(request)
        while request.answer is None:
            with self.condition:
                self.condition.wait_for(lambda: request.answer is not None or not self.busy)
                batch = [] if request.answer is not None else self._start_batch()
            if batch:  # this thread's request may not be in it: a full batch leaves later requests waiting
                self._evaluate_batch(batch)
        if isinstance(request.answer, BaseException):
            raise request.answer
        return request.answer

    def _start_batch(self) -> list[_Request]:
        """Take the requests of the next batch, oldest first. This thread then has the device."""
        count, rows = 0, 0
        while count < len(self.waiting) and (count == 0 or rows + len(self.waiting[count].states) <= self.max_rows):
            rows += len(self.waiting[count].states)
            count += 1
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        self.busy = True
        self.num_batches += 1
        self.num_requests += count
        return batch

    def _evaluate_batch(self, batch: list[_Request]) -> None:
        """Evaluate ``batch`` and give each request its answer. On an error each gets the error."""
        answers: list[Evaluation] | list[BaseException]
        try:
            answers = self._answers(batch)
        except BaseException as error:
            answers = [error] * len(batch)
        with self.condition:
            for i, request in enumerate(batch):
                request.answer = answers[i]
            self.busy = False
            self.condition.notify_all()

    def _answers(self, batch: list[_Request]) -> list[Evaluation]:
        if len(batch) == 1:
            return [self.evaluate(batch[0].states, batch[0].positions)]
        states = np.empty(sum(len(request.states) for request in batch), batch[0].states.dtype)
        columns = zip(*(request.positions for request in batch), strict=True)
        answer = self.evaluate(states, Positions(*(np.concatenate(arrays) for arrays in columns)))
        ends = np.cumsum([len(request.states) for request in batch])[:-1]
        pairs = zip(np.split(answer.logits, ends), np.split(answer.value, ends), strict=True)
        return [Evaluation(logits, value) for logits, value in pairs]
