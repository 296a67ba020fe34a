"""A slow learner with fast actors for a minute: the driver's memory and the object store do not grow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_stays_flat_while_the_learner_is_slow() -> None:
    """In a process of its own: what hundreds of tests left in this one comes and goes by megabytes.

    A driver that kept what its two actors send would grow by 80 MB a minute. One that does not still warms up in its
    first minute, by up to 2 MB on a busy machine; ten minutes of the benchmark tell the slope after that.
    """
    words = [sys.executable, "-m", "benchmarks.ray_slow_learner", "--minutes", "1", "--actors", "2", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])["rows"][0]
    assert found["steps"] > 0
    assert found["driver_MB_a_minute"] < 5.0
    assert found["store_MB_a_minute"] < 1.0
