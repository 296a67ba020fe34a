"""Where honte keeps what it would otherwise have to find out again. Knows the operating system, and no content."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PLACE = "HONTE_CACHE"
"""The variable that names another folder for it."""


def folder() -> Path:
    """What ``HONTE_CACHE`` says, or honte's own folder among the user's caches. RuntimeError where there is no home."""
    if said := os.environ.get(PLACE):
        return Path(said)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "honte"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honte"
