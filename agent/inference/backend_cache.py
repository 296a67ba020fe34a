"""Which engine was the fastest here, kept in a file of the user's cache for the next process.

Knows the file and what a measurement depends on. Does not know engines. Nothing is lost without it but a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.storage.user_cache import cache_folder
from games.game import Game


def cache_path() -> Path:
    """The file, among the user's caches."""
    return cache_folder() / "engines.json"


def processor() -> str:
    """The processor's name, as well as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def measurement_key(game: Game, network: Any, asked: Any) -> str:
    """What a measurement depends on: machine, libraries, the network's shape and what was asked for."""
    libraries = []
    for name in ("torch", "openvino"):
        with contextlib.suppress(PackageNotFoundError):
            libraries.append(f"{name} {version(name)}")
    shape = (*game.observation_shape, game.num_actions)
    return " | ".join(map(str, (processor(), os.cpu_count(), *libraries, network, shape, asked)))


def load_choice(entry: str) -> str | None:
    """The engine that was the fastest; None where nothing was kept, or nothing that can be read."""
    try:
        found = json.loads(cache_path().read_text(encoding="utf-8"))[entry]["engine"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def store_choice(entry: str, engine: str, costs: Mapping[str, float]) -> None:
    """Note that ``engine`` was the fastest, with the seconds a position of all; where nothing can be kept, do not."""
    with contextlib.suppress(OSError, RuntimeError):
        path = cache_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        known = known if isinstance(known, dict) else {}
        known[entry] = {"engine": engine, "seconds_a_position": dict(costs)}
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)
