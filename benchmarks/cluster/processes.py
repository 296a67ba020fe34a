"""Processes on Linux: their ids by command, their CPU seconds and their memory. Does not know Ray."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def processes(*names: str) -> list[int]:
    """The processes whose command contains one of ``names``. Ray writes an actor's class and method there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if any(name in path.read_text(errors="replace") for name in names):
                found.append(int(path.parent.name))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """The CPU seconds that these processes have used together."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_megabytes(pid: int) -> float:
    """The megabytes of a process. A page that several processes share counts in equal parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
