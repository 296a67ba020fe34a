"""What a round of the search has to do: lists of slots and rows, made by compiled loops.

Knows slots, roots and proofs. Does not know how trees are walked, grown or judged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.search.tree import ROOT, UNKNOWN, Ints, Records
from games.jit_cache import cached_njit


@cached_njit(error_model="numpy")
def sort_slots(
    slots: Records, nodes: Records, leaves: int, ready: Ints, bare: Ints, walking: Ints
) -> tuple[int, int, int]:
    """Sort the active slots into three lists [T]: ready to answer, with a bare root, to be walked; their lengths."""
    capacity = nodes.shape[1]
    num_ready = num_bare = num_walking = 0
    for t in range(len(slots)):
        slot = slots[t]
        if slot["active"]:
            left = slot["budget"] - slot["spent"]
            full = slot["num_nodes"] + min(left, leaves) > capacity
            if nodes[t, ROOT]["num_edges"] == 0:
                bare[num_bare] = t
                num_bare += 1
            elif left <= 0 or full or nodes[t, ROOT]["proven"] != UNKNOWN:
                ready[num_ready] = t
                num_ready += 1
            else:
                walking[num_walking] = t
                num_walking += 1
    return num_ready, num_bare, num_walking


@cached_njit(error_model="numpy")
def list_unproven(proven: Ints, wanted: Ints) -> int:
    """List the rows of ``proven [R]`` that are UNKNOWN in ``wanted``; how many they are."""
    count = 0
    for i in range(len(proven)):
        if proven[i] == UNKNOWN:
            wanted[count] = i
            count += 1
    return count


@cached_njit(error_model="numpy")
def prove_finished(terminal: NDArray[np.bool_], value: NDArray[np.float32], proven: Ints) -> None:
    """A finished game proves its value, [R] each."""
    for i in range(len(terminal)):
        proven[i] = value[i] if terminal[i] else UNKNOWN
