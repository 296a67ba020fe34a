"""Where threads stop paying: the projection's limits, and that copies by NumPy give the lock away."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.many_cores import count_lock, play_in_processes, projected_rate


def test_one_thread_has_the_lock_whenever_it_wants_it() -> None:
    assert projected_rate(1, 0.5, 1.5) == pytest.approx(1e6 / 2)


@pytest.mark.parametrize("threads", [2, 5, 16])
def test_more_threads_are_faster_and_never_exceed_the_lock(threads: int) -> None:
    rate = projected_rate(threads, 0.5, 1.5)
    assert projected_rate(threads - 1, 0.5, 1.5) < rate < min(2e6, threads * 5e5)


def test_without_a_lock_every_thread_counts() -> None:
    assert projected_rate(16, 0.0, 2.0) == pytest.approx(16e6 / 2)


def test_two_threads_by_hand() -> None:
    """g = 1, c = 1: alone R = 1, X = 1/2, so the second finds half a thread before it: R = 1.5, X = 2 / 2.5."""
    assert projected_rate(2, 1.0, 1.0) == pytest.approx(0.8e6)


def test_a_loop_of_python_keeps_the_lock_and_a_copy_does_not() -> None:
    data = np.zeros(1 << 25, np.float32)
    assert count_lock(lambda: sum(range(1_000_000)))[1] == 0
    assert count_lock(data.copy)[1] > 0


@pytest.mark.slow
def test_processes_share_a_device() -> None:
    played = play_in_processes(2, "tic_tac_toe", 1, 16, 0.01, 1.0)
    assert played.evaluations > 0
    assert played.batches > 0
    assert played.evaluations <= 16 * (played.batches + 4)
