"""Gumbel search's parts: the order of Sequential Halving, completed Q, and what the noise does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.decision import Decisions, Terms
from agent.search.completed_q import GumbelArguments, improve_logits
from agent.search.gumbel import GumbelConfig, read_roots, select_inner_edge, select_root_edge, write_decisions
from agent.search.search import Search, SearchConfig
from agent.search.sequential_halving import considered_visits
from agent.search.tree import ROOT, UNKNOWN
from tests.agent.search.test_puct import node
from tests.agent.search.worlds import HashWorld

pytestmark = pytest.mark.nojit


def test_sequential_halving_by_hand() -> None:
    assert considered_visits(4, 8).tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
    assert considered_visits(4, 16).tolist() == [0] * 4 + [1] * 4 + [2, 2, 3, 3, 4, 4, 5, 5]
    assert considered_visits(1, 3).tolist() == [0, 1, 2]
    assert considered_visits(2, 5).tolist() == [0, 0, 1, 1, 2]
    assert considered_visits(16, 4).tolist() == [0, 0, 0, 0]
    assert considered_visits(7, 0).tolist() == []


@pytest.mark.parametrize("num_considered", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("budget", [1, 2, 16, 33, 200])
def test_the_order_can_be_followed(num_considered: int, budget: int) -> None:
    """At every step someone has exactly as many visits as the order asks for, and never under two are considered."""
    visits = np.zeros(num_considered, int)
    for wanted in considered_visits(num_considered, budget):
        (candidates,) = np.nonzero(visits == wanted)
        assert len(candidates)
        visits[candidates[0]] += 1
    assert visits.sum() == budget
    if budget > num_considered > 1:
        assert (visits >= visits.max() - 1).sum() >= 2


def completed(priors: Any, visits: Any, q: Any, value: float, c_visit: float, c_scale: float) -> Any:
    """The paper's formulas, written plainly."""
    priors, visits, q = (np.array(array, float) for array in (priors, visits, q))
    seen = visits > 0
    mixed = value
    if seen.any():
        mixed = (value + visits.sum() * (priors * q)[seen].sum() / priors[seen].sum()) / (1 + visits.sum())
    return np.log(priors) + (c_visit + visits.max()) * c_scale * np.where(seen, q, mixed)


def arguments_of(before: Any, noise: Any) -> GumbelArguments:
    """The arguments of kernels for one tree."""
    return GumbelArguments(
        visits_before=np.array([before], np.int32),
        noise=np.array([noise], np.float32),
        considered_visits=np.zeros((1, 1), np.int32),
        logits=np.zeros((1, len(before))),
        c_visit=50.0,
        c_scale=0.1,
        scratch=np.zeros(len(before)),
    )


@pytest.mark.parametrize("visits", [(0, 0, 0, 0), (1, 0, 2, 0), (3, 4, 5, 6)])
def test_completed_q(visits: Any) -> None:
    priors, q = [0.4, 0.3, 0.2, 0.1], [0.5, -0.5, 0.25, -0.9]
    trees = node(priors, visits, np.array(q) * visits, value=0.3)
    actions, arguments, out = trees.moves["action"][0, :4], arguments_of([0] * 4, [0] * 4), np.zeros(4)
    read_roots(*trees.arrays[1:], np.zeros(1, np.int64), arguments.visits_before, arguments.logits)
    top = improve_logits(*trees.arrays[1:], 0, arguments)
    out[actions] = arguments.scratch
    expected = completed(priors, visits, q, 0.3, 50.0, 0.1)
    np.testing.assert_allclose(out - out[0], expected - expected[0], rtol=1e-5, atol=1e-6)
    assert top == out.max()
    weights = np.exp(expected - expected.max())
    lag = weights / weights.sum() - np.array(visits) / (1 + sum(visits))
    assert actions[select_inner_edge(*trees.arrays[1:], 0, ROOT, arguments)] == lag.argmax()


class RandomNode:
    """A node with five moves: tried and untried ones, some proven, some with pending visits, some reused."""

    def __init__(self, random: np.random.Generator, proofs: Any) -> None:
        self.priors = random.dirichlet(np.ones(5)).astype(np.float32)
        self.proven = random.choice([UNKNOWN, *proofs], 5)
        self.visits = random.integers(0, 4, 5) * random.integers(0, 2, 5)
        self.visits[self.proven != UNKNOWN] += 1
        self.pending = np.where(self.proven == UNKNOWN, random.integers(0, 2, 5) * random.integers(0, 2, 5), 0)
        self.before = random.integers(0, self.visits + 1)
        self.noise = random.gumbel(size=5).astype(np.float32)
        self.q = np.where(self.proven == UNKNOWN, random.uniform(-1, 1, 5), self.proven)
        sums = np.where(self.proven == UNKNOWN, self.q, random.uniform(-1, 1, 5)) * self.visits  # a proof is exact
        self.value = float(np.float32(random.uniform(-1, 1)))
        self.trees = node(self.priors, self.visits, sums, value=self.value, proven=self.proven, pending=self.pending)
        self.arguments = arguments_of(self.before, self.noise)
        unused = np.zeros_like(self.arguments.visits_before)
        read_roots(*self.trees.arrays[1:], np.zeros(1, np.int64), unused, self.arguments.logits)
        self.scores = completed(self.priors, self.visits, self.q, self.value, 50.0, 0.1)
        weights = np.exp(self.scores - self.scores.max())
        self.policy = weights / weights.sum()

    def best(self, candidates: Any, scores: Any) -> int:
        """The candidate with the highest score."""
        return int(np.where(candidates, scores, -np.inf).argmax())


@pytest.mark.parametrize("proofs", [[], [-1, 0], [-1, -1, -1, -1], [-1, 0, 1]])
def test_edges_are_selected_by_the_formulas_of_the_paper(proofs: Any) -> None:
    random = np.random.default_rng(len(proofs))
    for _ in range(150):
        root = RandomNode(random, proofs)
        alive = root.proven != -1
        spent = root.visits + root.pending - root.before
        for considered in range(3):
            edge = select_root_edge(*root.trees.arrays[1:], 0, considered, root.arguments)
            wanted = alive & (spent == considered)
            if alive.any():
                expected = root.best(wanted if wanted.any() else alive, root.noise + root.scores)
                assert root.trees.moves[0, edge]["action"] == expected
            else:
                assert edge == 0
        edge = select_inner_edge(*root.trees.arrays[1:], 0, ROOT, root.arguments)
        shares = (root.visits + root.pending) / (1 + (root.visits + root.pending).sum())
        if alive.any():
            assert root.trees.moves[0, edge]["action"] == root.best(alive, root.policy - shares)
        else:
            assert edge == 0


@pytest.mark.parametrize("proofs", [[], [-1, 0], [-1, -1, -1, -1], [-1, 0, 1]])
def test_decisions_are_read_by_the_formulas_of_the_paper(proofs: Any) -> None:
    """Policy, value and action, before proofs at the root change them."""
    random = np.random.default_rng(10 + len(proofs))
    for _ in range(150):
        root = RandomNode(random, proofs)
        out = Decisions.empty(2, 5)
        write_decisions(*root.trees.arrays[1:], np.zeros(2, np.int64), root.arguments, out)
        np.testing.assert_allclose(out.policy[0], root.policy, rtol=1e-4, atol=1e-7)
        seen = root.visits > 0
        value = (root.policy * root.q)[seen].sum() / root.policy[seen].sum() if seen.any() else root.value
        np.testing.assert_allclose(out.value[0], value, rtol=1e-4, atol=1e-6)
        assert (out.visits[0] == root.visits).all()
        assert out.proven[0] == (root.proven != UNKNOWN).any()
        alive = root.proven != -1
        spent = root.visits - root.before
        most = spent[alive].max(initial=0)
        candidates = alive & (spent == most) if alive.any() else ~alive
        assert out.action[0] == root.best(candidates, root.noise + root.scores)
        for field in out:  # both rows are of this tree
            assert np.array_equal(field[0], field[1])


def test_among_equal_moves_the_lowest_is_played() -> None:
    for visits in ([0, 0, 0], [2, 2, 2]):
        trees = node([1 / 3] * 3, visits, [0, 0, 0], order=(1, 2, 0))
        arguments, out = arguments_of([0] * 3, [0] * 3), Decisions.empty(1, 3)
        for considered in (visits[0], 7):  # no move has 7 visits
            assert trees.moves[0, select_root_edge(*trees.arrays[1:], 0, considered, arguments)]["action"] == 0
        assert trees.moves[0, select_inner_edge(*trees.arrays[1:], 0, ROOT, arguments)]["action"] == 0
        write_decisions(*trees.arrays[1:], np.zeros(1, np.int64), arguments, out)
        assert out.action.tolist() == [0]


def test_the_constants_are_those_of_the_paper() -> None:
    assert GumbelConfig() == GumbelConfig(max_considered=16, c_visit=50.0, c_scale=0.1)


def selected(trees: Any, considered: int, before: Any, noise: Any) -> int:
    """The action that is selected at the root."""
    arguments = arguments_of(before, noise)
    read_roots(*trees.arrays[1:], np.zeros(1, np.int64), np.zeros_like(arguments.visits_before), arguments.logits)
    return int(trees.moves[0, select_root_edge(*trees.arrays[1:], 0, considered, arguments)]["action"])


def test_the_root_selects_among_actions_with_the_considered_visits() -> None:
    new, noise = [0, 0, 0, 0], [0, 0, 0, 3]
    trees = node([0.4, 0.3, 0.2, 0.1], [1, 1, 0, 0], [0.9, 0.8, 0, 0])
    assert [selected(trees, wanted, new, noise) for wanted in (0, 1)] == [3, 0]
    assert selected(trees, 2, new, noise) == 0  # no action has two visits: the best of all
    trees = node([0.4, 0.3, 0.2, 0.1], [1, 1, 0, 0], [0.9, 0.8, 0, 0], pending=[0, 0, 0, 1])
    assert selected(trees, 0, new, noise) == 2
    assert selected(trees, 0, [1, 1, 0, 0], noise) == 0  # reused visits are not of this move


def test_proven_losses_are_passed_over() -> None:
    for proven, expected in (([-1, UNKNOWN, UNKNOWN], 1), ([-1, -1, -1], 0)):
        trees = node([0.9, 0.06, 0.04], [0, 0, 0], [0, 0, 0], proven=proven)
        assert selected(trees, 0, [0, 0, 0], [0, 0, 0]) == expected
        pick = select_inner_edge(*trees.arrays[1:], 0, ROOT, arguments_of([0, 0, 0], [0, 0, 0]))
        assert trees.moves[0, pick]["action"] == expected


def test_only_so_many_actions_are_considered() -> None:
    world = HashWorld(12)
    config = SearchConfig(num_simulations=64, gumbel=GumbelConfig(max_considered=4))
    search = Search(world, world.evaluate, config, num_slots=3)
    terms = Terms.of(3)._replace(explore=np.array([False, True, True]))
    search.think(np.arange(3), world.roots(5, 5, 5), terms)
    _, out = search.decide()
    assert ((out.visits > 0).sum(axis=1) == 4).all()
    logits = world.evaluate(world.roots(5), world.describe_new(world.roots(5))).logits[0]
    assert set(np.flatnonzero(out.visits[0]).tolist()) == set(np.argsort(logits)[-4:].tolist())
    assert (out.visits[0] != out.visits[1]).any()
    assert (out.policy > 0).all()  # actions that were never tried have a completed Q, too


def test_a_wider_budget_later_is_no_surprise() -> None:
    world = HashWorld(3)
    search = Search(world, world.evaluate, SearchConfig(num_simulations=100), num_slots=2)
    for budget in (3, 100, 7):
        search.think(np.zeros(1, np.int64), world.roots(1), Terms.of(1, budget=budget))
        assert search.decide()[1].visits.sum() == budget
