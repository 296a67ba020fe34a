"""UCT: selection of edges by UCB1 (Kocsis and Szepesvári 2006), for searches whose leaves are evaluated by rollouts.

Knows how an edge is selected and how a decision is read from a finished tree. Does not know rules, rollouts, or how
leaves are expanded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.decision import Decisions, Terms
from agent.search.proofs import respect_proofs
from agent.search.simulate import make_select_leaves
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Number, Settings
from games.splitmix import compiled_mix_bits


@dataclass(frozen=True, kw_only=True)
class UctConfig(Settings, called="search.uct"):
    """The score of an edge is Q + c * sqrt(ln N / n), with Q in [-1, 1], N visits of its node and n of its own."""

    c: Number = 2.0  # c in the formula above: larger explores more


class UctArguments(NamedTuple):
    """What the kernels of this rule read."""

    keys: NDArray[np.uint64]  # [T] random seeds of the order in which each tree tries its moves
    c: float


@njit(forceinline=True)
def tie_breaker(key: np.uint64, node: int, action: int) -> np.uint64:
    """A pseudorandom number of the action; it puts the actions of each node in an order of its own for every key."""
    code: np.uint64 = compiled_mix_bits(key ^ (np.uint64(node) << np.uint64(32)) ^ np.uint64(action))
    return code


@njit(forceinline=True, error_model="numpy")
def select_edge(
    slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, arguments: UctArguments
) -> int:
    """The move of node ``index`` with the highest score; the score of an unvisited move is infinite.

    A proven edge scores its exact value without exploration. A proven loss is selected only if all moves are proven
    losses. ``tie_breaker`` decides between equal scores.
    """
    keys, c = arguments.keys, arguments.c
    node = nodes[t, index]
    first = node["first_edge"]
    untried = first + node["num_tried"]
    log_total = np.log(max(node["visits"] + node["pending"], 1))
    best = NONE
    best_score = -np.inf
    best_order = np.uint64(0)
    for e in range(first, first + node["num_edges"]):
        score = np.inf
        if e < untried:
            edge = edges[t, e]
            if edge["proven"] == 1:
                return e
            if edge["proven"] == -1:
                continue
            count = edge["visits"] + edge["pending"]
            if edge["proven"] != UNKNOWN:
                score = 0.0
            elif count > 0:
                score = edge["value_sum"] / max(edge["visits"], 1) + c * np.sqrt(log_total / count)
        if score >= best_score:
            order = tie_breaker(keys[t], index, moves[t, e]["action"])
            if score > best_score or order > best_order:
                best, best_score, best_order = e, score, order
    return first if best == NONE else best


select_leaves = make_select_leaves(select_edge, UctArguments)


class Uct:
    """The UCT rule for the trees of one search.

    It adds no noise where a slot explores, because the order in which it tries moves is random.
    """

    select_leaves = staticmethod(select_leaves)

    def __init__(self, config: UctConfig, trees: Trees, num_actions: int) -> None:
        self.trees = trees
        self.num_actions = num_actions
        self.arguments = UctArguments(np.zeros(len(trees.slots), np.uint64), config.c)

    def prepare_roots(self, rows: Ints, terms: Terms) -> None:
        """Set the random seeds of the trees ``rows [R]``."""
        self.arguments.keys[rows] = terms.keys

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """The decisions of the finished trees ``rows [R]``: visits as policy, the root's mean as value."""
        out = Decisions.empty(len(rows), self.num_actions)
        children = [self.trees.children(int(t)) for t in rows]
        for i, edges in enumerate(children):
            actions = edges["action"]
            out.visits[i, actions] = edges["visits"]
            out.policy[i, actions] = edges["visits"] if edges["visits"].any() else 1
            out.policy[i] /= out.policy[i].sum()
        roots = self.trees.nodes[rows, ROOT]
        out.value[:] = roots["value_sum"] / np.maximum(roots["visits"], 1)
        out.proven[:] = True  # `respect_proofs` then looks at all of them
        respect_proofs(*self.trees.arrays[1:], rows, out)
        for i, edges in enumerate(children):
            # The most visited action is played; a quarter of its mean value decides between equal visits. Actions that
            # `respect_proofs` excluded come last.
            score = edges["visits"] + edges["value_sum"] / np.maximum(edges["visits"], 1) / 4
            score[out.policy[i, edges["action"]] == 0] = -1
            out.action[i] = int(edges["action"][np.argmax(score)])
        return out
