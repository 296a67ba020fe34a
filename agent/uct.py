"""UCT: the choice of edges by UCB1 (Kocsis and Szepesvári 2006), for searches whose leaves are judged by rollouts.

Knows how an edge is chosen and what a finished tree says. Does not know rules, rollouts, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.decision import Decisions, Terms, settled
from agent.tree import COLLISION, EXACT, LEAF, NONE, ROOT, UNKNOWN, Ints, Records, Trees


@dataclass(frozen=True, kw_only=True)
class UctConfig:
    """The score of an edge is Q + c * sqrt(ln N / n), with Q in [-1, 1]."""

    c: float = 2.0


@njit(cache=True, nogil=True)
def shuffled(key: np.uint64, node: int, action: int) -> np.uint64:
    """A number that orders the actions of ``node`` by chance, another order for every key and node."""
    code = key ^ (np.uint64(node) << np.uint64(32)) ^ np.uint64(action)
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


@njit(cache=True, nogil=True)
def choose(nodes: Records, edges: Records, t: int, index: int, key: np.uint64, c: float) -> int:
    """The edge of node ``index`` with the highest score, infinite before the first visit; chance breaks ties.

    A proven edge scores its exact value and nothing for exploration; a proven loss is taken only if all are.
    """
    node = nodes[t, index]
    first = node["first_edge"]
    log_total = np.log(max(node["visits"] + node["pending"], 1))
    best = NONE
    best_score = -np.inf
    best_order = np.uint64(0)
    for e in range(first, first + node["num_edges"]):
        edge = edges[t, e]
        count = edge["visits"] + edge["pending"]
        if edge["proven"] == 1:
            return e
        if edge["proven"] == -1:
            continue
        if edge["proven"] != UNKNOWN:
            score = 0.0
        elif count == 0:
            score = np.inf
        else:
            score = edge["value_sum"] / max(edge["visits"], 1) + c * np.sqrt(log_total / count)
        if score >= best_score:
            order = shuffled(key, index, edge["action"])
            if score > best_score or order > best_order:
                best, best_score, best_order = e, score, order
    return first if best == NONE else best


@njit(cache=True, nogil=True)
def select(
    slots: Records,
    nodes: Records,
    edges: Records,
    rows: Ints,
    keys: NDArray[np.uint64],
    c: float,
    picks: Ints,
    ends: Ints,
) -> None:
    """Walk each tree ``rows [R]`` down to an edge: ``picks [R]``, and how the walk ended: ``ends [R]``."""
    for i in range(len(rows)):
        t = rows[i]
        pick = choose(nodes, edges, t, ROOT, keys[t], c)
        while True:
            edge = edges[t, pick]
            if edge["proven"] != UNKNOWN:
                ends[i] = EXACT
                break
            if edge["child"] == NONE:
                ends[i] = LEAF
                break
            if nodes[t, edge["child"]]["num_edges"] == 0:
                ends[i] = COLLISION
                break
            pick = choose(nodes, edges, t, edge["child"], keys[t], c)
        picks[i] = pick


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

    def select(self, rows: Ints, picks: Ints, ends: Ints) -> None:
        select(*self.trees.arrays, rows, self.keys, self.config.c, picks, ends)

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say: visits as policy, the root's mean as value, the most visited."""
        out = Decisions.empty(len(rows), self.num_actions)
        for i, t in enumerate(rows):
            root, view = self.trees.nodes[t, ROOT], self.trees.root_edges(t)
            actions = view["action"]
            out.visits[i, actions] = view["visits"]
            out.policy[i, actions] = view["visits"] if view["visits"].any() else 1
            out.policy[i] /= out.policy[i].sum()
            out.value[i] = root["value_sum"] / max(root["visits"], 1)
            settled(out, i, root, view)
            # Ties go to the higher mean, which is worth less than a visit; what `settled` ruled out comes last.
            score = view["visits"] + view["value_sum"] / np.maximum(view["visits"], 1) / 4
            score[out.policy[i, actions] == 0] = -1
            out.action[i] = int(actions[np.argmax(score)])
        return out
