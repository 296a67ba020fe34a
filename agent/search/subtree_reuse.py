"""Subtree reuse: the part of a tree below the moves played becomes the next tree.

Knows how nodes and edges are stored. Does not know rules, states, or when a tree is worth reusing.
"""

from __future__ import annotations

import numpy as np

from agent.search.tree import NONE, ROOT, Ints, Records
from games.compilation.jit_cache import cached_njit


@cached_njit
def reroot(slots: Records, nodes: Records, moves: Records, edges: Records, t: int, root: int, moved: Ints) -> int:
    """Make node ``root`` the root of tree ``t``, drop all nodes that are not below it, and return how many remain.

    ``moved [N]`` receives the old index of each node, so that the caller can move what it stores for each node.
    Children come later than their parents, so one pass forward overwrites only nodes that were read before. The moves
    of nodes may come in any order, so they are copied first.
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
    begins = np.empty(kept, np.int64)  # the old first edge of each node
    saved_moves, saved_edges = np.empty(total, moves.dtype), np.empty(total, edges.dtype)
    first = 0
    for new in range(kept):
        node = nodes[t, new]
        nodes[t, new] = nodes[t, moved[new]]
        if new > 0:  # its parent was moved before it
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
