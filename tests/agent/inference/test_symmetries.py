"""Averaging over symmetries: the same answer however the board is turned."""

from __future__ import annotations

import numpy as np
import pytest

from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate, uniform_evaluate
from agent.inference.rollouts import Rollouts
from agent.inference.symmetries import SymmetryAverage, average_symmetries
from agent.search.search import Search, SearchConfig
from games import position
from games.symmetry import identity_symmetry
from tests.games.made import made


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["connect_four", "tic_tac_toe"])
def test_a_turned_board_gets_the_turned_answer(name: str) -> None:
    game = made(name)
    symmetries = game.symmetries
    line = [a for a in (0, 1, 4, 2, 0) if a < game.num_actions][: 3 if name == "tic_tac_toe" else 5]
    states = game.new(len(symmetries.cells))
    game.init(states)
    for action in line:
        game.step(states, symmetries.actions[:, action].copy())
    positions = game.describe_new(states)
    plain, answer = hash_evaluate(states, positions), average_symmetries(hash_evaluate, symmetries)(states, positions)
    assert np.ptp(plain.value) > 0.1  # the hash sees different boards
    np.testing.assert_allclose(answer.value, plain.value.mean(), atol=1e-6)
    for s in range(len(states)):
        back = answer.logits[s][symmetries.actions[s]]
        np.testing.assert_allclose(back, answer.logits[0], atol=1e-6)
    expected = np.mean([plain.logits[s][symmetries.actions[s]] for s in range(len(states))], axis=0)
    np.testing.assert_allclose(answer.logits[0], expected, atol=1e-6)


def test_a_search_that_averages_plays_the_mirrored_move() -> None:
    game = made("connect_four")
    config = SearchConfig(rule="puct", num_simulations=60, average_symmetries=True)
    search = Search(game, hash_evaluate, config, num_slots=2)
    here, mirrored = position(game).play("a c c b"), position(game).play("g e e f")
    search.think(np.arange(2), np.concatenate([here.states, mirrored.states]), Terms.of(2))
    found = search.decide()[1]
    assert found.action[1] == 6 - found.action[0]
    np.testing.assert_array_equal(found.visits[1], found.visits[0][::-1])


def test_averaged_rollouts_do_not_depend_on_the_games_beside_them() -> None:
    game = made("tic_tac_toe")
    config = SearchConfig(rule="uct", num_simulations=20, average_symmetries=True)
    states = game.new(3)
    game.init(states)
    terms = Terms.of(3)
    together = Search(game, Rollouts(game), config, num_slots=3)
    together.think(np.arange(3), states, terms)
    expected = together.decide()[1]
    for i in range(3):
        alone = Search(game, Rollouts(game), config, num_slots=1)
        alone.think(np.arange(1), states[:1], terms.rows(np.array([i])))
        np.testing.assert_array_equal(alone.decide()[1].visits[0], expected.visits[i])
        assert expected.visits[i].sum() == 20
    assert not SymmetryAverage(Rollouts(game), game.symmetries).observes


def test_without_symmetries_nothing_is_added() -> None:
    assert average_symmetries(uniform_evaluate, identity_symmetry(3, 3, 9)) is uniform_evaluate
