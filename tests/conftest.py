"""What every test shares: one thread a process, the same seeds, folders of its own, a limit for the hung.

Knows nothing of the packages. Every process of pytest-xdist reads this file for itself.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

# Ray's sockets need a short path, and the temporary folder of macOS has a long one.
_folder = tempfile.TemporaryDirectory(
    prefix="honte-", dir="/tmp" if sys.platform == "darwin" else None, ignore_cleanup_errors=True
)
os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: thread pools that fight for two cores stand still
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["HONTE_CACHE"] = _folder.name  # tests neither see nor leave what is known of this machine's backends
os.environ["RAY_TMPDIR"] = _folder.name  # clusters neither see nor leave anything in the folder of another cluster
os.environ.pop("RAY_ADDRESS", None)
os.environ.setdefault("PYTEST_TIMEOUT", "600")  # read by pytest-timeout, where it is installed

# Compiled code consists of millions of objects that live as long as the process; looking through all of them again and
# again took a tenth of the processor time.
gc.set_threshold(20_000, 20, 500)

with contextlib.suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("honte", derandomize=True, deadline=None)
    settings.load_profile("honte")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":  # hashes wrap by design, and only plain Python says so
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only tests with the mark ``nojit`` are asked for, files without it are not even imported."""
    if config.option.markexpr.startswith("nojit") and collection_path.suffix == ".py":
        return "mark.nojit" not in collection_path.read_text(encoding="utf-8") or None
    return None


def pytest_unconfigure() -> None:
    """A process of pytest-xdist ends without looking back: the folder goes here."""
    _folder.cleanup()


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    random.seed(0)
    np.random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)
