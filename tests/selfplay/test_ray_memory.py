"""A slow learner with fast actors for a minute: the driver's memory and the object store do not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ray")

from benchmarks.ray_slow_learner import run


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_memory_stays_flat_while_the_learner_is_slow(tmp_path: Path) -> None:
    found = run(60.0, 2, tmp_path)
    assert found["steps"] > 0
    assert found["driver_MB_a_minute"] < 1.0
    assert found["store_MB_a_minute"] < 1.0
