"""Reuse: the part of a tree below the moves played becomes the next tree.

Knows how nodes and edges lie in a tree. Does not know rules, states, or when a tree is worth keeping.
"""

from __future__ import annotations

import numpy as np

from agent.search.tree import NONE, ROOT, Ints, Records
from games.jit_cache import cached_njit


@cached_njit
def reroot(slots: Records, nodes: Records, moves: Records, edges: Records, t: int, root: int, moved: Ints) -> int:
    """Make node ``root`` the root of tree ``t`` and drop all that is not below it; the number of nodes kept.

    ``moved [N]``: ``moved[new] = old`` node indices, so that the caller can move what it stores per node. Children lie
    behind their parents, so one pass forward moves nodes onto places already read; their moves need not lie in the
    order of their nodes, and go by way of a copy.
    """
    count = slots[t]["num_nodes"]
    place = np.full(count, NONE, np.int64)
    kept = 0
    total = 0
    for old in range(root, count):
        if old == root or place[nodes[t, old]["parent"]] != NONE:
            place[old] = kept
            moved[kept] = old
            kept += 1
            total += nodes[t, old]["num_edges"]
    begins = np.empty(kept, np.int64)  # where the edges of each lay
    saved_moves, saved_edges = np.empty(total, moves.dtype), np.empty(total, edges.dtype)
    first = 0
    for new in range(kept):
        node = nodes[t, new]
        nodes[t, new] = nodes[t, moved[new]]
        if new > 0:  # its parent has moved already
            parent = place[node["parent"]]
            node["parent_edge"] += nodes[t, parent]["first_edge"] - begins[parent]
            node["parent"] = parent
        for k in range(node["num_edges"]):
            saved_moves[first + k] = moves[t, node["first_edge"] + k]
            if k < node["num_tried"]:
                saved_edges[first + k] = edges[t, node["first_edge"] + k]
                saved_edges[first + k]["child"] = place[saved_edges[first + k]["child"]]
        begins[new] = node["first_edge"]
        node["first_edge"] = first
        first += node["num_edges"]
    moves[t, :total] = saved_moves
    edges[t, :total] = saved_edges
    nodes[t, ROOT]["parent"] = NONE
    nodes[t, ROOT]["parent_edge"] = NONE
    slots[t]["num_nodes"] = kept
    slots[t]["num_edges"] = total
    return kept
