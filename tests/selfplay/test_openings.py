"""Openings: random, repeatable, different, never over and, if quiet, without an immediate win."""

from __future__ import annotations

import functools

import pytest

from games import Game, Position, make, position
from selfplay.openings import Opening, make_openings

pytestmark = pytest.mark.nojit

known_games = functools.cache(make)


def after(game: Game, opening: Opening) -> Position:
    here = position(game)
    for action in opening:
        here = here.play(action)
    return here


def wins_at_once(here: Position) -> bool:
    replies = [here.play(text) for text in here.legal_actions]
    return any(reply.outcome == (1 if here.to_play == 0 else -1) for reply in replies)


def test_they_follow_from_the_seed() -> None:
    game = known_games("connect_four")
    assert make_openings(game, 20, 4, seed=3) == make_openings(game, 20, 4, seed=3)
    assert make_openings(game, 20, 4, seed=3) != make_openings(game, 20, 4, seed=4)


def test_more_are_the_same_first() -> None:
    """A longer match begins as a shorter one did."""
    game = known_games("connect_four")
    assert make_openings(game, 40, 4)[:20] == make_openings(game, 20, 4)


def test_they_lead_to_different_positions() -> None:
    game = known_games("connect_four")
    found = make_openings(game, 60, 4)
    assert {len(opening) for opening in found} == {4}
    assert len({str(after(game, opening)) for opening in found}) == 60


@pytest.mark.parametrize("plies", [5, 6])
def test_quiet_ones_leave_no_immediate_win(plies: int) -> None:
    game = known_games("tic_tac_toe")
    found = make_openings(game, 30, plies)
    assert not any(after(game, opening).is_over for opening in found)
    assert not any(wins_at_once(after(game, opening)) for opening in found)
    loud = make_openings(game, 30, plies, quiet=False)
    assert not any(after(game, opening).is_over for opening in loud)
    assert any(wins_at_once(after(game, opening)) for opening in loud)


def test_a_game_with_few_repeats_them_in_turn() -> None:
    """Tic-tac-toe has 9 positions after one ply, and one before it."""
    found = make_openings(known_games("tic_tac_toe"), 25, 1)
    assert len(set(found)) == 9
    assert found[9:18] == found[:9]
    assert make_openings(known_games("tic_tac_toe"), 3, 0) == [(), (), ()]


def test_too_many_plies_are_refused() -> None:
    with pytest.raises(ValueError, match="no opening of 9 random plies"):
        make_openings(known_games("tic_tac_toe"), 4, 9)
    with pytest.raises(ValueError, match="0 or more"):
        make_openings(known_games("tic_tac_toe"), 4, -1)
