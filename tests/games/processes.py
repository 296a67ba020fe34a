"""``in_new_process(function, ...)``: what a function returns in a process that has loaded honte and compiled no game.

Where the system can fork, a process that has loaded Numba and compiled one loop is loaded once and forked from then on.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from numba import config

CONTEXT: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
if os.name != "nt":
    CONTEXT.set_forkserver_preload(["tests.games.loaded_numba"])


def in_new_process(function: Callable[..., Any], cache: Path, imports: Path, *arguments: Any) -> Any:
    """``function(*arguments)``, whose compiled code is kept in ``cache`` and whose own files lie in ``imports``."""
    root = str(Path(__file__).parents[2])
    environment = {"NUMBA_DISABLE_JIT": "0", "PYTHONPATH": root}
    with patch.dict(os.environ, environment), ProcessPoolExecutor(1, CONTEXT) as pool:
        return pool.submit(_begin, function, cache, imports, *arguments).result()


def _begin(function: Callable[..., Any], cache: Path, imports: Path, *arguments: Any) -> Any:
    config.CACHE_DIR = str(cache)
    sys.dont_write_bytecode = True  # a file that is written twice in a second would be taken for the first
    sys.path.insert(0, str(imports))
    return function(*arguments)
