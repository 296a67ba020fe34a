"""PUCT on one node built by hand: scores, first-play urgency, noise, forced playouts and what is pruned of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent import random_numbers
from agent.decision import Terms
from agent.search.expand_backup import backup, expand, init_roots, try_move
from agent.search.puct import Puct, PuctArguments, PuctConfig, exploration, select_edge, write_policy_target
from agent.search.search import Search, SearchConfig
from agent.search.tree import NONE, ROOT, UNKNOWN, Trees
from tests.agent.search.worlds import HashWorld

pytestmark = pytest.mark.nojit


def node(priors: Any, visits: Any, sums: Any, *, value: float = 0.0, proven: Any = None, pending: Any = None) -> Trees:
    """One tree whose root has these edges; those without visits, proof or pending visits were never tried."""
    count = len(priors)
    proven = [UNKNOWN] * count if proven is None else proven
    pending = [0] * count if pending is None else pending
    trees = Trees(1, 4, count)
    init_roots(*trees.arrays, np.zeros(1, np.int64))
    logits = np.log(np.array(priors, np.float32))
    expand(trees.slots, trees.nodes, trees.moves, 0, ROOT, np.ones(count, bool), logits)
    backup(trees.nodes, trees.edges, 0, ROOT, 0, np.float32(value), UNKNOWN)
    for a in range(count):
        if visits[a] or pending[a] or proven[a] != UNKNOWN:
            untried = int(np.flatnonzero(trees.moves["action"][0, :count] == a)[0])
            edge = trees.edges[0, try_move(*trees.arrays[1:], 0, ROOT, untried)]
            edge["visits"], edge["value_sum"], edge["pending"], edge["proven"] = (
                visits[a],
                sums[a],
                pending[a],
                proven[a],
            )
    root = trees.nodes[0, ROOT]
    root["visits"] += np.sum(visits)
    root["value_sum"] += np.sum(sums)
    root["pending"] = np.sum(pending)
    return trees


def best(trees: Trees, *, c_init: float = 1.25, c_base: float = 19652.0, fpu: float = 0.0, forced: float = 0.0) -> int:
    arguments = arguments_of(forced, c_init=c_init, c_base=c_base, fpu=fpu)
    return int(trees.moves[0, select_edge(*trees.arrays, 0, ROOT, arguments)]["action"])


def arguments_of(forced: float, *, c_init: float = 1.25, c_base: float = 19652.0, fpu: float = 0.0) -> PuctArguments:
    """The arguments of kernels for one tree; the table of the exploration term is empty."""
    return PuctArguments(np.array([forced]), np.zeros(0), c_init, c_base, 0.0, fpu)


def test_exploration_is_the_formula_of_alphazero() -> None:
    for visits in (1, 10, 1000, 50000):
        expected = (np.log((1 + visits + 19652) / 19652) + 1.25) * np.sqrt(visits)
        np.testing.assert_allclose(exploration(visits, 1.25, 19652.0), expected, rtol=1e-6)


def test_the_score_is_q_plus_u() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        priors = random.dirichlet(np.ones(5))
        visits = random.integers(1, 9, 5)
        q = random.uniform(-1, 1, 5)
        total = 1 + visits.sum()
        scores = q + (np.log((1 + total + 50) / 50) + 1.5) * priors * np.sqrt(total) / (1 + visits)
        assert best(node(priors, visits, q * visits), c_init=1.5, c_base=50.0) == scores.argmax()


def test_a_fresh_node_follows_its_prior() -> None:
    assert best(node([0.2, 0.5, 0.3], [0, 0, 0], [0, 0, 0])) == 1


def test_unvisited_children_start_below_the_mean() -> None:
    trees = node([0.5, 0.5], [4, 0], [2, 0], value=0.5)  # the mean is 0.5
    assert best(trees, c_init=0.0, c_base=1e9, fpu=0.0) in (0, 1)
    assert best(trees, c_init=0.01, c_base=1e9, fpu=0.0) == 1
    assert best(trees, c_init=0.01, c_base=1e9, fpu=0.25) == 0  # 0.5 - 0.25 sqrt(0.5) = 0.32
    assert best(trees, c_init=0.3, c_base=1e9, fpu=0.25) == 1


def test_pending_visits_count_in_n_but_not_in_q() -> None:
    even = {"priors": [0.5, 0.5], "visits": [2, 2], "sums": [1, 1]}
    assert best(node(**even, pending=[1, 0])) == 1
    assert best(node(**even, pending=[0, 1])) == 0
    assert best(node([0.5, 0.5], [2, 2], [1.9, 0], pending=[1, 0]), c_init=0.1) == 0


def test_a_proven_loss_is_taken_only_if_all_are() -> None:
    assert best(node([0.9, 0.1], [5, 5], [5, -5], proven=[-1, UNKNOWN])) == 1
    assert best(node([0.9, 0.1], [5, 5], [5, -5], proven=[-1, -1])) == 0


def test_a_proven_edge_is_worth_its_exact_value() -> None:
    assert best(node([0.5, 0.5], [9, 9], [-9, 0.9], proven=[0, UNKNOWN]), c_init=0.0, c_base=1e9) == 1
    assert best(node([0.5, 0.5], [9, 9], [-9, -0.9], proven=[0, UNKNOWN]), c_init=0.0, c_base=1e9) == 0


def test_forced_playouts_come_first() -> None:
    trees = node([0.599, 0.4, 0.001], [50, 2, 1], [45, -1, -1])
    assert best(trees) == 0
    assert best(trees, forced=2.0) == 1  # sqrt(2 * 0.4 * 53) = 6.5 visits are owed
    assert best(node([0.599, 0.4, 0.001], [50, 7, 1], [45, -3.5, -1]), forced=2.0) == 0
    assert best(node([0.599, 0.4, 0.001], [50, 0, 1], [45, 0, -1]), forced=2.0) != 2


def test_the_target_drops_what_only_forcing_spent() -> None:
    trees = node([0.6, 0.3, 0.1], [60, 8, 3], [48, -4, -2.7])
    policy = np.zeros(3)
    write_policy_target(*trees.arrays[1:], 0, arguments_of(0.0), policy)
    assert policy.tolist() == [60, 8, 3]
    write_policy_target(*trees.arrays[1:], 0, arguments_of(2.0), policy)
    assert policy[0] == 60
    owed = np.floor(np.sqrt(2 * np.array([0.3, 0.1]) * 71))
    assert (policy[1:] >= np.maximum(np.array([8, 3]) - owed, 0)).all() or (policy[1:] == 0).any()
    assert policy[1] < 8
    assert policy[2] == 0  # a single visit that is left is dropped


def test_the_target_keeps_visits_that_puct_would_spend() -> None:
    trees = node([0.5, 0.5], [30, 29], [15, 14.5])
    policy = np.zeros(2)
    write_policy_target(*trees.arrays[1:], 0, arguments_of(2.0), policy)
    np.testing.assert_allclose(policy, [30, 29], atol=1.1)


def test_noise_is_mixed_into_the_priors_of_those_who_explore() -> None:
    priors = np.array([0.7, 0.2, 0.1])
    trees = node(priors, [0, 0, 0], [0, 0, 0])
    rule = Puct(PuctConfig(root_dirichlet_alpha=0.5), trees, 3)
    rows, terms = np.zeros(1, np.int64), Terms.of(1)
    rule.prepare_roots(rows, terms)
    np.testing.assert_allclose(trees.children(0)["prior"], priors, rtol=1e-6)
    rule.prepare_roots(rows, terms._replace(explore=np.ones(1, bool)))
    noise = random_numbers.draw_dirichlets(terms.keys, random_numbers.NOISE, np.full((1, 3), 0.5))[0]
    np.testing.assert_allclose(trees.children(0)["prior"], 0.75 * priors + 0.25 * noise, rtol=1e-5)


def test_without_simulations_the_policy_is_the_network_s() -> None:
    world = HashWorld(4)
    search = Search(world, world.evaluate, SearchConfig(rule="puct", num_simulations=0), num_slots=1)
    search.think(np.zeros(1, np.int64), world.roots(3), Terms.of(1))
    _, out = search.decide()
    np.testing.assert_allclose(out.policy[0], search.trees.children(0)["prior"], rtol=1e-6)
    assert out.action[0] == out.policy[0].argmax()
    assert out.visits.sum() == 0
    assert search.trees.children(0)["child"].tolist() == [NONE] * 4
