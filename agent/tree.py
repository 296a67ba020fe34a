"""The search trees of many slots as flat arrays, and the kernels every search shares: finish a walk, receive its leaf.

Knows nodes, edges, values and proofs. Does not know rules, networks or how an edge is chosen.

A slot holds one tree. Node 0 is its root; children come later in the arrays than their parents. A node's edges lie side
by side, one for each legal action. **Legend: every value is from the viewpoint of the player to move at its node; an
edge's value is its owner's view. Only ``backup`` turns a sign**, by comparing ``to_play``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

ROOT = 0
NONE = -1
UNKNOWN = 2
"""Not proven; otherwise +1, 0 or -1 is the exact value."""

LEAF, EXACT, COLLISION = 0, 1, 2
"""How a walk ends: at a new leaf, at a proven value, or at a leaf that still waits for its evaluation."""

NODE = np.dtype(
    [
        ("first_edge", np.int32),
        ("num_edges", np.int32),  # 0 until expanded
        ("parent_edge", np.int32),  # NONE at the root
        ("visits", np.int32),  # its own evaluation and every simulation below it
        ("pending", np.int32),  # simulations below it that wait for their evaluation
        ("value_sum", np.float32),
        ("value", np.float32),  # the network's
        ("to_play", np.int8),
        ("proven", np.int8),
    ],
    align=True,
)
EDGE = np.dtype(
    [
        ("owner", np.int32),
        ("child", np.int32),  # NONE until grown
        ("visits", np.int32),
        ("pending", np.int32),
        ("value_sum", np.float32),
        ("logit", np.float32),
        ("prior", np.float32),
        ("action", np.int16),
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

Records = NDArray[Any]
Ints = NDArray[np.integer]


class Trees:
    """Arrays for ``num_slots`` trees of ``capacity`` nodes: untouched memory costs nothing until it is used."""

    def __init__(self, num_slots: int, capacity: int, num_actions: int) -> None:
        self.slots: Records = np.zeros(num_slots, SLOT)
        self.nodes: Records = np.empty((num_slots, capacity), NODE)
        self.edges: Records = np.empty((num_slots, capacity * num_actions), EDGE)
        self.capacity = capacity

    @property
    def arrays(self) -> tuple[Records, Records, Records]:
        """What every kernel takes first: slots [T], nodes [T, N], edges [T, E]."""
        return self.slots, self.nodes, self.edges

    def root_edges(self, slot: int) -> Records:
        """The edges of the root, as a view [K]; empty until the root is expanded."""
        root = self.nodes[slot, ROOT]
        return self.edges[slot, root["first_edge"] : root["first_edge"] + root["num_edges"]]

    def children(self, slot: int, node: int) -> Records:
        """The edges of ``node``, as a view [K]."""
        record = self.nodes[slot, node]
        return self.edges[slot, record["first_edge"] : record["first_edge"] + record["num_edges"]]


@njit(cache=True, nogil=True, error_model="numpy")
def new_node(slots: Records, nodes: Records, t: int, parent_edge: int) -> int:
    """A blank node at the end of tree ``t``; its index."""
    index = int(slots[t]["num_nodes"])
    slots[t]["num_nodes"] = index + 1
    node = nodes[t, index]
    node["first_edge"] = 0
    node["num_edges"] = 0
    node["parent_edge"] = parent_edge
    node["visits"] = 0
    node["pending"] = 0
    node["value_sum"] = 0
    node["value"] = 0
    node["to_play"] = 0
    node["proven"] = UNKNOWN
    return index


@njit(cache=True, nogil=True, error_model="numpy")
def plant(slots: Records, nodes: Records, edges: Records, rows: Ints) -> None:
    """Clear the trees ``rows [R]`` to a bare root."""
    for t in rows:
        slots[t]["num_nodes"] = 0
        slots[t]["num_edges"] = 0
        new_node(slots, nodes, t, NONE)


@njit(cache=True, nogil=True, error_model="numpy")
def mark(nodes: Records, edges: Records, t: int, pick: int, by: int) -> None:
    """Count ``by`` pending simulations on the walk from the root to edge ``pick``."""
    while pick != NONE:
        edge = edges[t, pick]
        edge["pending"] += by
        nodes[t, edge["owner"]]["pending"] += by
        pick = nodes[t, edge["owner"]]["parent_edge"]


@njit(cache=True, nogil=True, error_model="numpy")
def expand(
    slots: Records, nodes: Records, edges: Records, t: int, leaf: int, legal: NDArray[np.bool_], logits: Any
) -> None:
    """Give ``leaf`` of tree ``t`` an edge for every legal action, with logits and their softmax as priors.

    ``legal [A]``; ``logits [A]`` raw, float32. Logits that are not all finite count as uniform.
    """
    node = nodes[t, leaf]
    first = slots[t]["num_edges"]
    count = 0
    top = np.float32(-np.inf)
    finite = True
    for a in range(len(legal)):
        if legal[a]:
            top = max(top, logits[a])
            finite &= np.isfinite(logits[a])
    total = np.float32(0.0)
    for a in range(len(legal)):
        if legal[a]:
            edge = edges[t, first + count]
            logit = logits[a] - top if finite else np.float32(0.0)
            prior = np.float32(1.0)
            if logit != 0:  # the best one needs no exponential
                prior = np.float32(math.exp(np.float64(logit)))  # the same bits without the JIT
            total += prior
            edge["owner"] = leaf
            edge["child"] = NONE
            edge["visits"] = 0
            edge["pending"] = 0
            edge["value_sum"] = 0
            edge["logit"] = logit
            edge["prior"] = prior
            edge["action"] = a
            edge["proven"] = UNKNOWN
            count += 1
    share = np.float32(1.0) / total
    for e in range(first, first + count):
        edges[t, e]["prior"] *= share
    node["first_edge"] = first
    node["num_edges"] = count
    slots[t]["num_edges"] = first + count


@njit(cache=True, nogil=True, error_model="numpy")
def settle(nodes: Records, edges: Records, t: int, index: int) -> None:
    """Prove node ``index`` from its edges, if they allow it: one win is a win; all proven, the best of them."""
    node = nodes[t, index]
    best = -1
    for e in range(node["first_edge"], node["first_edge"] + node["num_edges"]):
        proven = edges[t, e]["proven"]
        if proven == 1:
            node["proven"] = 1
            return
        if proven == UNKNOWN:
            best = UNKNOWN
        elif best != UNKNOWN:
            best = max(best, proven)
    node["proven"] = best


@njit(cache=True, nogil=True, error_model="numpy")
def walk_up(nodes: Records, edges: Records, t: int, pick: int, value: Any, proven: int) -> None:
    """Add one simulation's ``value`` (the view of edge ``pick``'s owner) to all above; spread proofs."""
    while pick != NONE:
        edge = edges[t, pick]
        owner = nodes[t, edge["owner"]]
        if proven != UNKNOWN:
            edge["proven"] = proven
            if owner["proven"] == UNKNOWN:
                settle(nodes, edges, t, edge["owner"])
            proven = owner["proven"]
            if proven != UNKNOWN:
                value = proven  # a proven node answers with its exact value
        edge["visits"] += 1
        edge["value_sum"] += value
        edge["pending"] -= 1
        owner["visits"] += 1
        owner["value_sum"] += value
        owner["pending"] -= 1
        pick = owner["parent_edge"]
        if pick != NONE and nodes[t, edges[t, pick]["owner"]]["to_play"] != owner["to_play"]:
            value = -value
            if proven != UNKNOWN:
                proven = -proven


@njit(cache=True, nogil=True, error_model="numpy")
def backup(nodes: Records, edges: Records, t: int, leaf: int, to_play: int, value: Any, proven: int) -> None:
    """Give ``leaf`` of tree ``t`` its value (the view of its ``to_play``) and add it to everything above.

    ``value`` float32 in [-1, 1]; where ``proven`` is not UNKNOWN, it is the exact value.
    """
    node = nodes[t, leaf]
    if proven != UNKNOWN:
        value = np.float32(proven)
    elif not np.isfinite(value):
        value = np.float32(0.0)
    node["to_play"] = to_play
    node["proven"] = proven
    node["value"] = value
    node["visits"] += 1
    node["value_sum"] += value
    pick = node["parent_edge"]
    if pick != NONE and nodes[t, edges[t, pick]["owner"]]["to_play"] != to_play:
        value = -value
        if proven != UNKNOWN:
            proven = -proven
    walk_up(nodes, edges, t, pick, value, proven)


@njit(cache=True, nogil=True, error_model="numpy")
def receive(
    slots: Records, nodes: Records, edges: Records, rows: Ints, leaves: Ints, found: Any, logits: Any, values: Any
) -> None:
    """Give each leaf ``[R]`` of a tree in ``rows [R]`` its edges, unless it is proven, and tell all above it.

    ``found``: legal [R, A], to_play [R], proven [R]. ``logits [W, A]`` and ``values [W]`` are of the W leaves that are
    not proven, in their order.
    """
    legal, to_play, proven = found
    asked = 0
    for i in range(len(rows)):
        value = np.float32(0.0)
        if proven[i] == UNKNOWN:
            expand(slots, nodes, edges, rows[i], leaves[i], legal[i], logits[asked])
            value = values[asked]
            asked += 1
        backup(nodes, edges, rows[i], leaves[i], to_play[i], value, proven[i])


@njit(cache=True, nogil=True, error_model="numpy")
def finish(
    slots: Records, nodes: Records, edges: Records, walking: Ints, picks: Ints, ends: Ints, count: int, batch: Any
) -> tuple[int, int, int]:
    """Write the walks of the trees ``walking [R]`` down: grow a leaf, add an exact value, or leave a collision alone.

    New leaves go behind the first ``count`` columns of ``batch [5, B]``: trees, leaves, the places in the arena of
    parents and leaves, and the actions between. Trees that met an exact value and have more to spend come to the front
    of ``walking``. Returns the new count, how many walk again, and how many met an exact value.
    """
    trees, leaves, sources, targets, actions = batch
    capacity = nodes.shape[1]
    again = 0
    exact = 0
    for i in range(len(walking)):
        t = walking[i]
        edge = edges[t, picks[i]]
        if ends[i] == COLLISION:
            continue
        slots[t]["spent"] += 1
        mark(nodes, edges, t, picks[i], 1)
        if ends[i] == EXACT:
            exact += 1
            walk_up(nodes, edges, t, picks[i], np.float32(edge["proven"]), edge["proven"])
            if slots[t]["spent"] < slots[t]["budget"] and nodes[t, ROOT]["proven"] == UNKNOWN:
                walking[again] = t
                again += 1
        else:
            edge["child"] = new_node(slots, nodes, t, picks[i])
            trees[count] = t
            leaves[count] = edge["child"]
            sources[count] = t * capacity + edge["owner"]
            targets[count] = t * capacity + edge["child"]
            actions[count] = edge["action"]
            count += 1
    return count, again, exact
