"""A honte player among OpenSpiel's bots: whole games in three games that honte lacks, and one that it has."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyspiel")

import pyspiel

from honte.envs.openspiel_bot import HonteBot

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("name", ["y(board_size=5)", "clobber(rows=4,columns=5)", "ultimate_tic_tac_toe"])
def test_it_beats_openspiels_random_bot(name: str) -> None:
    game = pyspiel.load_game(name)
    honte = HonteBot("mcts:24", game)
    wins = 0
    for number in range(4):
        seat = number % 2
        bots = [honte, pyspiel.make_uniform_random_bot(1 - seat, number)]
        returns = pyspiel.evaluate_bots(game.new_initial_state(), bots if seat == 0 else bots[::-1], number)
        wins += returns[seat] > 0
    assert wins >= 3


def test_a_bot_may_use_the_rules_of_the_house() -> None:
    game = pyspiel.load_game("tic_tac_toe")
    bots = [HonteBot("perfect", game, "tic_tac_toe", seed=seat) for seat in range(2)]
    assert pyspiel.evaluate_bots(game.new_initial_state(), bots, 0) == [0, 0]
    state = game.new_initial_state()
    for action in (0, 4, 1):
        state.apply_action(action)
    assert bots[1].step(state) == 2
    assert state.history() == [0, 4, 1]


def test_its_policy_covers_what_is_legal() -> None:
    game = pyspiel.load_game("y(board_size=5)")
    bot, state = HonteBot("random", "y(board_size=5)"), game.new_initial_state()
    policy, action = bot.step_with_policy(state)
    assert [a for a, _ in policy] == state.legal_actions()
    assert sum(chance for _, chance in policy) == pytest.approx(1)
    assert action in state.legal_actions()
    assert bot.provides_policy()
    bot.restart()
    bot.restart_at(state)


def test_the_same_seed_plays_the_same() -> None:
    state = pyspiel.load_game("y(board_size=5)").new_initial_state()
    actions = [HonteBot("random", "y(board_size=5)", seed=seed).step(state) for seed in (1, 1, *range(2, 8))]
    assert actions[0] == actions[1]
    assert len(set(actions)) > 1


def test_other_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="9 actions"):
        HonteBot("random", "connect_four", "tic_tac_toe")
    bot = HonteBot("random", "connect_four(rows=6,columns=7,x_in_row=3)", "connect_four")
    state = pyspiel.load_game("connect_four(rows=6,columns=7,x_in_row=4)").new_initial_state()
    for action in np.zeros(6, int).tolist():
        state.apply_action(action)
    assert bot.step(state) != 0
    odd = pyspiel.load_game("connect_four(rows=5,columns=7)").new_initial_state()
    for action in np.zeros(5, int).tolist():
        odd.apply_action(action)
    with pytest.raises(ValueError, match="differ"):
        bot.step(odd)
