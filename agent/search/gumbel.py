"""Gumbel AlphaZero: Sequential Halving at the root, completed Q everywhere (Danihelka et al., ICLR 2022).

Knows how an edge is chosen and what a finished tree says. Does not know rules, networks, or how trees grow.
Kernels keep to this file, because Numba's cache does not notice an edit in another one; ``make_simulate`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.proofs import respect_proofs
from agent.search.simulate import make_simulate
from agent.search.tree import NONE, ROOT, UNKNOWN, Ints, Records, Trees
from agent.settings import Number, Positive, Settings
from games.jit_cache import cached_njit


@dataclass(frozen=True, kw_only=True)
class GumbelConfig(Settings, called="search.gumbel"):
    """sigma(q) = (c_visit + max N) * c_scale * q, with q in [-1, 1]."""

    max_considered: Positive = 16  # root actions that Sequential Halving starts with
    c_visit: Number = 50.0  # c_visit in the formula above
    c_scale: Number = 0.1  # c_scale in the formula above: larger trusts the search more


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


@njit(forceinline=True, error_model="numpy")
def precedes(score: float, other: float, action: int, rival: int) -> bool:
    """Whether ``action`` comes before its ``rival``: by score, of equals the lower action."""
    return score > other or (score == other and action < rival)


@njit(forceinline=True, error_model="numpy")
def complete_q(
    nodes: Records, moves: Records, edges: Records, t: int, index: int, out: Any
) -> tuple[float, int, int, float]:
    """Write the completed Q of the tried moves of node ``index`` into ``out [K]``: exact values, means, or v_mix.

    Returns v_mix, which stands for every other move: the network's value and the visited Q, weighted by the prior
    (appendix D). Then the most visits of a move, those of all, and the prior of those tried.
    """
    node = nodes[t, index]
    first = node["first_edge"]
    most = 0
    total = 0
    tried = 0.0
    mass = 0.0
    weighted = 0.0
    for k in range(node["num_tried"]):
        edge, prior = edges[t, first + k], moves[t, first + k]["prior"]
        tried += prior
        visits = edge["visits"]
        out[k] = np.nan
        if visits > 0:
            out[k] = np.float64(edge["value_sum"] / visits if edge["proven"] == UNKNOWN else edge["proven"])
            total += visits
            most = max(most, visits)
            mass += prior
            weighted += prior * out[k]
    mixed = np.float64(node["value"])
    if mass > 0:
        mixed = (mixed + total * weighted / mass) / (1 + total)
    if node["pending"] > 0:  # some wait for their first judgement
        for k in range(node["num_tried"]):
            if np.isnan(out[k]):
                out[k] = mixed
    return mixed, most, total, tried


@cached_njit(error_model="numpy")
def improve_logits(nodes: Records, moves: Records, edges: Records, t: int, rule: Any) -> float:
    """Write logits + sigma(completed Q) of each move of the root into the rule's scratch [K]; their maximum."""
    _, _, _, logits, c_visit, c_scale, out = rule
    root = nodes[t, ROOT]
    mixed, most, _, _ = complete_q(nodes, moves, edges, t, ROOT, out)
    scale = (c_visit + most) * c_scale
    top = -np.inf
    for k in range(root["num_edges"]):
        q = out[k] if k < root["num_tried"] else mixed
        out[k] = logits[t, moves[t, root["first_edge"] + k]["action"]] + scale * q
        top = max(top, out[k])
    return top


@njit(forceinline=True, error_model="numpy")
def choose_root(nodes: Records, moves: Records, edges: Records, t: int, considered: int, rule: Any) -> int:
    """Among root moves with exactly ``considered`` visits in this move, the best of g + logits + sigma(q).

    Proven losses are out; where they leave nobody with that many visits, the best of all the others.
    """
    before, gumbel, _, _, _, _, scratch = rule
    root = nodes[t, ROOT]
    improve_logits(nodes, moves, edges, t, rule)
    first = root["first_edge"]
    best, best_score = NONE, -np.inf
    spare, spare_score = NONE, -np.inf
    for k in range(root["num_edges"]):
        action = moves[t, first + k]["action"]
        visits = 0
        if k < root["num_tried"]:
            edge = edges[t, first + k]
            if edge["proven"] == -1:
                continue
            visits = edge["visits"] + edge["pending"] - before[t, action]
        score = gumbel[t, action] + scratch[k]
        if spare == NONE or precedes(score, spare_score, action, moves[t, spare]["action"]):
            spare, spare_score = first + k, score
        if visits == considered and (best == NONE or precedes(score, best_score, action, moves[t, best]["action"])):
            best, best_score = first + k, score
    if best != NONE:
        return best
    return first if spare == NONE else spare


@njit(forceinline=True, error_model="numpy")
def choose_inside(nodes: Records, moves: Records, edges: Records, t: int, index: int, rule: Any) -> int:
    """The move whose share of visits lags most behind the improved policy (section 5).

    Untried moves have the same Q: only the likeliest can be the one, and together they weigh what the others leave.
    """
    _, _, _, _, c_visit, c_scale, scratch = rule
    node = nodes[t, index]
    first, tried = node["first_edge"], node["num_tried"]
    mixed, most, total, mass_tried = complete_q(nodes, moves, edges, t, index, scratch)
    total += node["pending"]
    scale = (c_visit + most) * c_scale
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
def choose(slots: Records, nodes: Records, moves: Records, edges: Records, t: int, index: int, rule: Any) -> int:
    """The move to follow from node ``index``; ``rule``: see ``Gumbel.told``."""
    if index != ROOT:
        return choose_inside(nodes, moves, edges, t, index, rule)
    return choose_root(nodes, moves, edges, t, rule[2][t, slots[t]["spent"]], rule)


walk = make_simulate(choose)


@cached_njit(error_model="numpy")
def note_roots(nodes: Records, moves: Records, edges: Records, rows: Ints, before: Ints, logits: Any) -> None:
    """Note the logits of each root action, and its visits before this move: none, unless the tree was kept."""
    for t in rows:
        root = nodes[t, ROOT]
        before[t] = 0
        for k in range(root["num_edges"]):
            move = moves[t, root["first_edge"] + k]
            logits[t, move["action"]] = np.log(np.float64(move["prior"]))
            if k < root["num_tried"]:
                before[t, move["action"]] = edges[t, root["first_edge"] + k]["visits"]


@cached_njit(error_model="numpy")
def write_decisions(nodes: Records, moves: Records, edges: Records, rows: Ints, rule: Any, out: Any) -> None:
    """Write policy = softmax(logits + sigma(completed Q)), its mean Q as value, visits, and the action to play;
    ``proven``: some root edge is.

    The action is the best of g + logits + sigma(q) among the most visited of this move that are not proven lost.
    """
    before, gumbel, _, _, _, _, scratch = rule
    action, policy, value, visits, proven = out
    for i in range(len(rows)):
        t = rows[i]
        root = nodes[t, ROOT]
        first = root["first_edge"]
        top = improve_logits(nodes, moves, edges, t, rule)
        mass = 0.0
        most = 0 if root["num_tried"] < root["num_edges"] else -1
        for k in range(root["num_edges"]):
            mass += np.exp(scratch[k] - top)
            if k < root["num_tried"] and edges[t, first + k]["proven"] != -1:
                most = max(most, edges[t, first + k]["visits"] - before[t, moves[t, first + k]["action"]])
        scored = 0.0
        weight = 0.0
        best_score = -np.inf
        action[i] = NONE
        for k in range(root["num_edges"]):
            a = moves[t, first + k]["action"]
            policy[i, a] = np.exp(scratch[k] - top) / mass
            candidate = most <= 0  # nobody was visited in this move, or all are lost
            if k < root["num_tried"]:
                edge = edges[t, first + k]
                visits[i, a] = edge["visits"]
                proven[i] |= edge["proven"] != UNKNOWN
                if edge["visits"] > 0:
                    q = edge["value_sum"] / edge["visits"] if edge["proven"] == UNKNOWN else edge["proven"]
                    scored += policy[i, a] * q
                    weight += policy[i, a]
                candidate = most < 0 or (edge["proven"] != -1 and edge["visits"] - before[t, a] == most)
            score = gumbel[t, a] + scratch[k] if candidate else -np.inf
            if action[i] == NONE or precedes(score, best_score, a, action[i]):
                action[i] = a
                best_score = score
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
        self.logits = np.zeros((len(trees.slots), num_actions))
        self.scratch = np.empty(num_actions)

    def open(self, rows: Ints, terms: Terms) -> None:
        """The roots of ``rows [R]`` have edges: draw their noise (0 unless exploring), order their simulations."""
        note_roots(*self.trees.arrays[1:], rows, self.before, self.logits)
        noise = random_numbers.draw_gumbels(terms.keys, random_numbers.NOISE, self.num_actions)
        self.noise[rows] = np.where(terms.explore[:, None], noise, 0)
        budgets = self.trees.slots["budget"][rows]
        if budgets.max() > self.order.shape[1]:
            wider = np.zeros((len(self.order), int(budgets.max())), np.int32)
            wider[:, : self.order.shape[1]] = self.order
            self.order = wider
        for t, budget in zip(rows, budgets, strict=True):
            num_considered = min(self.config.max_considered, int(self.trees.nodes[t, ROOT]["num_edges"]), int(budget))
            self.order[t, :budget] = considered_visits(num_considered, int(budget))

    @property
    def rule_arguments(self) -> tuple[Any, ...]:
        """What kernels are told: visits before this move, noise and order [T, ...], logits of the roots, constants."""
        constants = (self.config.c_visit, self.config.c_scale, self.scratch)
        return self.before, self.noise, self.order, self.logits, *constants

    def walk(self, walking: Ints, leaves: int, batch: Ints, count: int) -> tuple[int, int]:
        found: tuple[int, int] = walk(*self.trees.arrays, walking, leaves, self.rule_arguments, batch, count)
        return found

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """What the finished trees ``rows [R]`` say."""
        out = Decisions.empty(len(rows), self.num_actions)
        arrays = (out.action, out.policy, out.value, out.visits, out.proven)
        write_decisions(*self.trees.arrays[1:], rows, self.rule_arguments, arrays)
        respect_proofs(*self.trees.arrays[1:], rows, out.action, out.policy, out.value, out.proven)
        return out
