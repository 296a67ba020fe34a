"""Reuse: the part of a tree below the moves played becomes the next tree.

Knows how nodes and edges lie in a tree. Does not know rules, states, or when a tree is worth keeping.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from agent.tree import NONE, ROOT, Ints, Records


@njit(cache=True, nogil=True)
def keep(slots: Records, nodes: Records, edges: Records, t: int, root: int, moved: Ints) -> int:
    """Make node ``root`` the root of tree ``t`` and drop all that is not below it; the number of nodes kept.

    ``moved [N]``: ``moved[new] = old`` node indices, so that the caller can move what it stores per node. Children lie
    behind their parents, so one pass forward moves everything onto places already read.
    """
    count = slots[t]["num_nodes"]
    place = np.full(count, NONE, np.int64)
    place[root] = ROOT
    kept = 0
    first = 0
    for old in range(root, count):
        if old != root and place[edges[t, nodes[t, old]["parent_edge"]]["owner"]] == NONE:
            continue
        place[old] = kept
        moved[kept] = old
        kept += 1
    # Nodes know their parent by its edge: edges move in the order of their owners, so note where each one's begin.
    begins = np.zeros(kept, np.int64)
    for new in range(kept):
        begins[new] = first
        first += nodes[t, moved[new]]["num_edges"]
    parent_edges = np.full(kept, NONE, np.int64)
    for new in range(1, kept):
        pick = nodes[t, moved[new]]["parent_edge"]
        owner = edges[t, pick]["owner"]
        parent_edges[new] = begins[place[owner]] + pick - nodes[t, owner]["first_edge"]
    # A node's edges may lie before or behind those of an earlier node: move them by way of a copy.
    saved = np.empty(first, edges.dtype)
    for new in range(kept):
        node = nodes[t, moved[new]]
        for e in range(node["num_edges"]):
            saved[begins[new] + e] = edges[t, node["first_edge"] + e]
            edge = saved[begins[new] + e]
            edge["owner"] = new
            if edge["child"] != NONE:
                edge["child"] = place[edge["child"]]
    for e in range(first):
        edges[t, e] = saved[e]
    for new in range(kept):
        nodes[t, new] = nodes[t, moved[new]]
        nodes[t, new]["first_edge"] = begins[new]
        nodes[t, new]["parent_edge"] = parent_edges[new]
    slots[t]["num_nodes"] = kept
    slots[t]["num_edges"] = first
    return kept
