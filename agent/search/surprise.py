"""How far the policy that a search found is from the policy that it started with."""

from __future__ import annotations

import math
from typing import Any

from agent.search.tree import ROOT, Ints, Records
from games.compilation.jit_cache import cached_njit

LEAST_PRIOR = 1e-6
"""A smaller prior counts as this one, so that the surprise is finite."""


@cached_njit(error_model="numpy")
def write_surprises(nodes: Records, moves: Records, rows: Ints, policy: Any, out: Any) -> None:
    """Write the KL divergence from the root priors of the trees ``rows [R]`` to ``policy [R, A]`` into ``out [R]``."""
    for i in range(len(rows)):
        root = nodes[rows[i], ROOT]
        total = 0.0
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            move = moves[rows[i], e]
            p = policy[i, move["action"]]
            if p > 0:
                total += p * math.log(p / max(move["prior"], LEAST_PRIOR))
        out[i] = max(total, 0.0)
