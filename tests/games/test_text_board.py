"""Boards as text, both ways, and positions for people."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import numpy as np
import pytest

from games import ONGOING
from games import position as make_position
from games.game import Game
from games.registry import NAMES
from tests.games.made import made

pytestmark = pytest.mark.nojit
EVERY_GAME = pytest.mark.parametrize(
    "name", ["connect_four", "tic_tac_toe", "connect_four:rows=8,columns=9,k=5", "tic_tac_toe:rows=10,columns=2,k=4"]
)


def random_game(game: Game, random: np.random.Generator) -> list[Any]:
    """Every position of one random game."""
    here = [make_position(game)]
    while not here[-1].is_over:
        here.append(here[-1].play(str(random.choice(here[-1].legal_actions))))
    return here


@EVERY_GAME
def test_what_is_drawn_can_be_read(name: str) -> None:
    game, random = made(name), np.random.default_rng(5)
    for _ in range(3):
        for here in random_game(game, random):
            text = str(here)
            read = make_position(game, text)
            assert (read.states == here.states).all()
            assert str(read) == text


HISTORY = ("animal_shogi", "ataxx", "gardner_chess", "go")
"""A drawing of these does not say what stood before, or after how many plies, on which the end or a move may depend."""


@pytest.mark.parametrize("name", [*NAMES, "hex:size=4,swap=true", "nim:misere=true", "othello:size=4", "go:size=3"])
def test_every_game_reads_what_it_draws(name: str) -> None:
    game, random = made(name), np.random.default_rng(7)
    for here in random_game(game, random)[:200]:
        if name.partition(":")[0] in HISTORY and (here.is_over or here.legal_actions == ["pass"]):
            continue
        there = make_position(game, str(here))
        assert str(there) == str(here)
        assert there.outcome == here.outcome
        if name.partition(":")[0] not in HISTORY:
            assert there.legal_actions == here.legal_actions
            if not here.is_over:
                assert (there.observation == here.observation).all()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "tic_tac_toe",
            "x . .\n. . .\n. . .\nx to play",
            "ends with 'x to play', but by its cells alone .* 'o to play'",
        ),
        ("tic_tac_toe", "x . .\n. . .\n. . .\nx wins", "ends with 'x wins', but"),
        (
            "nim",
            str(make_position("nim")).replace("first", "third"),
            "ends with 'third to play'; it may end with first",
        ),
        ("nim", str(make_position("nim")).replace("| . . . . . .", ". | . . . . ."), "an object out of place"),
        ("breakthrough:rows=5,columns=5", "w . . . .\n" + ". . . . .\n" * 3 + "b . . . .", "no loser"),
        ("breakthrough:rows=5,columns=5", "w w w w w\n" * 3 + "b b b b b\n" * 2, "15 pieces of white"),
        (
            "breakthrough:rows=5,columns=5",
            "w b . . .\n" + ". . . . .\n" * 4 + "white to play",
            "white through and to move",
        ),
    ],
)
def test_drawings_that_contradict_themselves(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_position(made(name), text)


def test_the_last_line_says_who_is_to_play() -> None:
    first = str(make_position("othello"))
    assert make_position("othello", first.replace("black to play", "white to play")).to_play == 1
    assert make_position("othello", first.replace("black to play", "")).to_play == 0
    empty = "\n".join([". . ."] * 3)
    assert make_position("go:size=3", f"{empty}\nwhite to play").to_play == 1  # Black passed
    assert make_position("nim", "| . . . . . .\n" + ". . . . . . .\n" * 3 + "second to play").play("a1").outcome == -1


def test_the_text_of_a_position() -> None:
    here = make_position(made("connect_four")).play("d e d c d")
    assert str(here) == "\n".join(
        [
            " . . . . . . .",
            " . . . . . . .",
            " . . . . . . .",
            " . . . x . . .",
            " . . . x . . .",
            " . . o x o . .",
            " a b c d e f g",
            "o to play",
        ]
    )
    assert str(here.play("a d")).endswith("x wins")
    assert str(make_position("tic_tac_toe").play("b2 a3 a1 c3 b3 b1 c2 a2 c1")).endswith("draw")


def test_a_position_of_people() -> None:
    here = make_position(made("connect_four"))
    assert here.legal_actions == list("abcdefg")
    there = here.play("D").play(3)
    assert (here.moves, there.moves) == ((), (3, 3))
    assert (here.to_play, there.to_play, there.play("a").to_play) == (0, 0, 1)
    assert (there.is_over, there.outcome) == (False, None)
    assert there.observation.shape == (3, 6, 7)
    assert here.play("a b a b a b a").outcome == 1
    assert here.play("a b a b a b c b").outcome == -1
    full = here.play("a a a a a a")
    assert full.legal_actions == list("bcdefg")


@pytest.mark.parametrize(
    ("moves", "sentence"),
    [
        ("a a a a a a a", "'a' is not legal here; legal are b c d e f g"),
        ("a b a b a b a b", "'b' cannot be played: the game is over"),
        ("h", "'h' is no action of connect_four; actions are written a to g"),
        (9, "9 is not legal here"),
        (-1, "-1 is not legal here"),
    ],
)
def test_moves_that_cannot_be_played(moves: str | int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_position(made("connect_four")).play(moves)


EMPTY = ". . . . . . .\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (EMPTY * 5, "the drawing has 5 lines of cells; 6 are needed"),
        (EMPTY * 5 + ". . .", r"board line '\. \. \.' has 3 cells; 7 are needed"),
        (EMPTY * 5 + ". . . ? . . .", r"has '\?'; cells are drawn \. x o"),
        (EMPTY * 5 + "x x . . . . .", "the drawing has 2 x and 0 o; x moves first"),
        (EMPTY * 5 + ". . . o . . .", "the drawing has 0 x and 1 o"),
        (EMPTY * 4 + "x . . . . . .\n" + EMPTY, "column a of the drawing has a stone above an empty cell"),
    ],
)
def test_drawings_that_cannot_be_read(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_position(made("connect_four"), text)


def test_a_won_drawing_is_over() -> None:
    assert make_position(made("connect_four"), EMPTY * 2 + "x . . . . . .\n" + "x o . . . . .\n" * 3).outcome == 1
    assert make_position(made("tic_tac_toe"), "o x x\n. o x\n. . o").outcome == -1
    assert make_position(made("tic_tac_toe"), "o x .\n. o x\n. . x").outcome is None


def test_examples_in_docstrings() -> None:
    result = doctest.testmod(importlib.import_module("games.position"))
    assert result.attempted > 0
    assert result.failed == 0


@EVERY_GAME
def test_clicks_and_texts_name_the_same_actions(name: str) -> None:
    game = made(name)
    assert game.board.clicks.shape == (game.board.height, game.board.width)
    assert set(game.board.clicks.ravel().tolist()) == set(range(game.num_actions))
    here = make_position(game)
    for action in range(game.num_actions):
        after = game.cells(here.play(action).states[0])
        assert (game.board.clicks[after != 0] == action).all()
        assert (after != 0).sum() == 1


def test_a_game_that_cannot_read_says_so() -> None:
    game = made("tic_tac_toe")
    read, game.read = game.read, None
    try:
        with pytest.raises(ValueError, match="tic_tac_toe cannot read a drawn board"):
            game.parse("x")
    finally:
        game.read = read


def test_ongoing_is_no_value() -> None:
    assert ONGOING not in (-1, 0, 1)
