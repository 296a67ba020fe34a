"""Merging: what several threads ask at the same time goes to one device in one batch.

Knows threads and ``Evaluate``. Does not know what judges, nor who asks. While the device is at work the next batch
gathers, so nobody waits for a clock: a device that is free begins at once, one that is busy gets larger batches.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from agent.inference.evaluate import Evaluate, Evaluation
from games.game import Positions, States


@dataclass(eq=False)
class _Request:
    states: States
    positions: Positions
    answer: Evaluation | BaseException | None = None


class BatchingEvaluator:
    """An ``Evaluate`` for many threads over one that is called by a single thread at a time.

    Worth it where the device is one and the threads are many (a GPU); on a CPU each thread has a core of its own.
    """

    def __init__(self, evaluate: Evaluate, *, most: int = 4096) -> None:
        """``most``: rows after which a batch takes no further request."""
        self.evaluate, self.most = evaluate, most
        self.condition = threading.Condition()
        self.waiting: list[_Request] = []
        self.busy = False
        self.batches = self.merged = 0  # calls made, and requests they served

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        mine = _Request(states, positions)
        with self.condition:
            self.waiting.append(mine)
        while mine.answer is None:
            with self.condition:
                self.condition.wait_for(lambda: mine.answer is not None or not self.busy)
                batch = [] if mine.answer is not None else self._taken()
            if batch:  # not always with this thread's request in it: a full one leaves some behind
                self._serve(batch)
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return mine.answer

    def _taken(self) -> list[_Request]:
        """The requests of the next batch, oldest first; the device is this thread's from here on."""
        count, rows = 0, 0
        while count < len(self.waiting) and (count == 0 or rows + len(self.waiting[count].states) <= self.most):
            rows += len(self.waiting[count].states)
            count += 1
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        self.busy = True
        self.batches += 1
        self.merged += count
        return batch

    def _serve(self, batch: list[_Request]) -> None:
        """Evaluate ``batch`` and hand out the answers; a failure is handed to everyone in it."""
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
        states = np.concatenate([request.states for request in batch])
        columns = zip(*(request.positions for request in batch), strict=True)
        answer = self.evaluate(states, Positions(*(np.concatenate(arrays) for arrays in columns)))
        ends = np.cumsum([len(request.states) for request in batch])[:-1]
        pairs = zip(np.split(answer.logits, ends), np.split(answer.value, ends), strict=True)
        return [Evaluation(logits, value) for logits, value in pairs]
