"""Positions after given moves and of random games: the batch is what playing one game at a time gives."""

from __future__ import annotations

import numpy as np
import pytest

from games.playouts import action_texts, initial_states, random_game, random_positions, state_after, states_after
from games.position import position
from tests.games.made import made

pytestmark = pytest.mark.nojit


def test_states_after_lines_of_different_lengths() -> None:
    game = made("tic_tac_toe")
    lines = [[], [4], [4, 0, 8], [0, 1, 2]]
    states = states_after(game, lines)
    for row, line in zip(states, lines, strict=True):
        here = position(game)
        for action in line:
            here = here.play(action)
        assert row == here.states[0] == state_after(game, line)[0]
    assert len(states_after(game, [])) == 0
    assert (initial_states(game, 3) == states[0]).all()


def test_moves_are_written_from_the_view_of_who_makes_them() -> None:
    game = made("breakthrough:rows=5,columns=5")  # the second player's board is turned, and so are its actions
    actions = random_game(game, np.random.default_rng(2))
    here = position(game).play(" ".join(action_texts(game, actions)))
    assert here.moves == tuple(actions)
    assert here.is_over


@pytest.mark.parametrize("name", ["tic_tac_toe", "animal_shogi"])
def test_players_that_take_wins_miss_none(name: str) -> None:
    game, rng = made(name), np.random.default_rng(3)
    for _ in range(8):
        here, missed = position(game), 0
        for action in random_game(game, rng, takes_wins=True):
            after = [here.play(each) for each in here.legal_actions]
            wins = [each.moves[-1] for each in after if each.is_over and each.outcome == 1 - 2 * here.to_play]
            missed += bool(wins) and action not in wins
            here = here.play(action)
        assert here.is_over
        assert not missed


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four:rows=4,columns=4,k=3"])
def test_random_positions_are_of_one_game_each(name: str) -> None:
    game = made(name)
    plies = random_positions(game, 60, plies=3, finished=True)["plies"]
    assert set(plies.tolist()) == {3}
    states = random_positions(game, 60, seed=1)
    assert not game.describe_new(states).terminal.any()
    assert len(set(states["plies"].tolist())) > 4
    assert (states == random_positions(game, 60, seed=1)).all()
    assert (states != random_positions(game, 60, seed=2)).any()
    ends = random_positions(game, 60, plies=game.max_plies, finished=True)
    assert game.describe_new(ends).terminal.all()


def test_positions_before_the_end_are_independent_of_what_was_not_played() -> None:
    """A state of OpenSpiel's is an object: the action that is taken back must not change it."""
    pytest.importorskip("pyspiel")
    game, twin = made("openspiel:tic_tac_toe"), made("tic_tac_toe")
    states, same = (random_positions(each, 20, plies=9, seed=4) for each in (game, twin))
    assert not game.describe_new(states).terminal.any()
    np.testing.assert_array_equal(game.describe_new(states).legal, twin.describe_new(same).legal)
