"""The search trees of many slots as flat arrays.

Knows how nodes, moves and edges lie. Does not know how trees grow, rules, networks or how an edge is chosen.

A slot holds one tree. Node 0 is its root; children come later in the arrays than their parents. A node's moves lie side
by side, one for each legal action: first those that were tried, in the order of their first visit, then the likeliest
of the others, then the rest. Edge e is what the search knows of move e: it means nothing before the move is tried, so
that what a search never looks at costs no memory traffic. **Legend: every value is from the viewpoint of the player to
move at its node; an edge's value is its owner's view. Only ``backup`` turns a sign**, by comparing ``to_play``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.game import MOST_ACTIONS

ROOT = 0
NONE = -1
UNKNOWN = 2
"""Not proven; otherwise +1, 0 or -1 is the exact value."""

MOST_EDGES = (1 << 31) - 1
"""Of one tree: nodes hold the number of an edge in 32 bits."""

MOST_LEAVES = (1 << 15) - 1
"""Of one tree at once: nodes and edges count those that wait in 16 bits."""

NODE = np.dtype(
    [
        ("first_edge", np.int32),
        ("parent", np.int32),  # the node above; NONE at the root
        ("parent_edge", np.int32),  # its edge to this one
        ("visits", np.int32),  # its own evaluation and every simulation below it
        ("value_sum", np.float32),
        ("value", np.float32),  # the network's
        ("num_edges", np.int16),  # 0 until expanded
        ("num_tried", np.int16),
        ("pending", np.int16),  # simulations below it that wait for their evaluation
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
        ("spent", np.int32),  # simulations begun
        ("active", np.bool_),
    ],
    align=True,
)
CHILD = np.dtype([(name, dtype[name]) for dtype in (MOVE, EDGE) for name in dtype.names or ()])
"""A move and its edge, blank if it was not tried, to be read outside of kernels."""

Records = NDArray[Any]
Ints = NDArray[np.integer]


def node_bytes(num_actions: int) -> int:
    """The memory of one node and all its edges."""
    return NODE.itemsize + num_actions * (MOVE.itemsize + EDGE.itemsize)


class Trees:
    """Arrays for ``num_slots`` trees of ``capacity`` nodes: untouched memory costs nothing until it is used."""

    def __init__(self, num_slots: int, capacity: int, num_actions: int) -> None:
        """ValueError for what the fields of the arrays cannot count."""
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
        """What every kernel takes first: slots [T], nodes [T, N], moves [T, E], edges [T, E]."""
        return self.slots, self.nodes, self.moves, self.edges

    def children(self, slot: int, node: int = ROOT) -> Records:
        """Copies of the moves of ``node`` with their edges, as CHILD [K] by action; empty until it is expanded."""
        record = self.nodes[slot, node]
        first, tried, count = int(record["first_edge"]), int(record["num_tried"]), int(record["num_edges"])
        found = np.zeros(count, CHILD)
        for name in MOVE.names or ():
            found[name] = self.moves[slot, first : first + count][name]
        found["child"], found["proven"] = NONE, UNKNOWN
        for name in EDGE.names or ():
            found[name][:tried] = self.edges[slot, first : first + tried][name]
        return found[np.argsort(found["action"])]
