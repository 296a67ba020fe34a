"""What every test shares: one thread a process, the same seeds, a limit for the hung. Knows nothing of the packages."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile

import numpy as np
import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: thread pools that fight for two cores stand still
os.environ.setdefault("MPLBACKEND", "Agg")
_cache = tempfile.TemporaryDirectory(prefix="honte-tests-")
os.environ["HONTE_CACHE"] = _cache.name  # tests neither see nor leave what is known of this machine's engines
os.environ.setdefault("PYTEST_TIMEOUT", "600")  # read by pytest-timeout, where it is installed

with contextlib.suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("house", derandomize=True, deadline=None)
    settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":  # hashes wrap by design, and only plain Python says so
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    random.seed(0)
    np.random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)
