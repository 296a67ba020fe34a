"""Gumbel search's parts: the order of Sequential Halving, completed Q, and what the noise does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.decision import Terms
from agent.gumbel import GumbelConfig, choose_inside, choose_root, considered_visits, improve
from agent.search import Search, SearchConfig
from agent.tree import ROOT, UNKNOWN
from tests.agent.test_puct import node
from tests.agent.worlds import HashWorld

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


@pytest.mark.parametrize("visits", [(0, 0, 0, 0), (1, 0, 2, 0), (3, 4, 5, 6)])
def test_completed_q(visits: Any) -> None:
    priors, q = [0.4, 0.3, 0.2, 0.1], [0.5, -0.5, 0.25, -0.9]
    trees = node(priors, visits, np.array(q) * visits, value=0.3)
    out = np.zeros(4)
    top = improve(trees.nodes, trees.edges, 0, ROOT, 50.0, 0.1, out)
    expected = completed(priors, visits, q, 0.3, 50.0, 0.1)
    np.testing.assert_allclose(out - out[0], expected - expected[0], rtol=1e-5, atol=1e-6)
    assert top == out.max()
    weights = np.exp(expected - expected.max())
    lag = weights / weights.sum() - np.array(visits) / (1 + sum(visits))
    assert choose_inside(trees.nodes, trees.edges, 0, ROOT, 50.0, 0.1, out) == lag.argmax()


def test_the_root_asks_only_those_with_the_right_visits() -> None:
    trees = node([0.4, 0.3, 0.2, 0.1], [1, 1, 0, 0], [0.9, 0.8, 0, 0])
    gumbel, before, scratch = np.array([0, 0, 0, 3], np.float32), np.zeros(4, np.int32), np.zeros(4)
    asked = (trees.nodes, trees.edges, 0)
    picks = [choose_root(*asked, wanted, before, gumbel, 50.0, 0.1, scratch) for wanted in (0, 1, 2)]
    assert picks[:2] == [3, 0]
    assert picks[2] == 0  # nobody has two: the best of all
    trees.root_edges(0)["pending"][3] = 1
    assert choose_root(trees.nodes, trees.edges, 0, 0, before, gumbel, 50.0, 0.1, scratch) == 2
    before[:2] = 1  # reused visits are not of this move
    assert choose_root(trees.nodes, trees.edges, 0, 0, before, gumbel, 50.0, 0.1, scratch) == 0


def test_proven_losses_are_passed_over() -> None:
    trees = node([0.9, 0.06, 0.04], [0, 0, 0], [0, 0, 0], proven=[-1, UNKNOWN, UNKNOWN])
    scratch, asked = np.zeros(3), (trees.nodes, trees.edges, 0, 0, np.zeros(3, np.int32), np.zeros(3, np.float32))
    assert choose_root(*asked, 50.0, 0.1, scratch) == 1
    assert choose_inside(trees.nodes, trees.edges, 0, ROOT, 50.0, 0.1, scratch) == 1
    trees.root_edges(0)["proven"] = -1
    assert choose_root(*asked, 50.0, 0.1, scratch) == 0
    assert choose_inside(trees.nodes, trees.edges, 0, ROOT, 50.0, 0.1, scratch) == 0


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
    assert (out.policy > 0).all()  # completed Q speaks of actions that were never tried


def test_a_wider_budget_later_is_no_surprise() -> None:
    world = HashWorld(3)
    search = Search(world, world.evaluate, SearchConfig(num_simulations=100), num_slots=2)
    for budget in (3, 100, 7):
        search.think(np.zeros(1, np.int64), world.roots(1), Terms.of(1, budget=budget))
        assert search.decide()[1].visits.sum() == budget
