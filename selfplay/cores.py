"""The number of processor cores that this process may use, and its priority on them."""

from __future__ import annotations

import contextlib
import os
import sys


def num_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lower_priority() -> None:
    """Give this process, its threads and those that it starts later, only processor time that no other process wants.

    Linux: the idle scheduling class, which gives way at once. On a busy core its weight is 3, that of a self-play
    thread 110 and that of the learner 1,024. Other POSIX systems: the lowest priority (niceness 19). On Windows the
    process that starts this one sets the priority.
    """
    if sys.platform == "linux":
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):  # it has ended since
                os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(19)
