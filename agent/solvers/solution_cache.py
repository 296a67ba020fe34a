"""Values of Connect Four positions that took a solver long, kept on disk: nobody waits for one of them twice.

Knows a file of JSON lines. Does not know how positions are solved.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from agent.solvers.connect_four_search import U64, mirror
from agent.storage.user_cache import cache_folder


class SolutionCache:
    """{position: value for its player to move}, positions as bitboards, mirror images alike.

    A line is written whole or, where a process dies in it, not read: what is lost is solved again. Where there is no
    place for the file, results last as long as the object.
    """

    def __init__(self, name: str) -> None:
        """``name``: of the file, without its ending."""
        self.known: dict[tuple[int, int], int] = {}
        self.path: Path | None = None
        with contextlib.suppress(OSError, RuntimeError):  # no home
            self.path = cache_folder() / f"{name}.jsonl"
            self.known = _read(self.path)

    def get(self, current: int, mask: int) -> int | None:
        return self.known.get(_one_of_two(current, mask))

    def put(self, current: int, mask: int, value: int) -> None:
        """Remember, durably."""
        key = _one_of_two(current, mask)
        self.known[key] = value
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as file:  # a short line at once: several processes may add to the file
                    file.write(b"\n" + json.dumps({"current": key[0], "mask": key[1], "value": value}).encode())
                    file.flush()
                    os.fsync(file.fileno())


def _read(path: Path) -> dict[tuple[int, int], int]:
    found = {}
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            content = json.loads(line)
            found[int(content["current"]), int(content["mask"])] = int(content["value"])
    return found


def _one_of_two(current: int, mask: int) -> tuple[int, int]:
    """The position or its mirror image, the same for both."""
    return min((current, mask), (int(mirror(U64(current))), int(mirror(U64(mask)))))
