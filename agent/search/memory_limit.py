"""How much memory is left here. Knows the operating system; does not know what it is wanted for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

CONTAINER = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Bytes that can be taken before the machine swaps or its container is ended; None where nobody tells."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) << 10)
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        limit, used = (int((CONTAINER / name).read_text(encoding="utf-8")) for name in ("memory.max", "memory.current"))
        found.append(limit - used + _page_cache_bytes())
    if not found:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # all of it: better than no bound
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def _page_cache_bytes() -> int:
    """Bytes that the container counts as used only because files that were read lie there: they make room."""
    with contextlib.suppress(OSError, ValueError):
        for line in (CONTAINER / "memory.stat").read_text(encoding="utf-8").splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    return 0


def check_memory(needed: int, *, what: str, instead: str) -> None:
    """ValueError with a sentence when ``needed`` bytes are more than nine tenths of what is left."""
    left = available_memory()
    if left is not None and needed > 0.9 * left:
        raise ValueError(f"{what} would take {needed / 2**30:.1f} GiB, {left / 2**30:.1f} are free; {instead}")
