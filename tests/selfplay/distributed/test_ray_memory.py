"""A slow learner and fast actors for a minute: neither the driver's memory nor the object store grows."""

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
    """The run has its own process, since the memory of this one changes by megabytes after hundreds of tests.

    A driver that kept the games of its two actors would grow by 80 MB a minute. A correct one still
    grows by up to 2 MB in its first minute on a busy machine; the ten minutes of the benchmark measure the slope later.
    """
    words = [sys.executable, "-m", "benchmarks.cluster.slow_learner", "--minutes", "1", "--actors", "2", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])["rows"][0]
    assert found["steps"] > 0
    assert found["driver_MB_a_minute"] < 5.0
    assert found["store_MB_a_minute"] < 1.0
