"""How many processors there are to share out. Knows the operating system; does not know what runs on them."""

from __future__ import annotations

import os
import sys


def num_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lower_priority() -> None:
    """From here on this process has only the time that nobody else wants: threads that it starts later, too.

    On Linux by the idle class, which gives way at once and takes 3 parts of a core against 110 of self-play's threads
    and 1,024 of the learner; elsewhere by the lowest niceness. Windows: whoever starts the process says so.
    """
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(19)
