"""What the rules alone prove of a position within some plies, remembered: unlike a judgement it stays true for ever.

Knows a game's look ahead and hashes of states. Does not know networks or trees. Positions come back with every game
that begins alike and with every new network, which empties the cache of judgements but not this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluation_cache import hash_rows
from games.game import NO_LIMIT, Game, States
from games.jit_cache import cached_njit

VALUE = np.uint64(7)
"""The bits of an entry that hold the value, from 1 on; the other 61 are the position's hash. 0: no entry."""


@cached_njit
def find_known(codes: Any, table: Any, proven: Any, unknown: Any) -> int:
    """Fill ``proven [B]`` where the table knows; the other rows are listed in ``unknown``, and how many they are."""
    mask, count = np.uint64(len(table) - 1), 0
    for b in range(len(codes)):
        entry = table[codes[b] >> np.uint64(7) & mask]  # one word: a thread sees all of it or nothing
        if entry and (entry ^ codes[b]) <= VALUE:
            proven[b] = np.int64(entry & VALUE) - 3
        else:
            unknown[count] = b
            count += 1
    return count


@cached_njit
def store_found(codes: Any, unknown: Any, found: Any, table: Any, proven: Any) -> None:
    """Take what was ``found [U]`` in the ``unknown`` rows into the table, over what stood there, and ``proven``."""
    mask = np.uint64(len(table) - 1)
    for i in range(len(found)):
        b = unknown[i]
        proven[b] = found[i]
        table[codes[b] >> np.uint64(7) & mask] = codes[b] & ~VALUE | np.uint64(found[i] + 3)


class Lookahead:
    """The look ahead of ``game`` over ``depth`` plies and ``nodes`` positions a leaf (0: no limit)."""

    def __init__(self, game: Game, depth: int, nodes: int = 0, *, entries: int = 1 << 20) -> None:
        """``entries``, a power of two, take 8 bytes each once they are used."""
        self.game, self.depth, self.nodes = game, depth, nodes or NO_LIMIT
        self.table = np.zeros(entries, np.uint64)

    def __call__(self, states: States, proven: NDArray[np.int8]) -> None:
        """Write into ``proven [B]`` what ``Game.lookahead`` says of ``states [B]``."""
        if self.game.state.hasobject:  # such rows have no bytes of their own by which they could be remembered
            proven[:] = self.game.lookahead(states, self.depth, self.nodes)
            return
        codes, unknown = np.empty(len(states), np.uint64), np.empty(len(states), np.int64)
        hash_rows(np.ascontiguousarray(states).view(np.uint8).reshape(len(states), states.itemsize), codes)
        unknown = unknown[: find_known(codes, self.table, proven, unknown)]
        if len(unknown):
            store_found(
                codes, unknown, self.game.lookahead(states.take(unknown), self.depth, self.nodes), self.table, proven
            )
