"""A cached lookahead returns what the lookahead returns, and computes it once."""

from __future__ import annotations

import numpy as np
import pytest

import games
from agent.search.lookahead import Lookahead
from games.game import Game, States

pytestmark = pytest.mark.nojit


def met(game: Game, seed: int, count: int = 40, plies: int = 7) -> States:
    """Positions of random games, some of them over, some of them alike."""
    random = np.random.default_rng(seed)
    states = game.new(count)
    game.init(states)
    for _ in range(plies):
        out = game.describe_new(states)
        live = np.flatnonzero(~out.terminal)
        actions = [random.choice(np.flatnonzero(out.legal[b])) for b in live]
        game.advance(states, live, live, np.array(actions, np.int64))
    return states


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four:rows=4,columns=4"])
@pytest.mark.parametrize("entries", [1, 8, 1 << 12])
def test_it_returns_what_the_lookahead_returns_for_any_size_of_its_table(name: str, entries: int) -> None:
    game = games.make(name)
    lookahead = Lookahead(game, 4, 300, entries=entries)
    for seed in (0, 1, 0, 2, 1):
        states = met(game, seed)
        proven = np.full(len(states), 77, np.int8)
        lookahead(states, proven)
        np.testing.assert_array_equal(proven, game.lookahead(states, 4, 300))


def test_a_cached_position_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    game = games.make("tic_tac_toe")
    lookahead = Lookahead(game, 2)
    states, proven = met(game, 3, plies=4), np.empty(40, np.int8)
    lookahead(states, proven)
    monkeypatch.setattr(game, "lookahead", None)
    again = np.empty_like(proven)
    lookahead(states, again)
    np.testing.assert_array_equal(again, proven)


def test_rows_that_hold_objects_are_searched_each_time() -> None:
    pytest.importorskip("pyspiel")
    game, twin = games.make("openspiel:tic_tac_toe"), games.make("tic_tac_toe")
    for seed in range(3):
        states, proven = met(game, seed, plies=6), np.full(40, 77, np.int8)
        Lookahead(game, 3)(states, proven)
        expected = twin.lookahead(met(twin, seed, plies=6), 3)  # the same moves, by the same numbers
        np.testing.assert_array_equal(proven, expected)
        assert len(set(proven.tolist())) > 2


def test_no_states_are_allowed() -> None:
    game = games.make("tic_tac_toe")
    Lookahead(game, 2)(game.new(0), np.empty(0, np.int8))
