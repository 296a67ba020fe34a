"""Random games in step with OpenSpiel: the same legal actions, player and result at every position."""

from __future__ import annotations

import numpy as np
import pytest

from tests.games.made import made

pyspiel = pytest.importorskip("pyspiel")
pytestmark = pytest.mark.oracle


@pytest.mark.parametrize(
    ("name", "oracle", "num_games"),
    [
        ("connect_four", "connect_four", 150),
        ("tic_tac_toe", "tic_tac_toe", 300),
        ("connect_four:rows=5,columns=8,k=3", "connect_four(rows=5,columns=8,x_in_row=3)", 100),
    ],
)
def test_the_rules_agree(name: str, oracle: str, num_games: int) -> None:
    game, random = made(name), np.random.default_rng(7)
    rules = pyspiel.load_game(oracle)
    positions = 0
    for _ in range(num_games):
        theirs, ours = rules.new_initial_state(), game.new(1)
        game.init(ours)
        while True:
            positions += 1
            here = game.describe_new(ours)
            assert theirs.is_terminal() == here.terminal[0]
            assert theirs.legal_actions() == np.flatnonzero(here.legal[0]).tolist()
            if theirs.is_terminal():
                assert theirs.returns()[int(here.to_play[0])] == here.value[0]
                break
            assert theirs.current_player() == here.to_play[0]
            action = int(random.choice(theirs.legal_actions()))
            theirs.apply_action(action)
            game.step(ours, np.array([action]))
    assert positions > 1000
