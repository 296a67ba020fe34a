"""What a result says besides its numbers: machine, versions, commit. Knows no measurement."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.inference.backend_cache import processor

ROOT = Path(__file__).parents[2]

PACKAGES = ("numpy", "numba", "torch", "openvino", "onnxruntime", "open_spiel")
"""What may decide a speed; those that are not installed are left out."""


def commit() -> str:
    """The commit that is checked out, with a + where files differ from it; empty outside a clone of honte."""
    if not (ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        return ""


def versions(*packages: str) -> dict[str, str]:
    """Of Python and of those ``packages`` that are installed; of ``PACKAGES`` where none is named."""
    out = {"python": platform.python_version()}
    for name in packages or PACKAGES:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue
    return out


def machine() -> dict[str, Any]:
    from selfplay.cores import num_cores

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "usable_cores": num_cores(),
        "system": platform.system(),
        "versions": versions(),
        "commit": commit(),
    }
