"""What processes cost, as Linux tells it: which they are, their CPU seconds, their memory. Knows nothing of Ray."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def processes(*names: str) -> list[int]:
    """Whose command holds one of ``names``; Ray writes an actor's name there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if any(name in path.read_text(errors="replace") for name in names):
                found.append(int(path.parent.name))
    return found


def spent(pids: list[int]) -> float:
    """Seconds of CPU that these processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def proportional(pid: int) -> float:
    """Megabytes of a process, shared pages divided among those that share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
