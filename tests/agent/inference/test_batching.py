"""Requests of many threads in one batch: every answer to its asker, failures to all in it, nobody left behind."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from agent.inference.batching import BatchingEvaluator
from agent.inference.evaluate import Evaluation, hash_evaluate
from games.game import Positions
from tests.games.made import made

GAME = made("connect_four")


def asked(seed: int, count: int) -> tuple[Any, Positions]:
    out = GAME.positions(count)
    out.observation[:] = np.random.default_rng(seed).integers(0, 2, out.observation.shape)
    return GAME.new(count), out


class Gate:
    """An ``Evaluate`` whose first call waits until it is let go; notes who called at the same time."""

    def __init__(self) -> None:
        self.free, self.entered = threading.Event(), threading.Event()
        self.inside = self.most = 0
        self.sizes: list[int] = []

    def __call__(self, states: Any, positions: Positions) -> Evaluation:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.sizes.append(len(states))
        self.entered.set()
        assert self.free.wait(30)
        self.inside -= 1
        return hash_evaluate(states, positions)


def gathered(merged: BatchingEvaluator, count: int) -> None:
    """Wait until ``count`` requests stand in line or are in the next batch."""
    for _ in range(30_000):
        with merged.lock:
            if merged.num_requests + len(merged.waiting) == count:
                return
        time.sleep(0.001)
    raise AssertionError(f"{count} requests did not arrive")


def ask_while_busy(merged: BatchingEvaluator, gate: Gate, counts: tuple[int, ...]) -> int:
    """Ask for ``counts`` rows, all but the first while the device works, and check the answers.

    Returns how many batches had been chosen before the device was free.
    """
    with ThreadPoolExecutor(len(counts)) as pool:
        answers = [pool.submit(merged, *asked(0, counts[0]))]
        assert gate.entered.wait(30)
        for i, count in enumerate(counts[1:], 1):  # in this order
            answers.append(pool.submit(merged, *asked(i, count)))
            gathered(merged, i + 1)
        chosen = merged.num_batches
        gate.free.set()
        for i, (answer, count) in enumerate(zip(answers, counts, strict=True)):
            true = hash_evaluate(*asked(i, count))
            np.testing.assert_array_equal(answer.result(30).logits, true.logits)
            np.testing.assert_array_equal(answer.result(30).value, true.value)
    assert gate.most == 1
    return chosen


@pytest.mark.parametrize(("max_rows", "sizes"), [(4096, [5, 45]), (18, [5, 13, 17, 15])])
def test_what_comes_while_the_device_works_goes_together(max_rows: int, sizes: list[int]) -> None:
    gate = Gate()
    merged = BatchingEvaluator(gate, max_rows=max_rows)
    ask_while_busy(merged, gate, (5, 6, 7, 8, 9, 10, 5))
    assert sorted(gate.sizes) == sorted(sizes)
    assert (merged.num_batches, merged.num_requests) == (len(sizes), 7)


@pytest.mark.parametrize(("counts", "chosen"), [((4, 4), 1), ((4, 4, 4), 2), ((4, 4, 4, 4, 4, 4), 2)])
def test_the_next_batch_is_put_together_early_only_when_it_is_full(counts: tuple[int, ...], chosen: int) -> None:
    """One batch is at the device; the next one, of at most 9 rows, is chosen when a third request of 4 has no room."""
    gate = Gate()
    merged = BatchingEvaluator(gate, max_rows=9)
    assert ask_while_busy(merged, gate, counts) == chosen


def test_a_failure_reaches_everyone_in_its_batch_and_nobody_else() -> None:
    gate = Gate()

    def evaluate(states: Any, positions: Positions) -> Evaluation:
        answer = gate(states, positions)
        if len(states) == 7:
            raise RuntimeError("device lost")
        return answer

    merged = BatchingEvaluator(evaluate)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(merged, *asked(0, 2))
        assert gate.entered.wait(30)
        others = [pool.submit(merged, *asked(1, 3)), pool.submit(merged, *asked(2, 4))]
        gathered(merged, 3)
        gate.free.set()
        assert len(first.result(30).value) == 2
        for other in others:
            with pytest.raises(RuntimeError, match="device lost"):
                other.result(30)
    assert len(merged(*asked(3, 2)).value) == 2


def test_many_threads_for_a_while() -> None:
    merged = BatchingEvaluator(hash_evaluate, max_rows=40)

    def work(seed: int) -> bool:
        for i in range(30):
            some = asked(100 * seed + i, 1 + (seed + i) % 9)
            if not np.array_equal(merged(*some).logits, hash_evaluate(*some).logits):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert merged.num_requests == 240
