"""``made(name)``: ``games.make``, compiled once for all tests of a process. Knows nothing else."""

from __future__ import annotations

from functools import cache

import games

made = cache(games.make)
