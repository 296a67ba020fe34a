"""Gumbel AlphaZero: Sequential Halving at the root, completed Q everywhere (Danihelka et al., ICLR 2022).

Knows how an edge is chosen and what a finished tree says. Does not know rules, networks, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import chance
from agent.decision import Decisions, Terms, settled
from agent.tree import COLLISION, EXACT, LEAF, NONE, ROOT, UNKNOWN, Ints, Records, Trees


@dataclass(frozen=True, kw_only=True)
class GumbelConfig:
    """sigma(q) = (c_visit + max N) * c_scale * q, with q in [-1, 1]."""

    max_considered: int = 16  # root actions that Sequential Halving starts with
    c_visit: float = 50.0
    c_scale: float = 0.1


@lru_cache(maxsize=4096)
def considered_visits(num_considered: int, budget: int) -> NDArray[np.int32]:
    """[budget] how often the root action of each simulation was visited before: the order of Sequential Halving.

    Simulation i goes to the best action among those with exactly ``considered_visits[i]`` visits. In each of
    ceil(log2 m) phases every action still considered gets the same share; then half of them remain, never under two.
    """
    if num_considered <= 1:
        return np.arange(budget, dtype=np.int32)
    phases = ceil(log2(num_considered))
    order: list[int] = []
    remaining, visits = num_considered, 0
    while len(order) < budget:
        for _ in range(max(1, budget // (phases * remaining))):
            order += [visits] * remaining
            visits += 1
        remaining = max(2, remaining // 2)
    return np.array(order[:budget], np.int32)


@njit(cache=True, nogil=True, error_model="numpy")
def improve(nodes: Records, edges: Records, t: int, index: int, c_visit: float, c_scale: float, out: Any) -> float:
    """Write logits + sigma(completed Q) of each edge of node ``index`` into ``out [K]``; their maximum.

    An unvisited edge is completed by v_mix: the network's value and the visited Q, weighted by the prior (appendix D).
    """
    node = nodes[t, index]
    first = node["first_edge"]
    count = node["num_edges"]
    most = 0
    total = 0
    mass = 0.0
    weighted = 0.0
    for k in range(count):
        edge = edges[t, first + k]
        visits = edge["visits"]
        if edge["proven"] != UNKNOWN:
            q = np.float64(edge["proven"])
        elif visits > 0:
            q = np.float64(edge["value_sum"] / visits)
        else:
            continue
        total += visits
        most = max(most, visits)
        mass += edge["prior"]
        weighted += edge["prior"] * q
    mixed = np.float64(node["value"])
    if mass > 0:
        mixed = (mixed + total * weighted / mass) / (1 + total)
    scale = (c_visit + most) * c_scale
    top = -np.inf
    for k in range(count):
        edge = edges[t, first + k]
        if edge["proven"] != UNKNOWN:
            q = np.float64(edge["proven"])
        elif edge["visits"] > 0:
            q = np.float64(edge["value_sum"] / edge["visits"])
        else:
            q = mixed
        out[k] = edge["logit"] + scale * q
        top = max(top, out[k])
    return top


@njit(cache=True, nogil=True, error_model="numpy")
def choose_root(
    nodes: Records,
    edges: Records,
    t: int,
    considered: int,
    before: Any,
    gumbel: Any,
    c_visit: float,
    c_scale: float,
    scratch: Any,
) -> int:
    """Among root edges with exactly ``considered`` visits in this move, the best of g + logits + sigma(q).

    Proven losses are out; where they leave nobody with that many visits, the best of all the others.
    """
    root = nodes[t, ROOT]
    improve(nodes, edges, t, ROOT, c_visit, c_scale, scratch)
    first = root["first_edge"]
    best = NONE
    spare = NONE
    best_score = -np.inf
    spare_score = -np.inf
    for k in range(root["num_edges"]):
        edge = edges[t, first + k]
        if edge["proven"] == -1:
            continue
        score = gumbel[edge["action"]] + scratch[k]
        if spare == NONE or score > spare_score:
            spare = first + k
            spare_score = score
        if edge["visits"] + edge["pending"] - before[k] == considered and (best == NONE or score > best_score):
            best = first + k
            best_score = score
    if best != NONE:
        return best
    return first if spare == NONE else spare


@njit(cache=True, nogil=True, error_model="numpy")
def choose_inside(
    nodes: Records, edges: Records, t: int, index: int, c_visit: float, c_scale: float, scratch: Any
) -> int:
    """The edge whose share of visits lags most behind the improved policy (section 5)."""
    node = nodes[t, index]
    first = node["first_edge"]
    top = improve(nodes, edges, t, index, c_visit, c_scale, scratch)
    total = 0
    mass = 0.0
    for k in range(node["num_edges"]):
        edge = edges[t, first + k]
        total += edge["visits"] + edge["pending"]
        scratch[k] = np.exp(scratch[k] - top)
        mass += scratch[k]
    best = NONE
    best_score = -np.inf
    for k in range(node["num_edges"]):
        edge = edges[t, first + k]
        if edge["proven"] == -1:
            continue
        score = scratch[k] / mass - (edge["visits"] + edge["pending"]) / (1 + total)
        if best == NONE or score > best_score:
            best = first + k
            best_score = score
    return first if best == NONE else best


@njit(cache=True, nogil=True, error_model="numpy")
def select(
    slots: Records,
    nodes: Records,
    edges: Records,
    rows: Ints,
    before: Ints,
    gumbel: NDArray[np.float32],
    order: Ints,
    c_visit: float,
    c_scale: float,
    picks: Ints,
    ends: Ints,
) -> None:
    """Walk each tree ``rows [R]`` down to an edge: ``picks [R]``, and how the walk ended: ``ends [R]``."""
    scratch = np.empty(gumbel.shape[1], np.float64)
    for i in range(len(rows)):
        t = rows[i]
        pick = choose_root(
            nodes, edges, t, order[t, slots[t]["spent"]], before[t], gumbel[t], c_visit, c_scale, scratch
        )
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
            pick = choose_inside(nodes, edges, t, edge["child"], c_visit, c_scale, scratch)
        picks[i] = pick


@njit(cache=True, nogil=True, error_model="numpy")
def begin(nodes: Records, edges: Records, rows: Ints, before: Ints) -> None:
    """Note how often each root edge was visited before this move: not at all, unless the tree was kept."""
    for t in rows:
        root = nodes[t, ROOT]
        for k in range(root["num_edges"]):
            before[t, k] = edges[t, root["first_edge"] + k]["visits"]


@njit(cache=True, nogil=True, error_model="numpy")
def conclude(
    nodes: Records,
    edges: Records,
    rows: Ints,
    before: Ints,
    gumbel: NDArray[np.float32],
    c_visit: float,
    c_scale: float,
    out: Any,
) -> None:
    """Write policy = softmax(logits + sigma(completed Q)), its mean Q as value, visits, and the action to play;
    ``proven``: some root edge is.

    The action is the best of g + logits + sigma(q) among the most visited of this move that are not proven lost.
    """
    action, policy, value, visits, proven = out
    scratch = np.empty(policy.shape[1], np.float64)
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        first = root["first_edge"]
        top = improve(nodes, edges, t, ROOT, c_visit, c_scale, scratch)
        mass = 0.0
        most = -1
        for k in range(root["num_edges"]):
            edge = edges[t, first + k]
            mass += np.exp(scratch[k] - top)
            if edge["proven"] != -1:
                most = max(most, edge["visits"] - before[t, k])
        scored = 0.0
        weight = 0.0
        best_score = -np.inf
        action[i] = NONE
        for k in range(root["num_edges"]):
            edge = edges[t, first + k]
            a = edge["action"]
            policy[i, a] = np.exp(scratch[k] - top) / mass
            visits[i, a] = edge["visits"]
            proven[i] |= edge["proven"] != UNKNOWN
            if edge["proven"] != UNKNOWN:
                scored += policy[i, a] * edge["proven"]
                weight += policy[i, a]
            elif edge["visits"] > 0:
                scored += policy[i, a] * edge["value_sum"] / edge["visits"]
                weight += policy[i, a]
            score = gumbel[t, a] + scratch[k]
            candidate = edge["proven"] != -1 and edge["visits"] - before[t, k] == most
            if action[i] == NONE or ((candidate or most < 0) and score > best_score):
                action[i] = a
                best_score = score if candidate or most < 0 else -np.inf
        value[i] = scored / weight if weight > 0 else np.float64(root["value"])


class Gumbel:
    """The Gumbel rule for the trees of one search."""

    def __init__(self, config: GumbelConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        self.noise = np.zeros((len(trees.slots), num_actions), np.float32)
        self.order = np.zeros((len(trees.slots), 1), np.int32)
        self.before = np.zeros((len(trees.slots), num_actions), np.int32)

    def open(self, rows: Ints, terms: Terms) -> None:
        """The roots of ``rows [R]`` have edges: draw their noise (0 unless exploring), order their simulations."""
        begin(self.trees.nodes, self.trees.edges, rows, self.before)
        noise = chance.gumbels(terms.keys, chance.NOISE, self.num_actions)
        self.noise[rows] = np.where(terms.explore[:, None], noise, 0)
        budgets = self.trees.slots["budget"][rows]
        if budgets.max() > self.order.shape[1]:
            wider = np.zeros((len(self.order), int(budgets.max())), np.int32)
            wider[:, : self.order.shape[1]] = self.order
            self.order = wider
        for t, budget in zip(rows, budgets, strict=True):
            num_considered = min(self.config.max_considered, int(self.trees.nodes[t, ROOT]["num_edges"]), int(budget))
            self.order[t, :budget] = considered_visits(num_considered, int(budget))

    def select(self, rows: Ints, picks: Ints, ends: Ints) -> None:
        constants = (self.config.c_visit, self.config.c_scale)
        select(*self.trees.arrays, rows, self.before, self.noise, self.order, *constants, picks, ends)

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say."""
        out = Decisions.empty(len(rows), self.num_actions)
        _, nodes, edges = self.trees.arrays
        arrays = (out.action, out.policy, out.value, out.visits, out.proven)
        conclude(nodes, edges, rows, self.before, self.noise, self.config.c_visit, self.config.c_scale, arrays)
        for i in np.flatnonzero(out.proven).tolist():
            settled(out, i, nodes[rows[i], ROOT], self.trees.root_edges(rows[i]))
        return out
