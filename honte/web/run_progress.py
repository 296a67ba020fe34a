"""How far a run is: its steps, its minutes, and whether it is learning now."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from agent.storage import durable_files
from training.run import metrics, run_folder


def progress_of(folder: Path) -> dict[str, Any]:
    """{steps, minutes, running} of the run in ``folder``."""
    last: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        last = (metrics.read(folder) or [{}])[-1]
    status = run_folder.read_status(folder) or {}
    running = False
    with contextlib.suppress(OSError, ValueError):
        running = durable_files.lock_holder(folder) is not None
    steps = max(int(last.get("step", 0)), int(status.get("step") or 0))
    return {"steps": steps, "minutes": round(float(last.get("minutes", 0.0)), 3), "running": running}
