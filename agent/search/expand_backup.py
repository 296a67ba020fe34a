"""How trees grow: the kernels every search shares. A walk down ends at a leaf, which is judged, and all above hear it.

Knows nodes, moves, edges, values and proofs. Does not know rules, networks or how an edge is chosen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records
from games.jit_cache import cached_njit


@njit(forceinline=True, error_model="numpy")
def new_node(slots: Records, nodes: Records, t: int, parent: int, parent_edge: int) -> int:
    """A blank node at the end of tree ``t``; its index."""
    index = int(slots[t]["num_nodes"])
    slots[t]["num_nodes"] = index + 1
    node = nodes[t, index]
    node["first_edge"] = 0
    node["parent"] = parent
    node["parent_edge"] = parent_edge
    node["visits"] = 0
    node["value_sum"] = 0
    node["value"] = 0
    node["num_edges"] = 0
    node["num_tried"] = 0
    node["pending"] = 0
    node["to_play"] = 0
    node["proven"] = UNKNOWN
    return index


@cached_njit(error_model="numpy")
def init_roots(slots: Records, nodes: Records, moves: Records, edges: Records, rows: Ints) -> None:
    """Clear the trees ``rows [R]`` to a bare root."""
    for t in rows:
        slots[t]["num_nodes"] = 0
        slots[t]["num_edges"] = 0
        new_node(slots, nodes, t, NONE, NONE)


@njit(forceinline=True, error_model="numpy")
def swap_moves(moves: Records, t: int, i: int, j: int) -> None:
    """Let moves ``i`` and ``j`` of tree ``t`` change places."""
    if i != j:
        prior, action = moves[t, i]["prior"], moves[t, i]["action"]
        moves[t, i] = moves[t, j]
        moves[t, j]["prior"] = prior
        moves[t, j]["action"] = action


@njit(forceinline=True, error_model="numpy")
def move_likeliest_first(nodes: Records, moves: Records, t: int, index: int) -> None:
    """Bring the likeliest untried move of node ``index`` before the others; of equal ones that of the lowest action."""
    node = nodes[t, index]
    start = node["first_edge"] + node["num_tried"]
    best = start
    for e in range(start + 1, node["first_edge"] + node["num_edges"]):
        prior, top = moves[t, e]["prior"], moves[t, best]["prior"]
        if prior > top or (prior == top and moves[t, e]["action"] < moves[t, best]["action"]):
            best = e
    if best != start:
        swap_moves(moves, t, start, best)


@njit(forceinline=True, error_model="numpy")
def try_move(nodes: Records, moves: Records, edges: Records, t: int, index: int, pick: int) -> int:
    """Make the untried move ``pick`` of node ``index`` a tried one; its edge, which is blank."""
    node = nodes[t, index]
    place = node["first_edge"] + node["num_tried"]
    swap_moves(moves, t, place, pick)
    edge = edges[t, place]
    edge["child"] = NONE
    edge["visits"] = 0
    edge["value_sum"] = 0
    edge["pending"] = 0
    edge["proven"] = UNKNOWN
    node["num_tried"] += 1
    move_likeliest_first(nodes, moves, t, index)
    return int(place)


@njit(forceinline=True, error_model="numpy")
def add_pending_visit(nodes: Records, edges: Records, t: int, owner: int, pick: int) -> None:
    """Count a pending simulation on the walk from the root to edge ``pick`` of ``owner``."""
    while owner != NONE:
        node = nodes[t, owner]
        edges[t, pick]["pending"] += 1
        node["pending"] += 1
        pick = node["parent_edge"]
        owner = node["parent"]


@njit(forceinline=True, error_model="numpy")
def expand(
    slots: Records, nodes: Records, moves: Records, t: int, leaf: int, legal: NDArray[np.bool_], logits: Any
) -> None:
    """Give ``leaf`` of tree ``t`` a move for every legal action, with the softmax of their logits as priors.

    ``legal [A]``; ``logits [A]`` raw, float32. Logits that are not all finite count as uniform.
    """
    node = nodes[t, leaf]
    first = slots[t]["num_edges"]
    count = 0
    best = 0
    top = np.float32(-np.inf)
    finite = True
    for a in range(len(legal)):
        if legal[a]:
            logit = logits[a]
            finite &= math.isfinite(logit)
            if logit > top:
                top = logit
                best = count
            moves[t, first + count]["action"] = a
            moves[t, first + count]["prior"] = logit
            count += 1
    total = np.float32(0.0)
    for e in range(first, first + count):
        logit = moves[t, e]["prior"] - top if finite else np.float32(0.0)
        prior = np.float32(1.0)
        if logit != 0:  # the best one needs no exponential
            prior = np.float32(math.exp(np.float64(logit)))  # the same bits without the JIT
        total += prior
        moves[t, e]["prior"] = prior
    share = np.float32(1.0) / total
    for e in range(first, first + count):
        moves[t, e]["prior"] *= share
    if finite:
        swap_moves(moves, t, first, first + best)
    node["first_edge"] = first
    node["num_edges"] = count
    slots[t]["num_edges"] = first + count


@cached_njit(error_model="numpy")
def mix_root_noise(nodes: Records, moves: Records, rows: Ints, fraction: Any, noise: NDArray[np.float32]) -> None:
    """Mix ``noise [R, A]`` into the priors of the roots of ``rows [R]``; ``fraction`` float32."""
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            move = moves[t, e]
            move["prior"] = (np.float32(1.0) - fraction) * move["prior"] + fraction * noise[i, move["action"]]
        move_likeliest_first(nodes, moves, t, ROOT)


@njit(forceinline=True, error_model="numpy")
def prove_node(nodes: Records, edges: Records, t: int, index: int) -> None:
    """Prove node ``index`` from its edges, if they allow it: one win is a win; all proven, the best of them."""
    node = nodes[t, index]
    best = -1 if node["num_tried"] == node["num_edges"] else UNKNOWN
    for e in range(node["first_edge"], node["first_edge"] + node["num_tried"]):
        proven = edges[t, e]["proven"]
        if proven == 1:
            node["proven"] = 1
            return
        if proven == UNKNOWN:
            best = UNKNOWN
        elif best != UNKNOWN:
            best = max(best, proven)
    node["proven"] = best


@njit(forceinline=True, error_model="numpy")
def update_ancestors(
    nodes: Records, edges: Records, t: int, owner: int, pick: int, value: Any, proven: int, marked: int
) -> None:
    """Add one simulation's ``value`` (the view of ``owner``, who has edge ``pick``) to all above; spread proofs.

    ``marked``: 1 if the walk was counted as pending, else 0.
    """
    while owner != NONE:
        edge = edges[t, pick]
        node = nodes[t, owner]
        if proven != UNKNOWN:
            edge["proven"] = proven
            if node["proven"] == UNKNOWN:
                prove_node(nodes, edges, t, owner)
            proven = node["proven"]
            if proven != UNKNOWN:
                value = proven  # a proven node answers with its exact value
        edge["visits"] += 1
        edge["value_sum"] += value
        edge["pending"] -= marked
        node["visits"] += 1
        node["value_sum"] += value
        node["pending"] -= marked
        pick = node["parent_edge"]
        owner = node["parent"]
        if owner != NONE and nodes[t, owner]["to_play"] != node["to_play"]:
            value = -value
            if proven != UNKNOWN:
                proven = -proven


@njit(forceinline=True, error_model="numpy")
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
    owner = node["parent"]
    if owner != NONE and nodes[t, owner]["to_play"] != to_play:
        value = -value
        if proven != UNKNOWN:
            proven = -proven
    update_ancestors(nodes, edges, t, owner, node["parent_edge"], value, proven, 1)


@cached_njit(error_model="numpy")
def expand_and_backup(
    slots: Records,
    nodes: Records,
    moves: Records,
    edges: Records,
    rows: Ints,
    leaves: Ints,
    found: Any,
    logits: Any,
    values: Any,
) -> None:
    """Give each leaf ``[R]`` of a tree in ``rows [R]`` its moves, unless it is proven, and tell all above it.

    ``found``: legal [R, A], to_play [R], proven [R]. ``logits [W, A]`` and ``values [W]`` are of the W leaves that are
    not proven, in their order.
    """
    legal, to_play, proven = found
    asked = 0
    for i in range(len(rows)):
        value = np.float32(0.0)
        if proven[i] == UNKNOWN:
            expand(slots, nodes, moves, rows[i], leaves[i], legal[i], logits[asked])
            value = values[asked]
            asked += 1
        backup(nodes, edges, rows[i], leaves[i], to_play[i], value, proven[i])
