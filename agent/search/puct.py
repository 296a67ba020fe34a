"""PUCT: AlphaZero's selection of edges (Silver et al. 2018), its root noise, and KataGo's forced playouts (Wu 2019).

Knows how an edge is selected and how a decision is read from a finished tree. Does not know rules, networks, or how
leaves are expanded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.expand_backup import mix_root_noise
from agent.search.proofs import respect_proofs
from agent.search.simulate import make_select_leaves
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Fraction, Number, PositiveNumber, Settings
from games.compilation.jit_cache import cached_njit


@dataclass(frozen=True, kw_only=True)
class PuctConfig(Settings, called="search.puct"):
    """AlphaZero's constants; noise and forced playouts apply only where a slot explores."""

    c_init: Number = 1.25  # c(N) = log((1 + N + c_base) / c_base) + c_init
    c_base: PositiveNumber = 19652.0  # c_base in the formula of c_init
    unvisited: Literal["mean", "zero"] = "mean"  # Q of an unvisited child: the node's mean, or 0 as in AlphaGo Zero
    fpu_reduction: Number = 0.25  # less this * sqrt(prior of visited children)
    root_fpu_reduction: Number = 0.0  # the same as fpu_reduction, for children of the root
    root_dirichlet_alpha: Number = 0.0  # of each child; 0: 10 / number of legal actions
    root_exploration_fraction: Fraction = 0.25  # share of Dirichlet noise in the priors of the root
    forced_playouts: Number = 2.0  # a visited root child gets at least sqrt(this * prior * N) visits; 0: none


class PuctArguments(NamedTuple):
    """What the kernels of this rule read."""

    forced_playouts: NDArray[np.float64]  # [T] of each tree; 0 where a slot does not explore
    exploration_table: NDArray[np.float64]  # [N] ``exploration`` of 0, 1, ... visits
    c_init: float
    c_base: float
    fpu_reduction: float
    root_fpu_reduction: float
    mean_share: float  # of the node's mean in the Q of an unvisited child: 1 or 0


@njit(forceinline=True, error_model="numpy")
def mean_value(node: Any, fallback: float) -> Any:
    """The mean of all values backed up through ``node``, its own included."""
    return node["value_sum"] / node["visits"] if node["visits"] > 0 else fallback


@cached_njit(forceinline=True, error_model="numpy")
def exploration(visits: Any, c_init: float, c_base: float) -> Any:
    """c(N) * sqrt(N) for a node with N = ``visits``, its own evaluation included."""
    return (np.log((1 + visits + c_base) / c_base) + c_init) * np.sqrt(visits)


@njit(forceinline=True, error_model="numpy")
def select_edge(
    slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, arguments: PuctArguments
) -> int:
    """The move of node ``index`` with the highest Q + U; among equals, the one with the lowest action.

    Pending visits count in N and not in Q. A proven loss is selected only if all moves are proven losses. All untried
    moves have the same Q, so only the first of them, which has the highest prior, is compared.
    """
    table = arguments.exploration_table
    fpu, forced = arguments.fpu_reduction, 0.0
    if index == ROOT:
        fpu, forced = arguments.root_fpu_reduction, arguments.forced_playouts[t]
    node = nodes[t, index]
    first = node["first_edge"]
    untried = first + node["num_tried"]
    total = node["visits"] + node["pending"]
    scale = table[total] if total < len(table) else exploration(total, arguments.c_init, arguments.c_base)
    best, best_score = NONE, -np.inf
    unvisited, unvisited_u = NONE, -np.inf  # the best of the moves without a visit
    if node["num_tried"] < node["num_edges"]:
        unvisited, unvisited_u = untried, scale * moves[t, untried]["prior"]
    visited_prior = 0.0
    for e in range(first, untried):
        edge, prior = edges[t, e], moves[t, e]["prior"]
        if edge["proven"] == -1:
            visited_prior += prior
            continue
        count = edge["visits"] + edge["pending"]
        u = scale * prior / (1 + count)
        if edge["visits"] == 0:
            lower = unvisited != NONE and moves[t, e]["action"] < moves[t, unvisited]["action"]
            if unvisited == NONE or u > unvisited_u or (u == unvisited_u and lower):
                unvisited, unvisited_u = e, u
            continue
        visited_prior += prior
        score = u + (edge["value_sum"] / edge["visits"] if edge["proven"] == UNKNOWN else edge["proven"])
        if forced > 0 and count < np.sqrt(forced * prior * (total - 1)):
            score = np.inf
        if best == NONE or score > best_score:
            best, best_score = e, score
        elif score == best_score and moves[t, e]["action"] < moves[t, best]["action"]:
            best = e
    if unvisited != NONE:
        q = max(arguments.mean_share * mean_value(node, 0.0) - fpu * np.sqrt(visited_prior), -1.0)
        if best == NONE or q + unvisited_u > best_score:
            return unvisited
    return first if best == NONE else best


select_leaves = make_select_leaves(select_edge, PuctArguments)


@cached_njit(error_model="numpy")
def write_dirichlet_alphas(nodes: Records, moves: Records, rows: Ints, alpha: float, out: NDArray[np.float64]) -> None:
    """Write ``alpha`` of each root move into ``out [R, A]``, all 0 on entry; if it is 0, 10 / the number of moves."""
    for i in range(len(rows)):
        root = nodes[rows[i], ROOT]
        for e in range(root["first_edge"], root["first_edge"] + root["num_edges"]):
            out[i, moves[rows[i], e]["action"]] = alpha if alpha > 0 else 10 / root["num_edges"]


@cached_njit(error_model="numpy")
def write_policy_target(
    nodes: Records, moves: Records, edges: Records, t: int, arguments: PuctArguments, policy: Any
) -> None:
    """Write the visits of the root's moves into ``policy [A]``, without those that only forced playouts explain.

    Wu 2019, section 3.2 (policy target pruning).
    """
    forced = arguments.forced_playouts[t]
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
    scale = exploration(root["visits"], arguments.c_init, arguments.c_base)
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
    nodes: Records, moves: Records, edges: Records, rows: Ints, arguments: PuctArguments, decisions: Decisions
) -> None:
    """Write the ``decisions`` [R] of the trees ``rows [R]``, all 0 on entry, without their actions.

    The policy is the policy target, and the value is the mean of the root. ``proven`` says whether any root edge is
    proven.
    """
    policy, value, visits, proven = decisions.policy, decisions.value, decisions.visits, decisions.proven
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        first = root["first_edge"]
        write_policy_target(nodes, moves, edges, t, arguments, policy[i])
        value[i] = mean_value(root, 0.0)
        total = policy[i].sum()
        for e in range(first, first + root["num_edges"]):
            a = moves[t, e]["action"]
            policy[i, a] = (
                policy[i, a] / total if total > 0 else moves[t, e]["prior"]
            )  # without simulations: the network's policy
        for e in range(first, first + root["num_tried"]):
            visits[i, moves[t, e]["action"]] = edges[t, e]["visits"]
            proven[i] |= edges[t, e]["proven"] != UNKNOWN


class Puct:
    """The PUCT rule for the trees of one search."""

    select_leaves = staticmethod(select_leaves)

    def __init__(self, config: PuctConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        self.arguments = PuctArguments(
            forced_playouts=np.zeros(len(trees.slots)),
            exploration_table=exploration(np.arange(trees.capacity), config.c_init, config.c_base),
            c_init=config.c_init,
            c_base=config.c_base,
            fpu_reduction=config.fpu_reduction,
            root_fpu_reduction=config.root_fpu_reduction,
            mean_share=float(config.unvisited == "mean"),
        )

    def prepare_roots(self, rows: Ints, terms: Terms) -> None:
        """Mix noise into the priors of the expanded roots of the trees ``rows [R]`` where a slot explores."""
        self.arguments.forced_playouts[rows] = np.where(terms.explore, self.config.forced_playouts, 0)
        exploring = np.flatnonzero(terms.explore)
        if not len(exploring) or self.config.root_exploration_fraction == 0:
            return
        rows = rows[exploring]
        alpha = np.zeros((len(rows), self.num_actions))
        write_dirichlet_alphas(self.trees.nodes, self.trees.moves, rows, self.config.root_dirichlet_alpha, alpha)
        noise = random_numbers.draw_dirichlets(terms.keys[exploring], random_numbers.NOISE, alpha)
        fraction = np.float32(self.config.root_exploration_fraction)
        mix_root_noise(self.trees.nodes, self.trees.moves, rows, fraction, noise)

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """The decisions of the finished trees ``rows [R]``."""
        out = Decisions.empty(len(rows), self.num_actions)
        write_decisions(*self.trees.arrays[1:], rows, self.arguments, out)
        respect_proofs(*self.trees.arrays[1:], rows, out)
        count = out.visits + out.policy / 2  # ties go to the larger policy
        out.action[:] = np.where(out.policy > 0, count, -1).argmax(axis=1)
        return out
