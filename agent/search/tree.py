"""The search trees of many slots as flat arrays.

Knows how nodes, moves and edges are stored. Does not know rules, networks, nor how trees are searched.

A slot holds one tree. Node 0 is its root, and children come later in the arrays than their parents. A node's moves are
stored side by side, one for each legal action: first the tried ones in the order of their first visit, then the untried
one with the highest prior, then the rest. Edge e holds the statistics of move e; before the move is tried, its content
has no meaning, so that moves which are never tried cost no memory traffic. **Legend: every value is from the viewpoint
of the player to move at its node, and an edge's value from that of the node which it leaves. Only ``backup`` changes a
sign**, by comparing ``to_play``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import MOST_ACTIONS

ROOT = 0
NONE = -1
UNKNOWN = 2
"""Not proven; otherwise +1, 0 or -1 is the exact value."""

MOST_EDGES = (1 << 31) - 1
"""The most edges of one tree: nodes store the index of an edge in 32 bits."""

NODE = np.dtype(
    [
        ("first_edge", np.int32),
        ("parent", np.int32),  # NONE at the root
        ("parent_edge", np.int32),  # the edge from the parent to this node
        ("visits", np.int32),  # its own evaluation and all simulations below it
        ("value_sum", np.float32),
        ("value", np.float32),  # its own evaluation
        ("num_edges", np.int16),  # 0 until expanded
        ("num_tried", np.int16),
        ("pending", np.int16),  # simulations below it that wait for the evaluation of their leaf
        ("to_play", np.int8),
        ("proven", np.int8),
    ],
    align=True,
)
MOVE = np.dtype([("prior", np.float32), ("action", np.int16)], align=True)
EDGE = np.dtype(
    [
        ("child", np.int32),
        ("visits", np.int32),
        ("value_sum", np.float32),
        ("pending", np.int16),
        ("proven", np.int8),
    ],
    align=True,
)
SLOT = np.dtype(
    [
        ("num_nodes", np.int32),
        ("num_edges", np.int32),
        ("budget", np.int32),  # simulations that this move may spend
        ("spent", np.int32),  # simulations that were begun
        ("active", np.bool_),
    ],
    align=True,
)
CHILD = np.dtype([(name, dtype[name]) for dtype in (MOVE, EDGE) for name in dtype.names or ()])
"""A move and its edge, which is blank if the move was not tried, for readers other than kernels."""

Records = NDArray[Any]
Ints = NDArray[np.integer]


class LeafBatch(NamedTuple):
    """The leaves of a round of simulations, [B] each; the arena holds the state of every node of every tree."""

    trees: Ints
    leaves: Ints  # nodes of these trees
    sources: Ints  # places of their parents in the arena
    targets: Ints  # places of the leaves in the arena
    actions: Ints  # from parent to leaf; NONE at a root, which is in its place already


class LeafPositions(NamedTuple):
    """What the rules say of R leaves."""

    legal: NDArray[np.bool_]  # [R, A]
    to_play: NDArray[np.int8]  # [R]
    proven: NDArray[np.int8]  # [R] the exact value, or UNKNOWN


def node_bytes(num_actions: int) -> int:
    """The memory of one node and all its edges."""
    return NODE.itemsize + num_actions * (MOVE.itemsize + EDGE.itemsize)


class Trees:
    """The arrays of ``num_slots`` trees of ``capacity`` nodes. The system reserves their memory only as it is used."""

    def __init__(self, num_slots: int, capacity: int, num_actions: int) -> None:
        """ValueError if the fields of the arrays are too small to count the actions or the edges."""
        if num_actions > MOST_ACTIONS:
            raise ValueError(f"the game has {num_actions} actions; a search takes {MOST_ACTIONS} at most")
        if capacity * num_actions > MOST_EDGES:
            raise ValueError(
                f"a tree of {capacity:,} positions with {num_actions} actions each may have more than {MOST_EDGES:,}"
                " edges; fewer simulations take less"
            )
        self.slots: Records = np.zeros(num_slots, SLOT)
        self.nodes: Records = np.empty((num_slots, capacity), NODE)
        self.moves: Records = np.empty((num_slots, capacity * num_actions), MOVE)
        self.edges: Records = np.empty((num_slots, capacity * num_actions), EDGE)
        self.capacity = capacity

    @property
    def arrays(self) -> tuple[Records, Records, Records, Records]:
        """The first arguments of every kernel: slots [T], nodes [T, N], moves [T, E], edges [T, E]."""
        return self.slots, self.nodes, self.moves, self.edges

    def children(self, slot: int, node: int = ROOT) -> Records:
        """Copies of the moves of ``node`` with their edges as CHILD [K] by action; empty until the node is expanded."""
        record = self.nodes[slot, node]
        first, tried, count = int(record["first_edge"]), int(record["num_tried"]), int(record["num_edges"])
        children = np.zeros(count, CHILD)
        for name in MOVE.names or ():
            children[name] = self.moves[slot, first : first + count][name]
        children["child"], children["proven"] = NONE, UNKNOWN
        for name in EDGE.names or ():
            children[name][:tried] = self.edges[slot, first : first + tried][name]
        return children[np.argsort(children["action"])]

    def most_visited_line(self, slot: int, edge: Any = None) -> Iterator[tuple[int, Any]]:
        """(node, its most visited edge as CHILD) from the root on; ``edge`` is taken first where it is given."""
        node = ROOT
        while node != NONE:
            if edge is None:
                edges = self.children(slot, node)
                if not len(edges) or edges["visits"].max() == 0:
                    return
                edge = edges[np.argmax(edges["visits"])]
            yield node, edge
            node, edge = int(edge["child"]), None
