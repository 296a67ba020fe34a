"""The completed Q of Gumbel AlphaZero: a value for each move of a node, tried or not (Danihelka et al., ICLR 2022).

Knows nodes, moves and edges. Does not know how a simulation or a decision uses these values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.search.tree import ROOT, UNKNOWN, Records
from games.compilation.jit_cache import cached_njit


class GumbelArguments(NamedTuple):
    """What the kernels of this rule read, of all T trees."""

    visits_before: NDArray[np.int32]  # [T, A] visits that a reused tree had at its root before this move
    noise: NDArray[np.float32]  # [T, A] Gumbel(0, 1) draws at the root; 0 where a slot does not explore
    considered_visits: NDArray[np.int32]  # [T, budget] see ``considered_visits``
    logits: NDArray[np.float64]  # [T, A] of the root
    c_visit: float
    c_scale: float
    scratch: NDArray[np.float64]  # [A] a value for each move of the node at hand


@njit(forceinline=True, error_model="numpy")
def precedes(score: float, other_score: float, action: int, other_action: int) -> bool:
    """Whether ``action`` is better than ``other_action``: a higher score, or the same score and a lower number."""
    return score > other_score or (score == other_score and action < other_action)


@njit(forceinline=True, error_model="numpy")
def complete_q(
    nodes: Records, moves: Records, edges: Records, t: int, index: int, out: Any
) -> tuple[float, int, int, float]:
    """Write the completed Q of the tried moves of node ``index`` into ``out [K]``.

    That is the exact value of a proven edge, the mean value of a visited one, and v_mix (appendix D) for any other.
    v_mix is a mean of the network's value and of the Q of visited edges, which are weighted by their priors.
    Returns v_mix, the visits of the most visited move, the visits of all moves, and the prior of all tried moves.
    """
    node = nodes[t, index]
    first = node["first_edge"]
    most = 0
    total = 0
    tried = 0.0
    mass = 0.0
    weighted = 0.0
    for k in range(node["num_tried"]):
        edge, prior = edges[t, first + k], moves[t, first + k]["prior"]
        tried += prior
        visits = edge["visits"]
        out[k] = np.nan
        if visits > 0:
            out[k] = np.float64(edge["value_sum"] / visits if edge["proven"] == UNKNOWN else edge["proven"])
            total += visits
            most = max(most, visits)
            mass += prior
            weighted += prior * out[k]
    mixed = np.float64(node["value"])
    if mass > 0:
        mixed = (mixed + total * weighted / mass) / (1 + total)
    if node["pending"] > 0:  # some edges wait for their first evaluation
        for k in range(node["num_tried"]):
            if np.isnan(out[k]):
                out[k] = mixed
    return mixed, most, total, tried


@cached_njit(error_model="numpy")
def improve_logits(nodes: Records, moves: Records, edges: Records, t: int, arguments: GumbelArguments) -> float:
    """Write logits + sigma(completed Q) of each move of the root into ``arguments.scratch``; return their maximum."""
    logits, out = arguments.logits, arguments.scratch
    root = nodes[t, ROOT]
    mixed, most, _, _ = complete_q(nodes, moves, edges, t, ROOT, out)
    scale = (arguments.c_visit + most) * arguments.c_scale
    top = -np.inf
    for k in range(root["num_edges"]):
        q = out[k] if k < root["num_tried"] else mixed
        out[k] = logits[t, moves[t, root["first_edge"] + k]["action"]] + scale * q
        top = max(top, out[k])
    return top
