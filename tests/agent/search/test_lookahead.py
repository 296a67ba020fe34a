"""A cached lookahead returns what the lookahead returns, and computes it once."""

from __future__ import annotations

import numpy as np
import pytest

import games
from agent.search.lookahead import Lookahead
from games.playouts import random_positions

pytestmark = pytest.mark.nojit


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four:rows=4,columns=4"])
@pytest.mark.parametrize("entries", [1, 8, 1 << 12])
def test_it_returns_what_the_lookahead_returns_for_any_size_of_its_table(name: str, entries: int) -> None:
    game = games.make(name)
    lookahead = Lookahead(game, 4, 300, entries=entries)
    for seed in (0, 1, 0, 2, 1):
        states = random_positions(game, 40, plies=7, seed=seed, finished=True)
        proven = np.full(len(states), 77, np.int8)
        lookahead(states, proven)
        np.testing.assert_array_equal(proven, game.lookahead(states, 4, 300))


def test_a_cached_position_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    game = games.make("tic_tac_toe")
    lookahead = Lookahead(game, 2)
    states, proven = random_positions(game, 40, plies=4, seed=3, finished=True), np.empty(40, np.int8)
    lookahead(states, proven)
    monkeypatch.setattr(game, "lookahead", None)
    again = np.empty_like(proven)
    lookahead(states, again)
    np.testing.assert_array_equal(again, proven)


def test_rows_that_hold_objects_are_searched_each_time() -> None:
    pytest.importorskip("pyspiel")
    game, twin = games.make("openspiel:tic_tac_toe"), games.make("tic_tac_toe")
    for seed in range(3):
        states = random_positions(game, 40, plies=6, seed=seed, finished=True)
        proven = np.full(40, 77, np.int8)
        Lookahead(game, 3)(states, proven)
        same = random_positions(twin, 40, plies=6, seed=seed, finished=True)  # the same moves, by the same seed
        expected = twin.lookahead(same, 3)
        np.testing.assert_array_equal(proven, expected)
        assert len(set(proven.tolist())) > 2


def test_no_states_are_allowed() -> None:
    game = games.make("tic_tac_toe")
    Lookahead(game, 2)(game.new(0), np.empty(0, np.int8))
