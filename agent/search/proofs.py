"""What is proven about the root of a tree, applied to the decision: exact values, and no proven mistake.

The backup of proofs through the tree is in ``agent.search.expand_backup``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.search.tree import ROOT, UNKNOWN, Ints, Records
from games.jit_cache import cached_njit


@cached_njit(error_model="numpy")
def respect_proofs(
    nodes: Records,
    moves: Records,
    edges: Records,
    rows: Ints,
    action: Any,
    policy: Any,
    value: Any,
    proven: Any,
) -> None:
    """Make the decisions [R] of the trees ``rows [R]`` respect what is proven: exact values and no proven mistake.

    With the root proven, only actions that reach its value remain in the policy; before that, proven losses leave it.
    ``proven`` says on entry which roots have a proven edge, and then which are proven.
    """
    for i in range(len(rows)):
        if not proven[i]:
            continue
        t = rows[i]
        root = nodes[t, ROOT]
        first, count = root["first_edge"], root["num_edges"]
        exact = root["proven"]
        proven[i] = exact != UNKNOWN
        if proven[i]:
            value[i] = exact
        good = np.empty(count, np.bool_)
        mass = 0.0
        for k in range(count):
            known = edges[t, first + k]["proven"] if k < root["num_tried"] else UNKNOWN
            good[k] = known == exact if proven[i] else known != -1
            if good[k]:
                mass += policy[i, moves[t, first + k]["action"]]
        if good.all() or not good.any():
            continue
        speechless = mass < 1e-6  # the policy has nothing good: the prior speaks
        if speechless:
            mass = 0.0
            for k in range(count):
                mass += moves[t, first + k]["prior"] + 1e-6 if good[k] else 0.0
        for k in range(count):
            move = moves[t, first + k]
            a = move["action"]
            if not good[k]:
                policy[i, a] = 0
            else:
                policy[i, a] = (move["prior"] + 1e-6 if speechless else policy[i, a]) / mass
        for k in range(count):
            if not good[k] and moves[t, first + k]["action"] == action[i]:
                action[i] = np.argmax(policy[i])
                break
