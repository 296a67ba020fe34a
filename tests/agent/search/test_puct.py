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


def node(
    priors: Any,
    visits: Any,
    sums: Any,
    *,
    value: float = 0.0,
    proven: Any = None,
    pending: Any = None,
    order: Any = None,
) -> Trees:
    """One tree whose root has these edges; those without visits, proof or pending visits were never tried.

    ``order``: the actions in the order in which they are tried; by default the lowest first.
    """
    count = len(priors)
    proven = [UNKNOWN] * count if proven is None else proven
    pending = [0] * count if pending is None else pending
    trees = Trees(1, 4, count)
    init_roots(*trees.arrays, np.zeros(1, np.int64))
    logits = np.log(np.array(priors, np.float32))
    expand(trees.slots, trees.nodes, trees.moves, 0, ROOT, np.ones(count, bool), logits)
    backup(trees.nodes, trees.edges, 0, ROOT, 0, np.float32(value), UNKNOWN)
    for a in range(count) if order is None else order:
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


def best(trees: Trees, *, forced: float = 0.0, **constants: float) -> int:
    arguments = arguments_of(forced, **constants)
    return int(trees.moves[0, select_edge(*trees.arrays, 0, ROOT, arguments)]["action"])


def arguments_of(
    forced: float, *, c_init: float = 1.25, c_base: float = 19652.0, fpu: float = 0.0, mean: float = 1.0
) -> PuctArguments:
    """The arguments of kernels for one tree; the table of the exploration term is empty."""
    return PuctArguments(np.array([forced]), np.zeros(0), c_init, c_base, 0.0, fpu, mean)


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
    assert best(trees, c_init=0.3, c_base=1e9, mean=0.0) == 0  # AlphaGo Zero: 0 + 0.3 * 0.5 * sqrt(5) = 0.34 < 0.5
    assert best(trees, c_init=0.6, c_base=1e9, mean=0.0) == 1


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


def random_node(random: np.random.Generator, proofs: Any) -> tuple[Trees, Any]:
    """A node with five moves, some tried, and its priors, visits, pending visits, proofs, Q and value as arrays."""
    priors = random.dirichlet(np.ones(5)).astype(np.float32)
    proven = random.choice([UNKNOWN, *proofs], 5)
    visits = random.integers(0, 6, 5) * random.integers(0, 2, 5)
    visits[proven != UNKNOWN] += 1
    pending = np.where(proven == UNKNOWN, random.integers(0, 3, 5) * random.integers(0, 2, 5), 0)
    q = np.where(proven == UNKNOWN, random.uniform(-1, 1, 5), proven)
    sums = np.where(proven == UNKNOWN, q, random.uniform(-1, 1, 5)) * visits  # the sums of a proven edge do not count
    trees = node(priors, visits, sums, value=0.25, proven=proven, pending=pending, order=random.permutation(5))
    return trees, (priors, visits, pending, proven, q, (0.25 + sums.sum()) / (1 + visits.sum()))


@pytest.mark.parametrize("proofs", [[], [-1, 0], [-1, -1, -1, -1], [-1, 0, 1]])
@pytest.mark.parametrize(
    ("fpu", "forced", "share"),
    [(0.0, 0.0, 1.0), (0.4, 0.0, 1.0), (0.25, 2.0, 1.0), (0.0, 0.5, 1.0), (9.0, 3.0, 1.0), (0.0, 0.0, 0.0)],
)
def test_edges_are_selected_by_the_formulas_of_the_papers(proofs: Any, fpu: float, forced: float, share: float) -> None:
    """Q + U with pending visits in N; the first visit's Q below the mean; forced playouts; no proven loss."""
    random = np.random.default_rng(len(proofs))
    for _ in range(60):
        trees, (priors, visits, pending, proven, q, mean) = random_node(random, proofs)
        counts, total = visits + pending, 1 + (visits + pending).sum()
        u = (np.log((1 + total + 19652) / 19652) + 1.25) * priors * np.sqrt(total) / (1 + counts)
        unvisited = max(share * mean - fpu * np.sqrt(priors[visits > 0].sum()), -1.0)
        scores = np.where(visits > 0, q, unvisited) + u
        owed = (visits > 0) & (counts < np.sqrt(forced * priors * (total - 1)))
        scores[owed] = np.inf
        alive = proven != -1
        if alive.any():
            assert best(trees, fpu=fpu, forced=forced, mean=share) == np.where(alive, scores, -np.inf).argmax()
        else:
            assert best(trees, fpu=fpu, forced=forced, mean=share) == trees.moves[0, 0]["action"]


def test_the_table_of_the_exploration_term_changes_nothing() -> None:
    trees = node([0.6, 0.4], [3, 1], [0.9, 0.5])
    arguments = arguments_of(0.0)
    for length in (4, 5, 6, 20):  # the node has 5 visits
        table = np.full(length, np.nan)
        table[5:6] = exploration(5, 1.25, 19652.0)
        assert select_edge(*trees.arrays, 0, ROOT, arguments._replace(exploration_table=table)) == select_edge(
            *trees.arrays, 0, ROOT, arguments
        )


@pytest.mark.parametrize("visits", [[0, 0, 0], [2, 2, 2]])
def test_among_equal_moves_the_lowest_is_selected(visits: Any) -> None:
    for order in ((1, 2, 0), (2, 0, 1), (0, 1, 2)):
        assert best(node([1 / 3] * 3, visits, [0, 0, 0], order=order)) == 0
        assert best(node([1 / 3] * 3, visits, [0, 0, 0], pending=[1, 1, 1], order=order)) == 0


def test_other_nodes_than_the_root_have_constants_of_their_own() -> None:
    """Neither forced playouts nor the root's reduction count below the root."""
    trees = Trees(1, 4, 2)
    init_roots(*trees.arrays, np.zeros(1, np.int64))
    trees.nodes[0, 1] = trees.nodes[0, ROOT]
    arguments, logits = PuctArguments(np.array([200.0]), np.zeros(0), 0.1, 1e9, 0.0, 5.0, 1.0), np.log([0.6, 0.4])
    for index, selected in ((ROOT, 0), (1, 1)):
        expand(trees.slots, trees.nodes, trees.moves, 0, index, np.ones(2, bool), logits.astype(np.float32))
        record = trees.nodes[0, index]
        edge = trees.edges[0, try_move(*trees.arrays[1:], 0, index, record["first_edge"])]
        edge["visits"], edge["value_sum"], record["visits"], record["value_sum"] = 8, 4, 9, 4.5
        assert select_edge(*trees.arrays, 0, index, arguments) == record["first_edge"] + selected


def test_forced_playouts_come_first() -> None:
    trees = node([0.599, 0.4, 0.001], [50, 2, 1], [45, -1, -1])
    assert best(trees) == 0
    assert best(trees, forced=2.0) == 1  # sqrt(2 * 0.4 * 53) = 6.5 visits are owed
    assert best(node([0.599, 0.4, 0.001], [50, 7, 1], [45, -3.5, -1]), forced=2.0) == 0
    assert best(node([0.599, 0.4, 0.001], [50, 0, 1], [45, 0, -1]), forced=2.0) != 2
    assert best(node([0.5, 0.5], [12, 3], [12, -3]), forced=2.0) == 1  # sqrt(2 * 0.5 * 15) = 3.9 visits are owed
    assert best(node([0.5, 0.5], [12, 4], [12, -4]), forced=2.0) == 0  # sqrt(2 * 0.5 * 16) = 4 were made


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


@pytest.mark.parametrize("forced", [0.0, 2.0, 40.0])
def test_the_target_is_the_formula_of_the_paper(forced: float) -> None:
    """Other moves than the most visited lose forced visits while their score stays below its own; one left is none."""
    random = np.random.default_rng(7)
    changed = 0
    for i in range(150):
        priors = random.dirichlet(np.ones(5)).astype(np.float32)
        visits = random.integers(0, 2 if i % 3 == 0 else 9, 5)
        q = random.uniform(-0.3, 0.3, 5)
        trees = node(priors, visits, q * visits, order=random.permutation(5))
        policy = np.zeros(5)
        write_policy_target(*trees.arrays[1:], 0, arguments_of(forced), policy)
        expected = visits.copy()
        first, total = int(visits.argmax()), int(visits.sum())
        scale = float(exploration(1 + total, 1.25, 19652.0))
        top = q[first] + scale * priors[first] / (1 + visits[first]) if visits[first] else 0.0
        for a in range(5):
            if a != first and forced > 0:
                least = max(int(visits[a]) - int(np.sqrt(forced * priors[a] * total)), 0)
                enough = [n for n in range(least + 1, int(visits[a]) + 1) if q[a] + scale * priors[a] / n >= top]
                expected[a] = max(enough, default=least)
                expected[a] = 0 if expected[a] == 1 else expected[a]
        assert policy.tolist() == expected.tolist()
        changed += policy.tolist() != visits.tolist()
    assert (changed > 50) == (forced > 0)


def test_the_action_has_the_most_visits_that_count_and_then_the_larger_policy() -> None:
    trees = node([0.2, 0.5, 0.3], [3, 3, 2], [0, 0, 0], order=(2, 0, 1))
    rule, rows, terms = Puct(PuctConfig(), trees, 3), np.zeros(1, np.int64), Terms.of(1)
    assert rule.decide(rows, terms).action.tolist() == [0]
    trees.edges["visits"][0, 0] = 4
    out = rule.decide(rows, terms)
    assert out.action.tolist() == [2]
    np.testing.assert_allclose(out.policy[0], [0.3, 0.3, 0.4], rtol=1e-6)
    assert out.visits[0].tolist() == [3, 3, 4]
    trees = node([0.4, 0.3, 0.3], [20, 10, 9], [10, -9, 3.6], proven=[-1, UNKNOWN, UNKNOWN])
    rule = Puct(PuctConfig(forced_playouts=6.0), trees, 3)
    rule.arguments.forced_playouts[:] = 6
    out = rule.decide(rows, terms)
    np.testing.assert_allclose(out.policy[0], [0, 2 / 11, 9 / 11], rtol=1e-5)  # 8 of 10 visits were forced
    assert out.action.tolist() == [1]


def test_the_constants_are_those_of_the_papers() -> None:
    """AlphaZero's, and those of KataGo for forced playouts, first visits and noise."""
    assert PuctConfig() == PuctConfig(
        c_init=1.25,
        c_base=19652.0,
        fpu_reduction=0.25,
        root_fpu_reduction=0.0,
        root_dirichlet_alpha=0.0,
        root_exploration_fraction=0.25,
        forced_playouts=2.0,
    )


def test_noise_is_mixed_into_the_priors_of_those_who_explore() -> None:
    priors = np.array([0.7, 0.2, 0.1])
    trees = node(priors, [0, 0, 0], [0, 0, 0])
    rule = Puct(PuctConfig(root_dirichlet_alpha=0.5), trees, 3)
    rows, terms = np.zeros(1, np.int64), Terms.of(1)
    rule.prepare_roots(rows, terms)
    np.testing.assert_allclose(trees.children(0)["prior"], priors, rtol=1e-6)
    assert rule.arguments.forced_playouts.tolist() == [0]
    rule.prepare_roots(rows, terms._replace(explore=np.ones(1, bool)))
    assert rule.arguments.forced_playouts.tolist() == [2]
    noise = random_numbers.draw_dirichlets(terms.keys, random_numbers.NOISE, np.full((1, 3), 0.5))[0]
    np.testing.assert_allclose(trees.children(0)["prior"], 0.75 * priors + 0.25 * noise, rtol=1e-5)


def test_noise_leaves_the_likeliest_untried_move_in_front() -> None:
    seen = set()
    for key in range(20):
        trees = node([0.4, 0.35, 0.25], [1, 0, 0], [0, 0, 0])
        rule = Puct(PuctConfig(root_exploration_fraction=0.9), trees, 3)
        terms = Terms.of(1, keys=np.array([key], np.uint64))._replace(explore=np.ones(1, bool))
        rule.prepare_roots(np.zeros(1, np.int64), terms)
        untried = trees.moves[0, 1:3]
        assert untried["prior"][0] == untried["prior"].max()
        seen.add(int(untried["action"][0]))
    assert seen == {1, 2}


def test_without_simulations_the_policy_is_the_network_s() -> None:
    world = HashWorld(4)
    search = Search(world, world.evaluate, SearchConfig(rule="puct", num_simulations=0), num_slots=1)
    search.think(np.zeros(1, np.int64), world.roots(3), Terms.of(1))
    _, out = search.decide()
    np.testing.assert_allclose(out.policy[0], search.trees.children(0)["prior"], rtol=1e-6)
    assert out.action[0] == out.policy[0].argmax()
    assert out.visits.sum() == 0
    assert search.trees.children(0)["child"].tolist() == [NONE] * 4
