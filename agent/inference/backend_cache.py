"""The fastest backend on this machine, stored in the user's cache folder so that the next process need not measure.

Knows the file and what a measurement depends on. Does not know backends. Without the file a start takes some seconds
more.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from games.cache_folders import cache_folder
from games.game import Game


def cache_path() -> Path:
    """The path of the file. Its name is from the time when backends were called engines."""
    return cache_folder() / "engines.json"


def processor() -> str:
    """The name of the processor, or of its architecture where the system gives no name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def measurement_key(game: Game, network: Any, settings: Any) -> str:
    """Text of all that a measurement depends on: machine, libraries, the network's shape and the settings."""
    libraries = []
    for name in ("torch", "openvino"):
        with contextlib.suppress(PackageNotFoundError):
            libraries.append(f"{name} {version(name)}")
    shape = (*game.observation_shape, game.num_actions)
    return " | ".join(map(str, (processor(), os.cpu_count(), *libraries, network, shape, settings)))


class Measurement(NamedTuple):
    """What was measured of one backend."""

    seconds: float  # for each position
    same_best: float | None  # share of positions with the best action of the first backend; None: not known


class Choice(NamedTuple):
    """The backend that was chosen, and what it was chosen from."""

    backend: str
    measured: Mapping[str, Measurement]  # by the backend's name


def load_choice(key: str) -> Choice | None:
    """The choice that was stored. None where none is stored, or the file cannot be read."""
    try:
        entry = json.loads(cache_path().read_text(encoding="utf-8"))[key]
        name, seconds = entry["engine"], entry.get("seconds_a_position", {})
        same_best = entry.get("same_best_move", {})  # absent from files of honte 0.1.0
        measured = {each: Measurement(float(seconds[each]), same_best.get(each)) for each in seconds}
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Choice(name, measured) if isinstance(name, str) else None


def store_choice(key: str, choice: Choice) -> None:
    """Store ``choice`` under ``key``. Does nothing on a failed write."""
    with contextlib.suppress(OSError, RuntimeError):
        path = cache_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            choices = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            choices = {}
        choices = choices if isinstance(choices, dict) else {}
        choices[key] = {
            "engine": choice.backend,
            "seconds_a_position": {name: each.seconds for name, each in choice.measured.items()},
            "same_best_move": {name: each.same_best for name, each in choice.measured.items()},
        }
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(choices, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
