"""PUCT: AlphaZero's choice of edges (Silver et al. 2018), its root noise, and KataGo's forced playouts (Wu 2019).

Knows how an edge is chosen and what a finished tree says. Does not know rules, networks, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one; ``make_simulate`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.expand_backup import mix_root_noise
from agent.search.proofs import respect_proofs
from agent.search.simulate import make_simulate
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Fraction, Number, PositiveNumber, Settings
from games.jit_cache import cached_njit


@dataclass(frozen=True, kw_only=True)
class PuctConfig(Settings, called="search.puct"):
    """AlphaZero's constants; noise and forced playouts act only where a slot explores."""

    c_init: Number = 1.25  # c(N) = log((1 + N + c_base) / c_base) + c_init
    c_base: PositiveNumber = 19652.0  # c_base in the formula of c_init
    fpu_reduction: Number = 0.25  # an unvisited child: the node's mean - this * sqrt(prior of visited children)
    root_fpu_reduction: Number = 0.0  # the same as fpu_reduction, for children of the root
    root_dirichlet_alpha: Number = 0.0  # a child; 0: 10 / number of legal actions
    root_exploration_fraction: Fraction = 0.25  # share of Dirichlet noise in the priors of the root
    forced_playouts: Number = 2.0  # a visited root child gets at least sqrt(this * prior * N) visits; 0: none


@njit(forceinline=True, error_model="numpy")
def mean_value(node: Any, fallback: float) -> Any:
    """The mean of all evaluations at and below ``node``."""
    return node["value_sum"] / node["visits"] if node["visits"] > 0 else fallback


@njit(forceinline=True, error_model="numpy")
def exploration(visits: Any, c_init: float, c_base: float) -> Any:
    """c(N) * sqrt(N) for a node of ``visits``, its own evaluation included."""
    return (np.log((1 + visits + c_base) / c_base) + c_init) * np.sqrt(visits)


@njit(forceinline=True, error_model="numpy")
def choose(slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, rule: Any) -> int:
    """The move of node ``index`` with the highest Q + U; pending visits count in N, a proven loss only if all are.

    Of the untried moves, which all have the same Q, only the likeliest is looked at. Of equals, the lowest action wins.
    ``rule``: the playouts forced at each root [T], c(N) * sqrt(N) for the first N, and the constants.
    """
    owed, known, (c_init, c_base, fpu, root_fpu) = rule
    forced = 0.0
    if index == ROOT:
        fpu, forced = root_fpu, owed[t]
    node = nodes[t, index]
    first = node["first_edge"]
    untried = first + node["num_tried"]
    total = node["visits"] + node["pending"]
    scale = known[total] if total < len(known) else exploration(total, c_init, c_base)
    best, best_score = NONE, -np.inf
    fresh, fresh_u = NONE, -np.inf  # the best of those without a visit
    if node["num_tried"] < node["num_edges"]:
        fresh, fresh_u = untried, scale * moves[t, untried]["prior"]
    visited = 0.0
    for e in range(first, untried):
        edge, prior = edges[t, e], moves[t, e]["prior"]
        if edge["proven"] == -1:
            visited += prior
            continue
        count = edge["visits"] + edge["pending"]
        u = scale * prior / (1 + count)
        if edge["visits"] == 0:
            if fresh == NONE or u > fresh_u or (u == fresh_u and moves[t, e]["action"] < moves[t, fresh]["action"]):
                fresh, fresh_u = e, u
            continue
        visited += prior
        score = u + (edge["value_sum"] / edge["visits"] if edge["proven"] == UNKNOWN else edge["proven"])
        if forced > 0 and count < np.sqrt(forced * prior * (total - 1)):
            score = np.inf
        if best == NONE or score > best_score:
            best, best_score = e, score
        elif score == best_score and moves[t, e]["action"] < moves[t, best]["action"]:
            best = e
    if fresh != NONE:
        q = max(mean_value(node, 0.0) - fpu * np.sqrt(visited), -1.0)
        if best == NONE or q + fresh_u > best_score:
            return fresh
    return first if best == NONE else best


walk = make_simulate(choose)


@cached_njit(error_model="numpy")
def noise_shares(nodes: Records, moves: Records, rows: Ints, alpha: float, out: NDArray[np.float64]) -> None:
    """Write each root move's share in its noise into ``out [R, A]``, all 0 on entry; ``alpha`` 0: 10 / their number."""
    for i in range(len(rows)):
        root = nodes[rows[i], ROOT]
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            out[i, moves[rows[i], e]["action"]] = alpha if alpha > 0 else 10 / root["num_edges"]


@cached_njit(error_model="numpy")
def policy_target(
    nodes: Records, moves: Records, edges: Records, t: int, c_init: float, c_base: float, forced: float, policy: Any
) -> None:
    """Visit counts of the root into ``policy [A]``, less the visits that only forcing spent (Wu 2019, section 3.2)."""
    root = nodes[t, ROOT]
    first = root["first_edge"]
    last = first + root["num_tried"]
    if first == last:
        return
    best = first
    for e in range(first, last):
        more = edges[t, e]["visits"] - edges[t, best]["visits"]
        if more > 0 or (more == 0 and moves[t, e]["action"] < moves[t, best]["action"]):
            best = e
    scale = exploration(root["visits"], c_init, c_base)
    top = edges[t, best]
    top_score = scale * moves[t, best]["prior"] / (1 + top["visits"])
    if top["visits"] > 0:
        top_score += top["value_sum"] / top["visits"]
    for e in range(first, last):
        edge, prior = edges[t, e], moves[t, e]["prior"]
        count = edge["visits"]
        if forced > 0 and e != best and count > 0:
            floor = count - np.int32(np.sqrt(forced * prior * (root["visits"] - 1)))
            q = edge["value_sum"] / edge["visits"]
            while count > max(floor, 0) and q + scale * prior / count < top_score:
                count -= 1
            if count <= 1:
                count = 0
        policy[moves[t, e]["action"]] = count


@cached_njit(error_model="numpy")
def write_decisions(
    nodes: Records,
    moves: Records,
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
    """Write what the trees ``rows [R]`` say into ``policy [R, A]`` and the like, all 0 on entry.

    ``proven [R]``: some root edge is.
    """
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        first = root["first_edge"]
        policy_target(nodes, moves, edges, t, c_init, c_base, forced[t], policy[i])
        value[i] = mean_value(root, 0.0)
        total = policy[i].sum()
        for e in range(first, first + root["num_edges"]):
            a = moves[t, e]["action"]
            policy[i, a] = policy[i, a] / total if total > 0 else moves[t, e]["prior"]  # no simulation: network alone
        for e in range(first, first + root["num_tried"]):
            visits[i, moves[t, e]["action"]] = edges[t, e]["visits"]
            proven[i] |= edges[t, e]["proven"] != UNKNOWN


class Puct:
    """The PUCT rule for the trees of one search."""

    def __init__(self, config: PuctConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        self.forced = np.zeros(len(trees.slots))
        self.known = exploration(np.arange(trees.capacity), config.c_init, config.c_base)
        self.constants = (config.c_init, config.c_base, config.fpu_reduction, config.root_fpu_reduction)

    def open(self, rows: Ints, terms: Terms) -> None:
        """The roots of ``rows [R]`` have their edges: mix noise into their priors where a slot explores."""
        self.forced[rows] = np.where(terms.explore, self.config.forced_playouts, 0)
        loud = np.flatnonzero(terms.explore)
        if not len(loud) or self.config.root_exploration_fraction == 0:
            return
        rows = rows[loud]
        alpha = np.zeros((len(rows), self.num_actions))
        noise_shares(self.trees.nodes, self.trees.moves, rows, self.config.root_dirichlet_alpha, alpha)
        noise = random_numbers.draw_dirichlets(terms.keys[loud], random_numbers.NOISE, alpha)
        fraction = np.float32(self.config.root_exploration_fraction)
        mix_root_noise(self.trees.nodes, self.trees.moves, rows, fraction, noise)

    def walk(self, walking: Ints, leaves: int, batch: Ints, count: int) -> tuple[int, int]:
        found: tuple[int, int] = walk(
            *self.trees.arrays, walking, leaves, (self.forced, self.known, self.constants), batch, count
        )
        return found

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say: visits as policy, the root's mean as value."""
        out = Decisions.empty(len(rows), self.num_actions)
        constants = (self.config.c_init, self.config.c_base)
        write_decisions(
            *self.trees.arrays[1:], rows, self.forced, *constants, out.policy, out.value, out.visits, out.proven
        )
        respect_proofs(*self.trees.arrays[1:], rows, out.action, out.policy, out.value, out.proven)
        count = out.visits + out.policy / 2  # ties go to the larger policy
        out.action[:] = np.where(out.policy > 0, count, -1).argmax(axis=1)
        return out
