"""Which games have a solver, and what a game says of itself that others used to read from its name."""

from __future__ import annotations

import pytest

from agent.solvers.connect_four_answers import SLOW_BELOW
from agent.solvers.registry import find_solved_game, has_fast_solver, has_solver, make_solver
from agent.solvers.tic_tac_toe import all_positions
from games import make
from games.game import Game
from selfplay.solved.position_classes import full_length
from tests.games.made import made

pytestmark = pytest.mark.nojit


@pytest.mark.parametrize(
    ("name", "solved", "fast"),
    [
        ("connect_four", True, False),
        ("connect_four:rows=5", False, False),
        ("tic_tac_toe", True, True),
        ("nim:heaps=2-3,misere=true", True, True),
        ("hex:size=4", True, True),
        ("hex:size=3,swap=true", True, True),
        ("hex:size=5", False, False),
        ("othello:size=4", True, True),
        ("othello:size=6", True, False),
        ("othello", False, False),
        ("go:size=2", True, True),
        ("go:size=3,komi=1", True, False),
        ("go", False, False),
        ("gomoku", False, False),
    ],
)
def test_which_games_have_a_solver(name: str, solved: bool, fast: bool) -> None:
    game = made(name)
    assert (has_solver(game), has_fast_solver(game)) == (solved, fast)
    if not solved:
        with pytest.raises(ValueError, match="perfect does not know"):
            make_solver(game)


def test_only_connect_four_is_slow_at_its_first_plies() -> None:
    plies = {name: find_solved_game(made(name)) for name in ("connect_four", "tic_tac_toe", "nim")}
    assert {name: entry.slow_plies for name, entry in plies.items() if entry is not None} == {
        "connect_four": SLOW_BELOW,
        "tic_tac_toe": 0,
        "nim": 0,
    }


def test_positions_of_tic_tac_toe_are_all_and_different() -> None:
    positions = all_positions()
    assert len(positions) == len({tuple(each["moves"]) for each in positions}) == 4520
    assert positions[0] == {"moves": (), "scores": dict.fromkeys(range(9), 0)}


@pytest.mark.parametrize("name", ["go", "go:size=3,komi=0.5,suicide=true", "othello", "tic_tac_toe"])
def test_what_a_game_says_of_itself(name: str) -> None:
    def describe(game: Game) -> tuple[object, ...]:
        return game.family, game.komi, game.allows_suicide, full_length(game)

    expected = {
        "go": ("go", 7.0, False, 162),
        "go:size=3,komi=0.5,suicide=true": ("go", 0.5, True, 18),
        "othello": ("othello", None, False, 60),
        "tic_tac_toe": ("tic_tac_toe", None, False, 9),
    }
    assert describe(make(name)) == expected[name]
