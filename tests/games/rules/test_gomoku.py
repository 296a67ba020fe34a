"""Gomoku: lines in every direction, overlines, full boards. Its own oracle reads whole lines as text."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from games import Position, check_game, perft, position
from games.rules.gomoku import game
from tests.games.made import made


def lines(cells: NDArray[np.int8]) -> list[str]:
    """All rows, columns and diagonals as text."""
    size = len(cells)
    grids = [*cells, *cells.T]
    for grid in (cells, cells[:, ::-1]):
        grids += [grid.diagonal(offset) for offset in range(1 - size, size)]
    return ["".join(map(str, line)) for line in grids]


def has_won(cells: NDArray[np.int8], code: int, k: int, exact: bool) -> bool:
    other = str(3 - code)
    runs = [run for line in lines(cells) for run in line.replace(other, "0").split("0")]
    return any(len(run) == k or (len(run) > k and not exact) for run in runs)


def after(name: str, x: str, o: str) -> Position:
    """The position after the stones ``x`` and ``o``, placed in turns."""
    here = position(made(name))
    first, second = x.split(), o.split()
    for i, move in enumerate(first):
        here = here.play(move)
        if i < len(second):
            here = here.play(second[i])
    return here


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("x", "o"),
    [
        ("a1 b1 c1 d1 e1", "a9 b9 c9 d9"),
        ("e9 f9 i9 h9 g9", "a1 b2 c3 d4"),  # the last stone in the middle
        ("i5 i6 i7 i8 i9", "a1 a2 a3 a4"),
        ("a1 b2 c3 d4 e5", "a9 b9 c9 d9"),
        ("e9 f8 g7 h6 i5", "a9 b9 c9 d9"),
        ("a9 c7 d6 e5 b8", "a1 b1 c1 d1"),
    ],
)
def test_five_in_a_line_win(x: str, o: str) -> None:
    assert after("gomoku:size=9", x, o).outcome == 1
    assert not after("gomoku:size=9", x.rpartition(" ")[0], o).is_over


@pytest.mark.nojit
def test_the_second_player_wins_too() -> None:
    assert after("gomoku:size=9", "a1 b1 c1 d1 f1", "a9 b9 c9 d9 e9").outcome == -1


@pytest.mark.nojit
def test_lines_do_not_run_around_the_edge() -> None:
    assert not after("gomoku:size=9", "g5 h5 i5 a4 b4", "a9 b9 c9 d9").is_over
    assert not after("gomoku:size=9", "h7 i6 a4 b3 c2", "a9 b9 c9 d9").is_over


@pytest.mark.nojit
def test_overlines() -> None:
    """Six stones in a line, the last one between them; then a seventh."""
    stones = ("a1 b1 c1 e1 f1 d1", "a9 b9 c9 e9 f9")
    assert after("gomoku:size=9", *stones).outcome == 1
    standard = after("gomoku:size=9,exact=true", *stones)
    assert not standard.is_over
    assert not standard.play("a5 g1").is_over
    assert after("gomoku:size=9,exact=true", "a1 b1 c1 e1 d1", "a9 b9 c9 e9").outcome == 1


@pytest.mark.nojit
def test_an_overline_does_not_spoil_a_five() -> None:
    """d1 makes six along the bottom and five upwards."""
    x, o = "a1 b1 c1 e1 f1 d2 d3 d4 d5 d1", "a9 b9 c9 e9 f9 h9 a7 b7 c7"
    assert after("gomoku:size=9,exact=true", x, o).outcome == 1


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("name", "k", "exact"), [("gomoku:size=5", 5, False), ("gomoku:size=6,k=3,exact=true", 3, True)]
)
def test_the_last_stone_decides_as_the_whole_board_does(name: str, k: int, exact: bool) -> None:
    rules, random = made(name), np.random.default_rng(6)
    overlines = 0
    for _ in range(10):
        here = position(rules)
        while True:
            cells = rules.cells(here.states[0])
            for player in range(2):
                won = here.outcome == 1 - 2 * player
                assert has_won(cells, player + 1, k, exact) == won
                overlines += has_won(cells, player + 1, k, False) and not won
            if here.is_over:
                break
            here = here.play(int(random.choice(np.flatnonzero(rules.describe_new(here.states).legal[0]))))
    assert (overlines > 0) == exact


@pytest.mark.nojit
def test_a_full_board_without_a_line_is_a_draw() -> None:
    rules = made("gomoku:size=5")
    drawn = "x x o o x\no o x x o\nx x o o x\no o x x o\nx x o o x"
    with_hole = drawn[:-1] + "."
    here = position(rules, with_hole)
    assert here.legal_actions == ["e1"]
    assert here.play("e1").outcome == 0
    assert position(rules, drawn).outcome == 0


@pytest.mark.nojit
def test_observations_are_the_mover_s() -> None:
    here = position(made("gomoku:size=5")).play("b4")
    assert np.argwhere(here.observation).tolist() == [[1, 1, 1]]
    assert np.argwhere(here.play("e1").observation).tolist() == [[0, 1, 1], [1, 4, 4]]


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["gomoku:size=5", "gomoku:size=6,k=3,exact=true"])
def test_a_drawing_is_read_back(name: str) -> None:
    rules, random = made(name), np.random.default_rng(3)
    here = position(rules)
    while True:
        assert (position(rules, str(here)).states == here.states).all()
        if here.is_over:
            break
        here = here.play(str(random.choice(here.legal_actions)))


@pytest.mark.nojit
def test_drawings_that_cannot_be() -> None:
    rules = made("gomoku:size=5")
    blank = "\n. . . . ." * 3
    with pytest.raises(ValueError, match="0 x and 1 o"):
        position(rules, "o . . . .\n. . . . ." + blank)
    with pytest.raises(ValueError, match="a line of x, who is to move"):
        position(rules, "x x x x x\no o o o ." + blank.replace(".", "o", 1))


@pytest.mark.nojit
def test_the_heuristic_counts_open_lines() -> None:
    rules = made("gomoku:size=9")
    assert rules.heuristic(position(rules).states).tolist() == [0]
    assert rules.heuristic(after("gomoku:size=9", "e5 e4 e6", "a1 b1").states)[0] < 0
    assert rules.heuristic(after("gomoku:size=9", "e5 e4 e6", "a1 b1 i9").states)[0] > 0


@pytest.mark.nojit
def test_lookahead_sees_an_open_four() -> None:
    here = after("gomoku:size=9", "d5 e5 f5 g5", "a1 i1 a9 i9")
    assert here.game.lookahead(here.states, 1).tolist() == [1]
    assert here.game.lookahead(here.play("a5").states, 2).tolist() == [-1]


def test_perft() -> None:
    assert [perft(made("gomoku"), depth) for depth in range(4)] == [1, 225, 225 * 224, 225 * 224 * 223]


@pytest.mark.parametrize("name", ["gomoku:size=5", "gomoku:size=6,k=3,exact=true"])
def test_the_game_passes_check_game(name: str) -> None:
    assert check_game(made(name), num_games=8)["positions"] > 50


@pytest.mark.nojit
def test_parameters() -> None:
    assert made("gomoku").num_actions == 225
    assert game(size=19, exact=True).name == "gomoku:size=19,exact=true"
    assert game(size=9, k=4).name == "gomoku:size=9,k=4"
    for size, k in ((4, 4), (20, 5), (9, 2), (9, 10)):
        with pytest.raises(ValueError, match="5 to 19"):
            game(size=size, k=k)
