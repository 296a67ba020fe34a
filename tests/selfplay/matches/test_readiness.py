"""Players that cannot play are named before the first game."""

from __future__ import annotations

import pytest

from agent.player import RandomPlayer
from agent.players import make_player
from games import make
from selfplay.matches.readiness import check_players


def test_players_that_can_play_pass() -> None:
    game = make("tic_tac_toe")
    check_players(
        game, [("random", RandomPlayer(game)), ("perfect", make_player("perfect", game, num_slots=1))], [(), (4,), (4,)]
    )


def test_an_engine_that_does_not_start_is_named() -> None:
    game = make("tic_tac_toe")
    players = [
        ("random", RandomPlayer(game)),
        ("gtp:nosuchprogram", make_player("gtp:nosuchprogram", game, num_slots=1)),
    ]
    with pytest.raises(
        ValueError, match="'gtp:nosuchprogram' cannot play tic_tac_toe: 'nosuchprogram' cannot be started"
    ):
        check_players(game, players)


def test_a_solver_must_solve_the_positions_after_the_openings() -> None:
    game = make("othello:size=6")
    perfect = [("perfect", make_player("perfect", game, num_slots=1))]
    check_players(game, perfect, [])
    with pytest.raises(ValueError, match="once 18 cells or fewer are empty; here are 32"):
        check_players(game, perfect, [()])
