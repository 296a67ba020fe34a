"""The surprise of a search: the KL divergence from the root's priors to the policy."""

from __future__ import annotations

import numpy as np
import pytest

import games
from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate, uniform_evaluate
from agent.search.search import Search, SearchConfig


@pytest.mark.nojit
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_it_is_the_divergence_to_the_networks_policy(rule: str) -> None:
    game = games.make("tic_tac_toe")
    search = Search(game, hash_evaluate, SearchConfig(rule=rule, num_simulations=16), num_slots=3)
    states = game.new(3)
    game.init(states)
    game.step(states[1:2], np.array([4]))
    out = game.describe_new(states)
    search.think(np.arange(3), states, Terms.of(3))
    slots, decisions = search.decide()
    logits = hash_evaluate(states, out).logits.astype(np.float64)
    prior = np.where(out.legal, np.exp(logits), 0)
    prior /= prior.sum(axis=1, keepdims=True)
    found = search.surprises(slots, decisions)
    for slot, policy, surprise in zip(slots, decisions.policy, found, strict=True):
        used = policy > 0
        expected = (policy[used] * np.log(policy[used] / prior[slot][used])).sum()
        assert surprise == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert (found > 0).all()


def test_without_simulations_nothing_is_surprising() -> None:
    game = games.make("tic_tac_toe")
    search = Search(game, uniform_evaluate, SearchConfig(num_simulations=4), num_slots=1)
    states = game.new(1)
    game.init(states)
    search.think(np.arange(1), states, Terms.of(1, budget=0))
    slots, decisions = search.decide()
    assert search.surprises(slots, decisions)[0] == pytest.approx(0, abs=1e-6)
