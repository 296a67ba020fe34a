"""Solved positions by class: the classes of the stored sets, and sets drawn for other games."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent import solvers
from agent.solvers.registry import make_solver
from games import make
from selfplay.solved import position_classes
from selfplay.solved.grading import SolvedPosition, parse_positions, read_positions, replay_positions, wilson_interval


@pytest.mark.parametrize(("name", "stage"), [("middle_easy", "middle"), ("end_easy", "end")])
def test_the_stored_sets_have_the_class_of_their_name(name: str, stage: str) -> None:
    groups = position_classes.group_by_class(make("connect_four"), parse_positions(solvers.positions(name)))
    assert list(groups) == [f"{stage} easy"]
    assert sum(map(len, groups.values())) == 1000


@pytest.mark.parametrize(
    ("plies", "best", "left"),
    [(0, 1, 41), (0, -2, 40), (0, 0, 42), (10, 12, 9), (11, 3, 27), (41, 1, 1)],
)
def test_scores_of_connect_four_give_the_plies_left(plies: int, best: int, left: int) -> None:
    """The winner's stone number 22 - |score| ends the game: stone k of the first player is ply 2k - 1, of the other 2k.

    So 1 at the start means the first player's 21st stone, ply 41; -2 the second player's 20th, ply 40.
    """
    assert position_classes.plies_left(make("connect_four"), SolvedPosition((0,) * plies, {0: best})) == left


@pytest.mark.parametrize("name", ["nim:heaps=1-3-4", "tic_tac_toe"])
def test_sets_are_drawn_solved_and_stored(name: str, tmp_path: Path) -> None:
    game = make(name)
    found = position_classes.draw_solved(game, make_solver(game).values, 20, seed=3)
    assert found == position_classes.draw_solved(game, make_solver(game).values, 20, seed=3)
    assert len({position.moves for position in found}) == 20
    states = replay_positions(game, found)  # the scores are those of the legal actions
    observations = game.describe_new(states).observation
    assert len(np.unique(observations.reshape(20, -1), axis=0)) == 20
    path = tmp_path / "set.jsonl"
    path.write_bytes(position_classes.format_positions(found))
    assert read_positions(path) == found
    assert all(position.left > 0 for position in found)
    groups = position_classes.group_by_class(game, found)
    assert sum(map(len, groups.values())) == 20


def test_a_small_game_has_fewer_positions_than_wanted() -> None:
    game = make("nim:heaps=2")
    assert len(position_classes.draw_solved(game, make_solver(game).values, 50)) == 2


def test_wilson_interval() -> None:
    """The worked example of 10 in 100, and the bounds that are exact at 0 % and 100 %."""
    low, high = wilson_interval(10, 100)
    assert low == pytest.approx(0.0552, abs=1e-4)
    assert high == pytest.approx(0.1744, abs=1e-4)
    assert wilson_interval(0, 50)[0] == 0.0
    assert wilson_interval(50, 50)[1] == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(3, 2)
