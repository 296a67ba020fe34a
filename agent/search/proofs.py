"""Proofs at the root change the decision: its value becomes exact, and proven mistakes leave its policy.

How proofs travel up the tree is in ``agent.search.expand_backup``.
"""

from __future__ import annotations

import numpy as np

from agent.decision import Decisions
from agent.search.tree import ROOT, UNKNOWN, Ints, Records
from games.compilation.jit_cache import cached_njit


@cached_njit(error_model="numpy")
def respect_proofs(nodes: Records, moves: Records, edges: Records, rows: Ints, decisions: Decisions) -> None:
    """Change the ``decisions`` [R] of the trees ``rows [R]`` by what is proven at their roots.

    If the root is proven, its value is the decision's, and only actions that reach it stay in the policy. If it is not,
    proven losses leave the policy. ``decisions.proven`` says on entry which roots have a proven edge, and on return
    which roots are proven.
    """
    action, policy, value, proven = decisions.action, decisions.policy, decisions.value, decisions.proven
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
        use_prior = mass < 1e-6  # the policy gives the good actions nothing
        if use_prior:
            mass = 0.0
            for k in range(count):
                mass += moves[t, first + k]["prior"] + 1e-6 if good[k] else 0.0
        for k in range(count):
            move = moves[t, first + k]
            a = move["action"]
            if not good[k]:
                policy[i, a] = 0
            else:
                policy[i, a] = (move["prior"] + 1e-6 if use_prior else policy[i, a]) / mass
        for k in range(count):
            if not good[k] and moves[t, first + k]["action"] == action[i]:
                action[i] = np.argmax(policy[i])
                break
