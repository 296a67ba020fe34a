"""What runs in a player's own process: it describes itself, works for some seconds, and reports its counts.

Knows lines of JSON on stdin and stdout. Standard library alone: it runs under any Python that a peer needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Counts = dict[str, float]
"""What a piece of work did: moves, simulations, evaluations, or positions."""

Work = Callable[[], Counts]


def serve(about: Mapping[str, Any], works: Mapping[str, Work]) -> None:
    """Do each work once, since it may compile; say ``about``; then answer lines "WORK SECONDS" until none comes.

    An answer is what was done meanwhile, with ``cpu_s``, this process's own processor time, and ``wall_s``. A piece of
    work that was begun is finished.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    for work in works.values():
        work()
    print(json.dumps({**about, "works": list(works)}), file=answers, flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        done: Counts = {}
        cpu, wall = time.process_time(), time.perf_counter()
        while time.process_time() - cpu < float(seconds) and time.perf_counter() - wall < 20 * float(seconds):
            for what, count in works[name]().items():
                done[what] = done.get(what, 0) + count
        spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        print(json.dumps({**done, **spent}), file=answers, flush=True)
