"""How much memory is available on this machine or in this container."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

CONTAINER = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Bytes that can be used before the machine swaps or its container is killed; None if the system does not say."""
    limits: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                limits.append(int(line.split()[1]) << 10)
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        limit, used = (int((CONTAINER / name).read_text(encoding="utf-8")) for name in ("memory.max", "memory.current"))
        limits.append(limit - used + _page_cache_bytes())
    if not limits:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # the whole memory: better than no limit
            limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=None)


def _page_cache_bytes() -> int:
    """Bytes that the container counts as used but gives back when needed, because they only cache files."""
    with contextlib.suppress(OSError, ValueError):
        for line in (CONTAINER / "memory.stat").read_text(encoding="utf-8").splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    return 0


def check_memory(needed: int, *, what: str, instead: str) -> None:
    """ValueError if ``needed`` bytes are more than nine tenths of the available memory."""
    left = available_memory()
    if left is not None and needed > 0.9 * left:
        raise ValueError(f"{what} would take {needed / 2**30:.1f} GiB, {left / 2**30:.1f} are free; {instead}")
