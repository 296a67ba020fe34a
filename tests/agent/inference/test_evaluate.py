"""Evaluators without a network, plain players and terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.inference.evaluate import hash_evaluate, uniform_evaluate
from agent.player import RandomPlayer
from agent.search.proofs import respect_proofs
from agent.search.tree import UNKNOWN, Trees
from games import position
from games.playouts import states_after
from tests.games.made import made

pytestmark = pytest.mark.nojit


def some_states(count: int = 12) -> Any:
    return states_after(made("connect_four"), [[(b * 5 + i) % 7 for i in range(b)] for b in range(count)])


def test_uniform() -> None:
    game, states = made("connect_four"), some_states()
    answer = uniform_evaluate(states, game.describe_new(states))
    assert answer.logits.shape == (12, 7)
    assert not answer.logits.any()
    assert not answer.value.any()


def test_hashed_is_exact_different_and_independent_of_the_batch() -> None:
    game, states = made("connect_four"), some_states()
    out = game.describe_new(states)
    answer = hash_evaluate(states, out)
    assert answer.logits.dtype == answer.value.dtype == np.float32
    assert np.abs(answer.logits).max() <= 2
    assert np.abs(answer.value).max() <= 1
    assert len(np.unique(answer.value)) == 12
    assert (hash_evaluate(states[3:5], out.rows(3, 5)).logits == answer.logits[3:5]).all()
    np.testing.assert_array_equal(answer.logits[0, :3] * 16384, [10867, 13074, -28563])


def test_the_random_player_plays_every_legal_action() -> None:
    game, count = made("connect_four"), 500
    states = game.new(count)
    game.copy(states, np.repeat(position(game).play("a a a a a a").states, count))
    player = RandomPlayer(game)
    player.think(
        np.arange(10, 10 + count), states, Terms.of(count, keys=random_numbers.make_keys(1, np.arange(count), 6))
    )
    slots, out = player.decide()
    assert slots.tolist() == list(range(10, 10 + count))
    assert set(out.action.tolist()) == set(range(1, 7))
    np.testing.assert_allclose(out.policy, np.tile([0, *[1 / 6] * 6], (count, 1)), rtol=1e-6)
    assert len(player.decide()[0]) == 0
    player.think(np.arange(2), states[:2], Terms.of(2))
    player.stop()
    assert len(player.decide()[0]) == 0


def test_terms() -> None:
    terms = Terms.of(3, budget=7)
    assert terms.budgets.tolist() == [7, 7, 7]
    assert terms.keys.tolist() == [0, 1, 2]
    assert not terms.explore.any()
    assert terms.rows(np.array([2])).keys.tolist() == [2]


def settled(proven: list[int], policy: list[float], action: int, root: int = UNKNOWN) -> Decisions:
    """A decision about a root with actions 0, 2 and 3, as ``respect_proofs`` leaves it."""
    trees = Trees(1, 2, 4)
    trees.nodes[0, 0]["first_edge"], trees.nodes[0, 0]["num_edges"], trees.nodes[0, 0]["num_tried"] = 0, 3, 3
    trees.nodes[0, 0]["proven"], trees.edges[0, :3]["proven"] = root, proven
    trees.moves[0, :3]["action"], trees.moves[0, :3]["prior"] = [0, 2, 3], [0.5, 0.3, 0.2]
    out = Decisions.empty(1, 4)
    out.policy[0, [0, 2, 3]], out.action[0], out.value[0], out.proven[0] = policy, action, 0.25, True
    respect_proofs(*trees.arrays[1:], np.zeros(1, np.int64), out)
    return out


def test_proven_losses_leave_the_policy() -> None:
    out = settled([-1, UNKNOWN, UNKNOWN], [0.5, 0.1, 0.4], 0)
    np.testing.assert_allclose(out.policy[0], [0, 0, 0.2, 0.8], rtol=1e-6)
    assert (out.action[0], out.value[0], out.proven[0]) == (3, 0.25, False)


def test_only_what_reaches_a_proven_value_remains() -> None:
    out = settled([0, -1, 0], [0.1, 0.6, 0.3], 2, root=0)
    np.testing.assert_allclose(out.policy[0], [0.25, 0, 0, 0.75], rtol=1e-6)
    assert (out.action[0], out.value[0], out.proven[0]) == (3, 0, True)
    out = settled([UNKNOWN, UNKNOWN, 1], [0.4, 0.4, 0.2], 3, root=1)
    assert out.policy[0].tolist() == [0, 0, 0, 1]
    assert (out.action[0], out.value[0], out.proven[0]) == (3, 1, True)


def test_where_the_policy_has_nothing_good_the_prior_speaks() -> None:
    out = settled([-1, UNKNOWN, UNKNOWN], [1, 0, 0], 0)
    np.testing.assert_allclose(out.policy[0], [0, 0, 0.6, 0.4], rtol=1e-4)
    assert out.action[0] == 2


def test_when_all_is_lost_nothing_changes() -> None:
    out = settled([-1, -1, -1], [0.2, 0.5, 0.3], 2, root=-1)
    np.testing.assert_allclose(out.policy[0], [0.2, 0, 0.5, 0.3])
    assert (out.action[0], out.value[0], out.proven[0]) == (2, -1, True)
