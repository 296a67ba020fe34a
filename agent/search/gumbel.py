"""Gumbel AlphaZero: Sequential Halving at the root, completed Q everywhere (Danihelka et al., ICLR 2022).

Knows how an edge is selected and how a decision is read from a finished tree. Does not know rules, networks, or how
leaves are expanded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.completed_q import GumbelArguments, complete_q, improve_logits, precedes
from agent.search.proofs import respect_proofs
from agent.search.sequential_halving import considered_visits
from agent.search.simulate import make_select_leaves
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Number, Positive, Settings
from games.compilation.jit_cache import cached_njit


@dataclass(frozen=True, kw_only=True)
class GumbelConfig(Settings, called="search.gumbel"):
    """sigma(q) = (c_visit + max N) * c_scale * q, with q in [-1, 1]."""

    max_considered: Positive = 16  # root actions that Sequential Halving starts with
    c_visit: Number = 50.0  # c_visit in the formula above
    c_scale: Number = 0.1  # c_scale in the formula above: larger trusts the search more


@njit(forceinline=True, error_model="numpy")
def select_tried_root_edge(
    nodes: Records, moves: Records, edges: Records, t: int, considered: int, arguments: GumbelArguments
) -> int:
    """The best move that ``select_root_edge`` finds among the tried ones with ``considered`` visits, or NONE."""
    before, noise, logits, scratch = arguments.visits_before, arguments.noise, arguments.logits, arguments.scratch
    root = nodes[t, ROOT]
    _, most, _, _ = complete_q(nodes, moves, edges, t, ROOT, scratch)
    scale = (arguments.c_visit + most) * arguments.c_scale
    first = root["first_edge"]
    best, best_score = NONE, -np.inf
    for k in range(root["num_tried"]):
        edge = edges[t, first + k]
        action = moves[t, first + k]["action"]
        if edge["proven"] == -1 or edge["visits"] + edge["pending"] - before[t, action] != considered:
            continue
        score = noise[t, action] + (logits[t, action] + scale * scratch[k])
        if best == NONE or precedes(score, best_score, action, moves[t, best]["action"]):
            best, best_score = first + k, score
    return best


@njit(forceinline=True, error_model="numpy")
def select_root_edge(
    nodes: Records, moves: Records, edges: Records, t: int, considered: int, arguments: GumbelArguments
) -> int:
    """The root move with the highest noise + logits + sigma(completed Q) among those with ``considered`` visits.

    Visits from before this move and proven losses do not count. If no move is left, the best one with any number of
    visits that is not a proven loss.
    """
    if considered > 0:  # untried moves have no visits; there may be hundreds of them, and few are tried
        best = select_tried_root_edge(nodes, moves, edges, t, considered, arguments)
        if best != NONE:
            return best
    before, noise, scratch = arguments.visits_before, arguments.noise, arguments.scratch
    root = nodes[t, ROOT]
    improve_logits(nodes, moves, edges, t, arguments)
    first = root["first_edge"]
    best, best_score = NONE, -np.inf
    best_of_any, best_of_any_score = NONE, -np.inf
    for k in range(root["num_edges"]):
        action = moves[t, first + k]["action"]
        visits = 0
        if k < root["num_tried"]:
            edge = edges[t, first + k]
            if edge["proven"] == -1:
                continue
            visits = edge["visits"] + edge["pending"] - before[t, action]
        score = noise[t, action] + scratch[k]
        if best_of_any == NONE or precedes(score, best_of_any_score, action, moves[t, best_of_any]["action"]):
            best_of_any, best_of_any_score = first + k, score
        if visits == considered and (best == NONE or precedes(score, best_score, action, moves[t, best]["action"])):
            best, best_score = first + k, score
    if best != NONE:
        return best
    return first if best_of_any == NONE else best_of_any


@njit(forceinline=True, error_model="numpy")
def select_inner_edge(
    nodes: Records, moves: Records, edges: Records, t: int, index: int, arguments: GumbelArguments
) -> int:
    """The move of node ``index`` with the largest improved policy - N / (1 + sum of all N) (section 5).

    All untried moves have the same Q, so only the first of them, which has the highest prior, can be the largest. Their
    total prior is what the tried moves leave of 1.
    """
    scratch = arguments.scratch
    node = nodes[t, index]
    first, tried = node["first_edge"], node["num_tried"]
    mixed, most, total, mass_tried = complete_q(nodes, moves, edges, t, index, scratch)
    total += node["pending"]
    scale = (arguments.c_visit + most) * arguments.c_scale
    top = mixed if tried < node["num_edges"] else -np.inf
    for k in range(tried):
        top = max(top, scratch[k])
    mass = 0.0
    for k in range(tried):
        scratch[k] = moves[t, first + k]["prior"] * np.exp(scale * (scratch[k] - top))
        mass += scratch[k]
    best, best_score = NONE, -np.inf
    if tried < node["num_edges"]:
        prior = moves[t, first + tried]["prior"]
        weight = np.exp(scale * (mixed - top))
        mass += max(1.0 - mass_tried, prior) * weight
        best = first + tried
        best_score = prior * weight / mass
    for k in range(tried):
        edge = edges[t, first + k]
        if edge["proven"] == -1:
            continue
        score = scratch[k] / mass - (edge["visits"] + edge["pending"]) / (1 + total)
        if best == NONE or precedes(score, best_score, moves[t, first + k]["action"], moves[t, best]["action"]):
            best, best_score = first + k, score
    return first if best == NONE else best


@njit(forceinline=True, error_model="numpy")
def select_edge(
    slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, arguments: GumbelArguments
) -> int:
    """The move that a simulation follows from node ``index`` of tree ``t``."""
    if index != ROOT:
        return select_inner_edge(nodes, moves, edges, t, index, arguments)
    considered = arguments.considered_visits[t, slots[t]["spent"]]
    return select_root_edge(nodes, moves, edges, t, considered, arguments)


select_leaves = make_select_leaves(select_edge, GumbelArguments)


@cached_njit(error_model="numpy")
def read_roots(nodes: Records, moves: Records, edges: Records, rows: Ints, before: Ints, logits: Any) -> None:
    """Write the logits and the visits of the root actions of the trees ``rows [R]`` into ``logits`` and ``before``.

    Only a reused tree has visits before its first simulation.
    """
    for t in rows:
        root = nodes[t, ROOT]
        before[t] = 0
        for k in range(root["num_edges"]):
            move = moves[t, root["first_edge"] + k]
            logits[t, move["action"]] = np.log(np.float64(move["prior"]))
            if k < root["num_tried"]:
                before[t, move["action"]] = edges[t, root["first_edge"] + k]["visits"]


@cached_njit(error_model="numpy")
def write_decisions(
    nodes: Records, moves: Records, edges: Records, rows: Ints, arguments: GumbelArguments, decisions: Decisions
) -> None:
    """Write the ``decisions`` [R] of the trees ``rows [R]``, all 0 on entry.

    The policy is softmax(logits + sigma(completed Q)), and the value is the mean Q under this policy. The action has
    the highest noise + logits + sigma(completed Q) among the most visited of this move that are not proven losses.
    ``proven`` says whether any root edge is proven.
    """
    before, noise, scratch = arguments.visits_before, arguments.noise, arguments.scratch
    action, policy, visits = decisions.action, decisions.policy, decisions.visits
    value, proven = decisions.value, decisions.proven
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        first = root["first_edge"]
        top = improve_logits(nodes, moves, edges, t, arguments)
        mass = 0.0
        most = 0 if root["num_tried"] < root["num_edges"] else -1
        for k in range(root["num_edges"]):
            mass += np.exp(scratch[k] - top)
            if k < root["num_tried"] and edges[t, first + k]["proven"] != -1:
                most = max(most, edges[t, first + k]["visits"] - before[t, moves[t, first + k]["action"]])
        weighted = 0.0
        weight = 0.0
        best_score = -np.inf
        action[i] = NONE
        for k in range(root["num_edges"]):
            a = moves[t, first + k]["action"]
            policy[i, a] = np.exp(scratch[k] - top) / mass
            candidate = most <= 0  # no action was visited in this move, or all are proven losses
            if k < root["num_tried"]:
                edge = edges[t, first + k]
                visits[i, a] = edge["visits"]
                proven[i] |= edge["proven"] != UNKNOWN
                if edge["visits"] > 0:
                    q = edge["value_sum"] / edge["visits"] if edge["proven"] == UNKNOWN else edge["proven"]
                    weighted += policy[i, a] * q
                    weight += policy[i, a]
                candidate = most < 0 or (edge["proven"] != -1 and edge["visits"] - before[t, a] == most)
            score = noise[t, a] + scratch[k] if candidate else -np.inf
            if action[i] == NONE or precedes(score, best_score, a, action[i]):
                action[i] = a
                best_score = score
        value[i] = weighted / weight if weight > 0 else np.float64(root["value"])


class Gumbel:
    """The Gumbel rule for the trees of one search."""

    select_leaves = staticmethod(select_leaves)

    def __init__(self, config: GumbelConfig, trees: Trees, num_actions: int) -> None:
        self.config = config
        self.trees = trees
        self.num_actions = num_actions
        num_slots = len(trees.slots)
        self.arguments = GumbelArguments(
            visits_before=np.zeros((num_slots, num_actions), np.int32),
            noise=np.zeros((num_slots, num_actions), np.float32),
            considered_visits=np.zeros((num_slots, 1), np.int32),
            logits=np.zeros((num_slots, num_actions)),
            c_visit=config.c_visit,
            c_scale=config.c_scale,
            scratch=np.empty(num_actions),
        )

    def prepare_roots(self, rows: Ints, terms: Terms) -> None:
        """Draw the noise of the expanded roots of the trees ``rows [R]``, and schedule their simulations."""
        read_roots(*self.trees.arrays[1:], rows, self.arguments.visits_before, self.arguments.logits)
        noise = random_numbers.draw_gumbels(terms.keys, random_numbers.NOISE, self.num_actions)
        self.arguments.noise[rows] = np.where(terms.explore[:, None], noise, 0)
        budgets = self.trees.slots["budget"][rows]
        schedules = self.arguments.considered_visits
        if budgets.max() > schedules.shape[1]:
            wider = np.zeros((len(schedules), int(budgets.max())), np.int32)
            wider[:, : schedules.shape[1]] = schedules
            schedules, self.arguments = wider, self.arguments._replace(considered_visits=wider)
        for t, budget in zip(rows, budgets, strict=True):
            num_considered = min(self.config.max_considered, int(self.trees.nodes[t, ROOT]["num_edges"]), int(budget))
            schedules[t, :budget] = considered_visits(num_considered, int(budget))

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """The decisions of the finished trees ``rows [R]``."""
        out = Decisions.empty(len(rows), self.num_actions)
        write_decisions(*self.trees.arrays[1:], rows, self.arguments, out)
        respect_proofs(*self.trees.arrays[1:], rows, out)
        return out
