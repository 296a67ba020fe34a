"""Batches that are made and copied to a GPU while it works on the one before.

Knows torch, devices and a function that makes the batch of a step. Does not know samples, games or losses.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import torch

from training.trainer import Batch


class BatchesAhead:
    """Makes the batch of each step; on a GPU the one of the next step as well, in a thread and in pinned memory.

    On a CPU the learner uses the cores itself, so a batch is made when it is asked for. ``always``: make it in the
    thread on any device. The batches are the same in all cases.
    """

    def __init__(self, make: Callable[[int], Batch], device: torch.device, *, always: bool = False) -> None:
        self.make, self.device = make, device
        self.on_gpu = device.type == "cuda"
        self.ahead = self.on_gpu or always
        self.next: tuple[int, Future[tuple[Batch, Any]]] | None = None
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="batches")  # starts with its first task
        self.stream: Any = torch.cuda.Stream(device) if self.on_gpu else None  # type: ignore[no-untyped-call]

    def batch(self, step: int, *, more: bool) -> Batch:
        """The batch of ``step``. ``more``: that of the next step will be needed, from what there is now."""
        if not self.ahead:
            return self.make(step)
        if self.next is None or self.next[0] != step:
            self.drop()
            self.next = step, self.thread.submit(self._make, step)
        batch, copied = self.next[1].result()
        self.next = (step + 1, self.thread.submit(self._make, step + 1)) if more else None
        if self.on_gpu:
            current = torch.cuda.current_stream(self.device)
            current.wait_event(copied)
            for tensor in batch.values():  # the memory is not reused before the trainer's stream is done with it
                tensor.record_stream(current)
        return batch

    def drop(self) -> None:
        """Forget the batch that was made ahead, and wait until nothing is being made: the samples may change then."""
        if self.next is not None:
            wait([self.next[1]])
            self.next = None

    def close(self) -> None:
        """End the thread."""
        self.drop()
        self.thread.shutdown()

    def _make(self, step: int) -> tuple[Batch, Any]:
        batch = self.make(step)
        if not self.on_gpu:
            return batch, None
        with torch.cuda.stream(self.stream):
            pinned = {name: tensor.pin_memory() for name, tensor in batch.items()}
            moved = {name: tensor.to(self.device, non_blocking=True) for name, tensor in pinned.items()}
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record(self.stream)
        return moved, copied
