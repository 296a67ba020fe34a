"""Positions that are set up stone by stone: the same as those that were played, and any others that can be."""

from __future__ import annotations

import random

import numpy as np
import pytest

from games import Position, make, position
from games.rules.go import can_resume, resume

NAMES = ("go:size=4", "othello:size=4", "gomoku:size=5,k=3", "hex:size=3", "hex:size=3,swap=true")


def owners(here: Position) -> np.ndarray:
    return np.array([piece.owner + 1 for piece in here.game.board.pieces], np.int8)[here.game.cells(here.states[0])]


@pytest.mark.nojit
@pytest.mark.parametrize("name", NAMES)
def test_what_was_played_can_be_set_up(name: str) -> None:
    game, compared = make(name), 0
    for seed in range(30):
        chosen, here = random.Random(seed), position(game)
        while not here.is_over:
            again = Position(game, game.set_up(owners(here), here.to_play))
            assert str(again).lower() == str(here).lower()  # go marks the last stone of a game that was played
            history = name.startswith("go") or (name.endswith("swap=true") and len(here.moves) == 1)
            if not history:
                assert again.legal_actions == here.legal_actions
                compared += 1
            here = here.play(chosen.choice(here.legal_actions))
        if not name.startswith("go"):
            ended = Position(game, game.set_up(owners(here), here.to_play))
            assert ended.outcome == here.outcome
    assert compared > 50 or name.startswith("go")


@pytest.mark.nojit
@pytest.mark.parametrize("name", NAMES)
def test_a_game_goes_on_from_any_stones(name: str) -> None:
    game, tried = make(name), 0
    for seed in range(30):
        chosen = random.Random(seed)
        cells = np.array(chosen.choices([0, 0, 0, 1, 2], k=game.board.height * game.board.width), np.int8)
        cells = cells.reshape(game.board.height, game.board.width)
        try:
            here = Position(game, game.set_up(cells, chosen.randrange(2)))
        except ValueError:
            continue
        tried += 1
        assert (owners(here) == cells).all()
        assert "swap" not in here.legal_actions  # a stone that was set up is no move
        while not here.is_over:
            here = here.play(chosen.choice(here.legal_actions))
    assert tried > 5


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("name", "rows", "to_play", "says"),
    [
        ("go:size=3", "120 210 000", 0, "a chain of stones without a liberty"),
        ("gomoku:size=5,k=3", "11100 00000 00000 00000 00000", 0, "a line of x, who is to move"),
        ("hex:size=3", "100 100 100", 0, "x connected and to move"),
    ],
)
def test_what_cannot_be_is_refused(name: str, rows: str, to_play: int, says: str) -> None:
    cells = np.array([[int(c) for c in row] for row in rows.split()], np.int8)
    with pytest.raises(ValueError, match=f"the board has {says}"):
        make(name).set_up(cells, to_play)


@pytest.mark.nojit
def test_games_without_a_way_say_so() -> None:
    with pytest.raises(ValueError, match="nim cannot set up a position"):
        make("nim").set_up(np.zeros((4, 7), np.int8), 0)


@pytest.mark.nojit
def test_superko_begins_with_the_board_that_was_set_up() -> None:
    drawn = np.array([[0, 1, 2, 0], [1, 2, 0, 2], [0, 1, 2, 0], [0, 0, 0, 0]], np.int8)
    here = Position(make("go:size=4"), make("go:size=4").set_up(drawn, 0)).play("C3")  # takes B3
    assert "B3" not in here.legal_actions
    assert "B3" in here.play("D1 A1").legal_actions


@pytest.mark.nojit
def test_an_empty_board_may_be_set_up_and_played_to_its_last_ply() -> None:
    game = make("go:size=2,max_plies=3")
    here = Position(game, game.set_up(np.zeros((2, 2), np.int8), 1)).play("A1 B2 A2")
    assert here.is_over
    assert not can_resume(game, here.states)


@pytest.mark.nojit
def test_go_is_resumed_until_one_more_pass() -> None:
    game = make("go:size=3")
    over = position(game).play("B2 pass pass")
    assert over.outcome == 1
    assert can_resume(game, over.states)
    again = Position(game, resume(game, over.states))
    assert not again.is_over
    assert over.is_over  # a copy
    assert again.play("pass").outcome == 1
    assert not again.play("A1 pass").is_over
