"""The machine, the versions and the commit, which belong to every result."""

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
"""Packages whose versions can change a speed."""


def commit() -> str:
    """The commit that is checked out, with + if files were changed; empty outside a clone of honte."""
    if not (ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # git is not installed
        return ""


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the installed ones of ``packages`` (``PACKAGES`` unless given)."""
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
