"""Batches that are made ahead are those that are made when they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from training.batches.batches_ahead import BatchesAhead
from training.trainer import Batch

CPU = torch.device("cpu")


class Source:
    """Makes batches that hold their step and a number that changes from time to time, and notes its threads."""

    def __init__(self) -> None:
        self.content, self.made, self.threads = 0, list[int](), set[str]()

    def __call__(self, step: int) -> Batch:
        self.made.append(step)
        self.threads.add(threading.current_thread().name.partition("_")[0])
        if self.content < 0:
            raise ValueError("no samples")
        return {"x": torch.tensor([step, self.content])}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def ahead(source: Source) -> Iterator[BatchesAhead]:
    batches = BatchesAhead(source, CPU, always=True)
    yield batches
    batches.close()


def content(batches: BatchesAhead, step: int, *, more: bool) -> list[int]:
    found: list[int] = batches.batch(step, more=more)["x"].tolist()
    return found


def test_on_a_cpu_batches_are_made_when_they_are_asked_for(source: Source) -> None:
    batches = BatchesAhead(source, CPU)
    assert [content(batches, step, more=True) for step in (3, 4)] == [[3, 0], [4, 0]]
    assert source.made == [3, 4]
    assert source.threads == {"MainThread"}
    batches.close()


def test_the_next_batch_is_made_in_a_thread(source: Source, ahead: BatchesAhead) -> None:
    assert [content(ahead, step, more=step < 5) for step in (3, 4, 5)] == [[3, 0], [4, 0], [5, 0]]
    assert source.made == [3, 4, 5]  # each once, and none that nobody needs
    assert source.threads == {"batches"}


def test_a_batch_from_before_a_change_is_forgotten(source: Source, ahead: BatchesAhead) -> None:
    assert content(ahead, 0, more=True) == [0, 0]
    ahead.drop()
    source.content = 1
    assert content(ahead, 1, more=False) == [1, 1]
    assert content(ahead, 7, more=False) == [7, 1]  # another step than the one that follows


def test_an_error_comes_when_the_batch_is_asked_for(source: Source, ahead: BatchesAhead) -> None:
    source.content = -1
    with pytest.raises(ValueError, match="no samples"):
        ahead.batch(0, more=False)
    ahead.drop()
    source.content = 2
    assert content(ahead, 0, more=False) == [0, 2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_are_on_the_gpu(source: Source) -> None:
    batches = BatchesAhead(source, torch.device("cuda"))
    assert [batches.batch(step, more=step < 2)["x"].tolist() for step in range(3)] == [[0, 0], [1, 0], [2, 0]]
    assert batches.batch(3, more=False)["x"].is_cuda
    batches.close()
