"""Expansion and backup: a leaf gets its moves and its value, and the value is added to every node above it.

Knows nodes, moves, edges, values and proofs. Does not know rules, networks or how an edge is selected.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, LeafPositions, Records
from games.compilation.jit_cache import cached_njit


@njit(forceinline=True, error_model="numpy")
def new_node(slots: Records, nodes: Records, t: int, parent: int, parent_edge: int) -> int:
    """Append a blank node to tree ``t``; return its index."""
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
    """Exchange the moves ``i`` and ``j`` of tree ``t``."""
    if i != j:
        prior, action = moves[t, i]["prior"], moves[t, i]["action"]
        moves[t, i] = moves[t, j]
        moves[t, j]["prior"] = prior
        moves[t, j]["action"] = action


@njit(forceinline=True, error_model="numpy")
def move_likeliest_first(nodes: Records, moves: Records, t: int, index: int) -> None:
    """Put the untried move with the highest prior before the other untried moves of node ``index``.

    Among equal priors, it is the move with the lowest action.
    """
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
def try_move(nodes: Records, moves: Records, edges: Records, t: int, index: int, move: int) -> int:
    """Give the untried ``move`` of node ``index`` a blank edge, behind the edges that the node has; return the edge."""
    node = nodes[t, index]
    place = node["first_edge"] + node["num_tried"]
    swap_moves(moves, t, place, move)
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
def add_pending_visit(nodes: Records, edges: Records, t: int, owner: int, edge: int) -> None:
    """Count a pending visit at every node and edge from the root to ``edge``, which leaves node ``owner``."""
    while owner != NONE:
        node = nodes[t, owner]
        edges[t, edge]["pending"] += 1
        node["pending"] += 1
        edge = node["parent_edge"]
        owner = node["parent"]


@njit(forceinline=True, error_model="numpy")
def expand(
    slots: Records, nodes: Records, moves: Records, t: int, leaf: int, legal: NDArray[np.bool_], logits: Any
) -> None:
    """Give ``leaf`` of tree ``t`` a move for every legal action, with the softmax of their logits as priors.

    ``legal [A]``; ``logits [A]`` float32, of all actions. The priors are uniform if a legal action's logit is not
    finite.
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
    scale = np.float32(1.0) / total
    for e in range(first, first + count):
        moves[t, e]["prior"] *= scale
    if finite:
        swap_moves(moves, t, first, first + best)
    node["first_edge"] = first
    node["num_edges"] = count
    slots[t]["num_edges"] = first + count


@cached_njit(error_model="numpy")
def mix_root_noise(nodes: Records, moves: Records, rows: Ints, fraction: Any, noise: NDArray[np.float32]) -> None:
    """Replace each root prior p of the trees ``rows [R]`` by (1 - fraction) p + fraction * noise.

    ``fraction`` float32; ``noise [R, A]``.
    """
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            move = moves[t, e]
            move["prior"] = (np.float32(1.0) - fraction) * move["prior"] + fraction * noise[i, move["action"]]
        move_likeliest_first(nodes, moves, t, ROOT)


@njit(forceinline=True, error_model="numpy")
def prove_node(nodes: Records, edges: Records, t: int, index: int) -> None:
    """Set the proven value of node ``index`` if its edges allow it.

    One edge that is a proven win proves a win. If every edge is proven, the best of their values is the node's.
    """
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
    nodes: Records, edges: Records, t: int, owner: int, edge_index: int, value: Any, proven: int, pending: int
) -> None:
    """Add one simulation's ``value`` to every edge and node from edge ``edge_index`` of node ``owner`` up to the root.

    ``value`` and ``proven`` are from the viewpoint of the player to move at ``owner``. A proven value travels up as far
    as it proves nodes. ``pending``: 1 if ``add_pending_visit`` counted this simulation, else 0.
    """
    while owner != NONE:
        edge = edges[t, edge_index]
        node = nodes[t, owner]
        if proven != UNKNOWN:
            edge["proven"] = proven
            if node["proven"] == UNKNOWN:
                prove_node(nodes, edges, t, owner)
            proven = node["proven"]
            if proven != UNKNOWN:
                value = proven  # what a proven node passes up is exact
        edge["visits"] += 1
        edge["value_sum"] += value
        edge["pending"] -= pending
        node["visits"] += 1
        node["value_sum"] += value
        node["pending"] -= pending
        edge_index = node["parent_edge"]
        owner = node["parent"]
        if owner != NONE and nodes[t, owner]["to_play"] != node["to_play"]:
            value = -value
            if proven != UNKNOWN:
                proven = -proven


@njit(forceinline=True, error_model="numpy")
def backup(nodes: Records, edges: Records, t: int, leaf: int, to_play: int, value: Any, proven: int) -> None:
    """Set the value of ``leaf`` in tree ``t`` and add it to every node and edge above.

    ``value`` (float32 in [-1, 1]) and ``proven`` are from the viewpoint of ``to_play``, the player to move at the leaf.
    If ``proven`` is not UNKNOWN, it replaces ``value``. A value that is not finite counts as 0.
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
    plain_positions: tuple[Any, ...],
    logits: Any,
    values: Any,
) -> None:
    """Back up the value of each of ``leaves [R]``, a node of tree ``rows [R]``, after expanding it unless it is proven.

    ``plain_positions``: the fields of their ``LeafPositions``. ``logits [W, A]`` and ``values [W]`` are the evaluations
    of the W leaves that are not proven, in their order.
    """
    positions = LeafPositions(*plain_positions)
    evaluated = 0
    for i in range(len(rows)):
        value, proven = np.float32(0.0), positions.proven[i]
        if proven == UNKNOWN:
            expand(slots, nodes, moves, rows[i], leaves[i], positions.legal[i], logits[evaluated])
            value = values[evaluated]
            evaluated += 1
        backup(nodes, edges, rows[i], leaves[i], positions.to_play[i], value, proven)
