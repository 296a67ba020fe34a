"""Selection: each tree is followed from its root to new leaves, whatever rule selects the edges.

Knows nodes, moves, edges and proofs. Does not know how an edge is selected, nor how a leaf is evaluated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.search.expand_backup import add_pending_visit, new_node, try_move, update_ancestors
from agent.search.tree import ROOT, UNKNOWN, Ints, LeafBatch, Records
from games.compilation.jit_cache import Rule, compile_cached, fingerprint


def make_select_leaves(select_edge: Rule, arguments_type: type) -> Rule:
    """Compile the selection loop around ``select_edge(slots, nodes, moves, edges, t, index, arguments)``.

    ``select_edge`` returns the move that a simulation follows from node ``index`` of tree ``t``; ``arguments`` is a
    named tuple of ``arguments_type``.
    """

    def select_leaves(
        slots: Records,
        nodes: Records,
        moves: Records,
        edges: Records,
        rows: Ints,
        leaves: int,
        plain_arguments: tuple[Any, ...],
        columns: NDArray[np.int64],
        count: int,
    ) -> tuple[int, int]:
        """Select up to ``leaves`` new leaves in each of the trees ``rows [R]``, whose roots are expanded.

        The leaves are written into ``columns [5, B]``, the fields of a ``LeafBatch``, behind the first ``count``. A
        simulation that reaches a proven edge backs up its value at once, and the next one begins. A simulation that
        reaches a leaf which is not evaluated yet ends the round of its tree. Returns the new count, and the number of
        simulations that ended at proven edges.

        ``plain_arguments``: the fields of an ``arguments_type`` as a plain tuple, because Numba takes several
        microseconds longer to tell the type of a named one.
        """
        arguments = arguments_type(*plain_arguments)
        batch = LeafBatch(columns[0], columns[1], columns[2], columns[3], columns[4])
        capacity = nodes.shape[1]
        num_proven = 0
        for t in rows:
            slot, root = slots[t], nodes[t, ROOT]
            last = count + leaves
            while count < last and slot["spent"] < slot["budget"] and root["proven"] == UNKNOWN:
                index = ROOT
                edge = select_edge(slots, nodes, moves, edges, t, index, arguments)
                tried = edge < nodes[t, index]["first_edge"] + nodes[t, index]["num_tried"]
                while tried and edges[t, edge]["proven"] == UNKNOWN and nodes[t, edges[t, edge]["child"]]["num_edges"]:
                    index = edges[t, edge]["child"]
                    edge = select_edge(slots, nodes, moves, edges, t, index, arguments)
                    tried = edge < nodes[t, index]["first_edge"] + nodes[t, index]["num_tried"]
                if not tried:
                    edge = try_move(nodes, moves, edges, t, index, edge)
                    add_pending_visit(nodes, edges, t, index, edge)
                    leaf = new_node(slots, nodes, t, index, edge)
                    edges[t, edge]["child"] = leaf
                    batch.trees[count] = t
                    batch.leaves[count] = leaf
                    batch.sources[count] = t * capacity + index
                    batch.targets[count] = t * capacity + leaf
                    batch.actions[count] = moves[t, edge]["action"]
                    count += 1
                elif edges[t, edge]["proven"] != UNKNOWN:
                    proven = edges[t, edge]["proven"]
                    update_ancestors(nodes, edges, t, index, edge, np.float32(proven), proven, 0)
                    num_proven += 1
                else:
                    break
                slot["spent"] += 1
        return count, num_proven

    return compile_cached(select_leaves, fingerprint({"select_leaves": select_leaves}))
