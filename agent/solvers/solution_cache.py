"""Stored values of Connect Four positions that took a solver long, so that each is solved once.

Knows a file of JSON lines. Does not know how positions are solved.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from agent.solvers.connect_four_search import U64, mirror
from games.cache_folders import cache_folder


class SolutionCache:
    """{position: value for its player to move}, with positions as bitboards. Mirror images share a value.

    A line that a process did not finish is not read, and its position is solved again. Where the file cannot be
    written, values are kept in memory only.
    """

    def __init__(self, name: str) -> None:
        """``name``: the file's name without its ending."""
        self.values: dict[tuple[int, int], int] = {}
        self.path: Path | None = None
        with contextlib.suppress(OSError, RuntimeError):  # there is no home folder
            self.path = cache_folder() / f"{name}.jsonl"
            self.values = _read(self.path)

    def get(self, current: int, mask: int) -> int | None:
        return self.values.get(_canonical(current, mask))

    def put(self, current: int, mask: int, value: int) -> None:
        """Store a value durably."""
        key = _canonical(current, mask)
        self.values[key] = value
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as file:  # one short write per line, because several processes may append
                    file.write(b"\n" + json.dumps({"current": key[0], "mask": key[1], "value": value}).encode())
                    file.flush()
                    os.fsync(file.fileno())


def _read(path: Path) -> dict[tuple[int, int], int]:
    values = {}
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            content = json.loads(line)
            values[int(content["current"]), int(content["mask"])] = int(content["value"])
    return values


def _canonical(current: int, mask: int) -> tuple[int, int]:
    """The smaller of the position and its mirror image."""
    return min((current, mask), (int(mirror(U64(current))), int(mirror(U64(mask)))))
