"""Lookahead with a cache: the exact values that the rules alone prove within some plies of a position.

Knows a game's lookahead and hashes of states. Does not know networks or trees. A new network makes the cache of
evaluations useless, but what the rules prove stays true, so this cache is never emptied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluation_cache import hash_rows
from games.compilation.jit_cache import cached_njit
from games.game import NO_LIMIT, Game, States

VALUE = np.uint64(7)
"""The bits of an entry that hold the value plus 3; the other 61 bits are the position's hash. 0: no entry."""


@cached_njit
def read_entries(codes: Any, table: Any, proven: Any, missing: Any) -> int:
    """Write the values that are in the table into ``proven [B]``, and the other rows into ``missing``; count those."""
    mask, count = np.uint64(len(table) - 1), 0
    for b in range(len(codes)):
        entry = table[codes[b] >> np.uint64(7) & mask]  # one word, so that no thread ever reads a part of an entry
        if entry and (entry ^ codes[b]) <= VALUE:
            proven[b] = np.int64(entry & VALUE) - 3
        else:
            missing[count] = b
            count += 1
    return count


@cached_njit
def write_entries(codes: Any, missing: Any, values: Any, table: Any, proven: Any) -> None:
    """Write the ``values [U]`` of the ``missing`` rows into ``proven`` and into the table, over what was there."""
    mask = np.uint64(len(table) - 1)
    for i in range(len(values)):
        b = missing[i]
        proven[b] = values[i]
        table[codes[b] >> np.uint64(7) & mask] = codes[b] & ~VALUE | np.uint64(values[i] + 3)


class Lookahead:
    """The lookahead of ``game`` over ``depth`` plies and at most ``nodes`` positions for each state (0: no limit)."""

    def __init__(self, game: Game, depth: int, nodes: int = 0, *, entries: int = 1 << 20) -> None:
        """``entries``: the size of the cache, a power of two; an entry takes 8 bytes."""
        self.game, self.depth, self.nodes = game, depth, nodes or NO_LIMIT
        self.table = np.zeros(entries, np.uint64)

    def __call__(self, states: States, proven: NDArray[np.int8]) -> None:
        """Write the values that ``Game.lookahead`` proves of ``states [B]`` into ``proven [B]``."""
        if self.game.state.hasobject:  # the bytes of such rows are pointers and cannot be hashed
            proven[:] = self.game.lookahead(states, self.depth, self.nodes)
            return
        codes, missing = np.empty(len(states), np.uint64), np.empty(len(states), np.int64)
        hash_rows(np.ascontiguousarray(states).view(np.uint8).reshape(len(states), states.itemsize), codes)
        missing = missing[: read_entries(codes, self.table, proven, missing)]
        if len(missing):
            values = self.game.lookahead(states.take(missing), self.depth, self.nodes)
            write_entries(codes, missing, values, self.table, proven)
