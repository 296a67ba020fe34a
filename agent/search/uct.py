"""UCT: the choice of edges by UCB1 (Kocsis and Szepesvári 2006), for searches whose leaves are judged by rollouts.

Knows how an edge is chosen and what a finished tree says. Does not know rules, rollouts, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one; ``make_simulate`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from agent.decision import Decisions, Terms
from agent.search.proofs import respect_proofs
from agent.search.simulate import make_simulate
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Number, Settings


@dataclass(frozen=True, kw_only=True)
class UctConfig(Settings, called="search.uct"):
    """The score of an edge is Q + c * sqrt(ln N / n), with Q in [-1, 1]."""

    c: Number = 2.0  # c in the formula above: larger explores more


@njit(forceinline=True)
def tie_breaker(key: np.uint64, node: int, action: int) -> np.uint64:
    """A number that orders the actions of ``node`` by chance, another order for every key and node."""
    code = key ^ (np.uint64(node) << np.uint64(32)) ^ np.uint64(action)
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


@njit(forceinline=True, error_model="numpy")
def choose(slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, rule: Any) -> int:
    """The move of node ``index`` with the highest score, infinite before the first visit; chance breaks ties.

    A proven edge scores its exact value and nothing for exploration; a proven loss is taken only if all are. ``rule``:
    the keys [T] that order unvisited moves, and c.
    """
    keys, c = rule
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


walk = make_simulate(choose)


class Uct:
    """The UCT rule for the trees of one search. It adds no noise where a slot explores: its order is random anyway."""

    def __init__(self, config: UctConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        self.keys = np.zeros(len(trees.slots), np.uint64)

    def open(self, rows: Ints, terms: Terms) -> None:
        """The roots of ``rows [R]`` have their edges: take the keys that order unvisited ones."""
        self.keys[rows] = terms.keys

    def walk(self, walking: Ints, leaves: int, batch: Ints, count: int) -> tuple[int, int]:
        found: tuple[int, int] = walk(*self.trees.arrays, walking, leaves, (self.keys, self.config.c), batch, count)
        return found

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say: visits as policy, the root's mean as value, the most visited."""
        out = Decisions.empty(len(rows), self.num_actions)
        views = [self.trees.children(int(t)) for t in rows]
        for i, view in enumerate(views):
            actions = view["action"]
            out.visits[i, actions] = view["visits"]
            out.policy[i, actions] = view["visits"] if view["visits"].any() else 1
            out.policy[i] /= out.policy[i].sum()
        roots = self.trees.nodes[rows, ROOT]
        out.value[:] = roots["value_sum"] / np.maximum(roots["visits"], 1)
        out.proven[:] = True  # whether any edge is, `settle` finds out
        respect_proofs(*self.trees.arrays[1:], rows, out.action, out.policy, out.value, out.proven)
        for i, view in enumerate(views):
            # Ties go to the higher mean, which is worth less than a visit; what `settle` ruled out comes last.
            score = view["visits"] + view["value_sum"] / np.maximum(view["visits"], 1) / 4
            score[out.policy[i, view["action"]] == 0] = -1
            out.action[i] = int(view["action"][np.argmax(score)])
        return out
