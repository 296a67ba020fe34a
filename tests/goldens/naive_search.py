"""A naive search of the hash world: one tree, recursive, float64, written to be read next to the papers.

It knows the hash world, PUCT (AlphaZero), Gumbel search (Danihelka et al., ICLR 2022) and the conventions that
`make_mctx_goldens.py` describes. It does not know mctx, files, or this project's own search. Its input is a golden
record, so that `NaiveSearch(record)` repeats the golden tree; `margin` is by how little its closest choice was won.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.goldens import hash_world

Float64s = npt.NDArray[np.float64]
C_VISIT = 50


def considered_visits(record: Mapping[str, Any]) -> list[int]:
    """Sequential Halving as one number a simulation: the visits a root child must have to be a candidate."""
    num_simulations = record["num_simulations"]
    m = min(record["max_considered_actions"], record["num_actions"] - len(record["illegal_root_actions"]))
    if m <= 1:
        return list(range(num_simulations))
    schedule: list[int] = []
    k, visits, num_phases = m, 0, math.ceil(math.log2(m))
    while len(schedule) < num_simulations:
        for _ in range(max(1, num_simulations // (num_phases * k))):
            schedule += [visits] * k
            visits += 1
        k = max(2, k // 2)
    return schedule[:num_simulations]


def softmax(logits: Float64s) -> Float64s:
    weights = np.exp(logits - np.max(logits))
    return np.asarray(weights / np.sum(weights))


@dataclass
class Node:
    hash: int
    logits: Float64s  # [A]; -inf where illegal
    raw_value: float
    total: float  # raw_value and all values backed up through here
    visits: int = 1
    children: dict[int, int] = field(default_factory=dict)  # action -> index of the node

    @property
    def value(self) -> float:
        return self.total / self.visits


class NaiveSearch:
    """The whole search of one record; nodes in order of creation, with the parent and the action that led there."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.margin = math.inf
        self.nodes: list[Node] = []
        self.parents: list[int] = []
        self.actions: list[int] = []
        self.add(record["root_hash"], -1, -1)
        root_logits = np.array(record["root_logits"], np.float64)
        root_logits[list(record["illegal_root_actions"])] = -np.inf
        self.nodes[0].logits = root_logits
        self.is_gumbel = "root_gumbel" in record
        if self.is_gumbel:
            self.schedule = considered_visits(record)
        for _ in range(record["num_simulations"]):
            self.simulate(0)

    def add(self, position: int, parent: int, action: int) -> None:
        logits, value = hash_world.network(np.array([position]), self.record["num_actions"])
        raw_value = float(value[0])
        self.nodes.append(Node(position, logits[0].astype(np.float64), raw_value, raw_value))
        self.parents.append(parent)
        self.actions.append(action)

    def simulate(self, index: int) -> float:
        """One simulation from this node on; returns the leaf's value for the player to move here."""
        node = self.nodes[index]
        action = self.best(self.gumbel_scores(index) if self.is_gumbel else self.puct_scores(index))
        if action in node.children:
            value = -self.simulate(node.children[action])
        else:
            node.children[action] = len(self.nodes)
            self.add(int(hash_world.child(node.hash, action)), index, action)
            value = -self.nodes[-1].raw_value
        node.visits += 1
        node.total += value
        return value

    def best(self, scores: Float64s) -> int:
        second, first = np.sort(scores)[-2:]
        self.margin = min(self.margin, float(first - second))
        return int(np.argmax(scores))

    def statistics(self, index: int) -> tuple[Float64s, Float64s, Float64s]:
        """Visits [A], q [A] (0 where unvisited) and priors [A] of a node's actions."""
        visits, q = np.zeros((2, self.record["num_actions"]))
        for action, child in self.nodes[index].children.items():
            visits[action] = self.nodes[child].visits
            q[action] = -self.nodes[child].value
        return visits, q, softmax(self.nodes[index].logits)

    def puct_scores(self, index: int) -> Float64s:
        node, record = self.nodes[index], self.record
        visits, q, prior = self.statistics(index)
        reduction = record["fpu_reduction"] if index else 0.0
        unvisited_q = node.value - reduction * math.sqrt(prior[visits > 0].sum())
        c = record["c_init"] + math.log((node.visits + record["c_base"] + 1) / record["c_base"])
        scores = np.where(visits > 0, q, unvisited_q) + c * prior * math.sqrt(node.visits) / (1 + visits)
        return np.where(np.isinf(node.logits), -np.inf, scores)

    def improved_logits(self, index: int) -> Float64s:
        """logits + sigma(completed q) [A], the logits of the improved policy."""
        visits, q, prior = self.statistics(index)
        seen, mixed_value = visits > 0, self.nodes[index].raw_value
        if seen.any():
            weighted_q = (prior * q)[seen].sum() / prior[seen].sum()
            mixed_value = (mixed_value + visits.sum() * weighted_q) / (1 + visits.sum())
        sigma = (C_VISIT + visits.max()) * self.record["c_scale"] * np.where(seen, q, mixed_value)
        return np.asarray(self.nodes[index].logits + sigma)

    def root_gumbel_scores(self, num_visits: int) -> Float64s:
        visits, _, _ = self.statistics(0)
        scores = self.improved_logits(0) + np.array(self.record["root_gumbel"])
        return np.where(visits == num_visits, scores, -np.inf)

    def gumbel_scores(self, index: int) -> Float64s:
        visits, _, _ = self.statistics(index)
        if index == 0:
            return self.root_gumbel_scores(self.schedule[int(visits.sum())])
        return np.asarray(softmax(self.improved_logits(index)) - visits / (1 + visits.sum()))

    def decide(self) -> tuple[int, Float64s]:
        """The action to play and the action weights [A], the target for the policy."""
        visits, _, _ = self.statistics(0)
        if self.is_gumbel:
            return self.best(self.root_gumbel_scores(int(visits.max()))), softmax(self.improved_logits(0))
        return self.best(visits), visits / visits.sum()
