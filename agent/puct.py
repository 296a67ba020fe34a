"""PUCT: AlphaZero's choice of edges (Silver et al. 2018), its root noise, and KataGo's forced playouts (Wu 2019).

Knows how an edge is chosen and what a finished tree says. Does not know rules, networks, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import chance
from agent.decision import Decisions, Terms, settled
from agent.tree import COLLISION, EXACT, LEAF, NONE, ROOT, UNKNOWN, Ints, Records, Trees


@dataclass(frozen=True, kw_only=True)
class PuctConfig:
    """AlphaZero's constants; noise and forced playouts act only where a slot explores."""

    c_init: float = 1.25  # c(N) = log((1 + N + c_base) / c_base) + c_init
    c_base: float = 19652.0
    fpu_reduction: float = 0.25  # an unvisited child: the node's mean - this * sqrt(prior of visited children)
    root_fpu_reduction: float = 0.0
    root_dirichlet_alpha: float = 0.0  # a child; 0: 10 / number of legal actions
    root_exploration_fraction: float = 0.25
    forced_playouts: float = 2.0  # a visited root child gets at least sqrt(this * prior * N) visits; 0: none


@njit(cache=True, nogil=True, error_model="numpy")
def mean_value(node: Any, fallback: float) -> Any:
    """The mean of all evaluations at and below ``node``."""
    return node["value_sum"] / node["visits"] if node["visits"] > 0 else fallback


@njit(cache=True, nogil=True, error_model="numpy")
def exploration(visits: int, c_init: float, c_base: float) -> Any:
    """c(N) * sqrt(N) for a node of ``visits``, its own evaluation included."""
    return (np.log((1 + visits + c_base) / c_base) + c_init) * np.sqrt(visits)


@njit(cache=True, nogil=True, error_model="numpy")
def choose(
    nodes: Records, edges: Records, t: int, index: int, c_init: float, c_base: float, fpu: float, forced: float
) -> int:
    """The edge of node ``index`` with the highest Q + U; pending visits count in N, a proven loss only if all are."""
    node = nodes[t, index]
    first = node["first_edge"]
    total = node["visits"] + node["pending"]
    scale = exploration(total, c_init, c_base)
    best, best_score = NONE, -np.inf
    fresh, fresh_u = NONE, -np.inf  # the best of the unvisited ones, which all have the same Q
    visited = 0.0
    for e in range(first, first + node["num_edges"]):
        edge = edges[t, e]
        if edge["proven"] == -1:
            visited += edge["prior"]
            continue
        count = edge["visits"] + edge["pending"]
        u = scale * edge["prior"] / (1 + count)
        if edge["visits"] == 0:
            if fresh == NONE or u > fresh_u:
                fresh, fresh_u = e, u
            continue
        visited += edge["prior"]
        score = u + (edge["value_sum"] / edge["visits"] if edge["proven"] == UNKNOWN else edge["proven"])
        if forced > 0 and count < np.sqrt(forced * edge["prior"] * (total - 1)):
            score = np.inf
        if best == NONE or score > best_score:
            best, best_score = e, score
    if fresh != NONE:
        q = max(mean_value(node, 0.0) - fpu * np.sqrt(visited), -1.0)
        if best == NONE or q + fresh_u > best_score:
            return fresh
    return first if best == NONE else best


@njit(cache=True, nogil=True, error_model="numpy")
def select(
    slots: Records,
    nodes: Records,
    edges: Records,
    rows: Ints,
    forced: NDArray[np.float64],
    constants: NDArray[np.float64],
    picks: Ints,
    ends: Ints,
) -> None:
    """Walk each tree ``rows [R]`` down to an edge: ``picks [R]``, and how the walk ended: ``ends [R]``."""
    c_init, c_base, fpu, root_fpu = constants
    for i in range(len(rows)):
        t = rows[i]
        pick = choose(nodes, edges, t, ROOT, c_init, c_base, root_fpu, forced[t])
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
            pick = choose(nodes, edges, t, edge["child"], c_init, c_base, fpu, 0.0)
        picks[i] = pick


@njit(cache=True, nogil=True, error_model="numpy")
def target(nodes: Records, edges: Records, t: int, c_init: float, c_base: float, forced: float, policy: Any) -> None:
    """Visit counts of the root into ``policy [A]``, less the visits that only forcing spent (Wu 2019, section 3.2)."""
    root = nodes[t, ROOT]
    first = root["first_edge"]
    last = first + root["num_edges"]
    best = first
    for e in range(first, last):
        if edges[t, e]["visits"] > edges[t, best]["visits"]:
            best = e
    scale = exploration(root["visits"], c_init, c_base)
    top = edges[t, best]
    top_score = scale * top["prior"] / (1 + top["visits"])
    if top["visits"] > 0:
        top_score += top["value_sum"] / top["visits"]
    for e in range(first, last):
        edge = edges[t, e]
        count = edge["visits"]
        if forced > 0 and e != best and count > 0:
            floor = count - np.int32(np.sqrt(forced * edge["prior"] * (root["visits"] - 1)))
            q = edge["value_sum"] / edge["visits"]
            while count > max(floor, 0) and q + scale * edge["prior"] / count < top_score:
                count -= 1
            if count <= 1:
                count = 0
        policy[edge["action"]] = count


@njit(cache=True, nogil=True, error_model="numpy")
def conclude(
    nodes: Records,
    edges: Records,
    rows: Ints,
    forced: NDArray[np.float64],
    c_init: float,
    c_base: float,
    policy: Any,
    value: Any,
    visits: Any,
    proven: Any,
) -> None:
    """Write what the trees ``rows [R]`` say into ``policy [R, A]`` and the like; ``proven [R]``: some root edge is."""
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        target(nodes, edges, t, c_init, c_base, forced[t], policy[i])
        value[i] = mean_value(root, 0.0)
        total = policy[i].sum()
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            edge = edges[t, e]
            a = edge["action"]
            visits[i, a] = edge["visits"]
            proven[i] |= edge["proven"] != UNKNOWN
            policy[i, a] = policy[i, a] / total if total > 0 else edge["prior"]  # no simulation: the network alone


class Puct:
    """The PUCT rule for the trees of one search."""

    def __init__(self, config: PuctConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        self.forced = np.zeros(len(trees.slots))
        self.constants = np.array([config.c_init, config.c_base, config.fpu_reduction, config.root_fpu_reduction])

    def open(self, rows: Ints, terms: Terms) -> None:
        """The roots of ``rows [R]`` have their edges: mix noise into their priors where a slot explores."""
        self.forced[rows] = np.where(terms.explore, self.config.forced_playouts, 0)
        loud = np.flatnonzero(terms.explore)
        if not len(loud) or self.config.root_exploration_fraction == 0:
            return
        views = [self.trees.root_edges(t) for t in rows[loud]]
        alpha = np.zeros((len(loud), self.num_actions))
        for i, view in enumerate(views):
            alpha[i, view["action"]] = self.config.root_dirichlet_alpha or 10 / len(view)
        noise = chance.dirichlets(terms.keys[loud], chance.NOISE, alpha)
        fraction = np.float32(self.config.root_exploration_fraction)
        for i, view in enumerate(views):
            prior = np.exp(view["logit"])  # not the old prior: a kept root may have had its noise already
            view["prior"] = (1 - fraction) * prior / prior.sum() + fraction * noise[i, view["action"]]

    def select(self, rows: Ints, picks: Ints, ends: Ints) -> None:
        select(*self.trees.arrays, rows, self.forced, self.constants, picks, ends)

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say: visits as policy, the root's mean as value."""
        out = Decisions.empty(len(rows), self.num_actions)
        _, nodes, edges = self.trees.arrays
        constants = (self.config.c_init, self.config.c_base)
        conclude(nodes, edges, rows, self.forced, *constants, out.policy, out.value, out.visits, out.proven)
        for i in np.flatnonzero(out.proven).tolist():
            settled(out, i, nodes[rows[i], ROOT], self.trees.root_edges(rows[i]))
        count = out.visits + out.policy / 2  # ties go to the larger policy
        out.action[:] = np.where(out.policy > 0, count, -1).argmax(axis=1)
        return out
