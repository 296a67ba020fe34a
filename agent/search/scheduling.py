"""Which slots and leaves a round of simulations has to work on, as lists that compiled loops write."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.search.tree import ROOT, UNKNOWN, Ints, Records
from games.compilation.jit_cache import cached_njit


@cached_njit(error_model="numpy")
def sort_slots(
    slots: Records, nodes: Records, leaves: int, ready: Ints, bare: Ints, unfinished: Ints
) -> tuple[int, int, int]:
    """Write each active slot into one of three lists [T], and return the lengths of the lists.

    ``ready``: the search is finished. ``bare``: the root is not expanded. ``unfinished``: more simulations are to come.
    """
    capacity = nodes.shape[1]
    num_ready = num_bare = num_unfinished = 0
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
                unfinished[num_unfinished] = t
                num_unfinished += 1
    return num_ready, num_bare, num_unfinished


@cached_njit(error_model="numpy")
def list_unproven(proven: Ints, rows: Ints) -> int:
    """Write the rows of ``proven [R]`` that are UNKNOWN into ``rows``; return their number."""
    count = 0
    for i in range(len(proven)):
        if proven[i] == UNKNOWN:
            rows[count] = i
            count += 1
    return count


@cached_njit(error_model="numpy")
def prove_finished(terminal: NDArray[np.bool_], value: NDArray[np.float32], proven: Ints) -> None:
    """Write the value of each finished game into ``proven [R]``, and UNKNOWN for any other."""
    for i in range(len(terminal)):
        proven[i] = value[i] if terminal[i] else UNKNOWN
