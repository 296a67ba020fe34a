"""Clobber's rules, each shown by a position made by hand, and the numbers of its move sequences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from games import perft, position
from games.position import Position
from games.rules.clobber import game
from tests.games.made import made

PERFT = (1, 49, 2116, 80063, 2630382)
"""Fairy-Stockfish 11.1, ``UCI_Variant`` clobber (5 wide, 6 high)."""


def placed(drawing: str, last_line: str = "") -> Position:
    """The position of ``drawing``, lines of x, o and dots, on a board of 3 x 3."""
    return position(
        made("clobber:rows=3,columns=3"), "\n".join([*(" ".join(line) for line in drawing.split()), last_line])
    )


@pytest.mark.nojit
def test_the_first_position() -> None:
    assert str(position(made("clobber"))).splitlines() == [
        "6 x o x o x",
        "5 o x o x o",
        "4 x o x o x",
        "3 o x o x o",
        "2 x o x o x",
        "1 o x o x o",
        "  a b c d e",
        "x to play",
    ]


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "last_line", "legal"),
    [
        ("xo. ... ...", "x to play", ["a3b3"]),
        ("xo. ... ...", "o to play", ["b3a3"]),
        ("xx. ..o .o.", "o wins", []),  # nothing beside each other
        (".o. oxo .o.", "x to play", ["b2b3", "b2c2", "b2b1", "b2a2"]),
        ("o.o .x. o.o", "o wins", []),  # never diagonally
        (".xo ... o..", "", ["b3c3"]),  # six stones are gone, so x is to move
    ],
)
def test_where_a_stone_goes(drawing: str, last_line: str, legal: list[str]) -> None:
    here = placed(drawing, last_line)
    assert list(here.legal_actions) == legal
    assert here.is_over == (not legal)


@pytest.mark.nojit
def test_a_stone_is_taken_and_who_cannot_move_loses() -> None:
    here = placed("xo. ... ..o", "o to play").play("b3a3")
    assert here.game.cells(here.states[0]).tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 2]]
    assert here.is_over
    assert here.outcome == -1
    assert str(here).endswith("o wins")


def test_numbers_of_move_sequences() -> None:
    assert tuple(perft(made("clobber"), depth) for depth in range(4)) == PERFT[:4]


@pytest.mark.slow
def test_numbers_of_longer_move_sequences() -> None:
    assert perft(made("clobber"), 4) == PERFT[4]


@pytest.mark.parametrize(
    ("text", "symmetries"), [("clobber", 2), ("clobber:rows=3,columns=5", 4), ("clobber:rows=5,columns=5", 8)]
)
def test_symmetries_keep_the_colours_of_the_first_position(text: str, symmetries: int) -> None:
    assert len(made(text).symmetries.cells) == symmetries


def test_each_stone_sees_its_own_plane() -> None:
    here = placed("xo. ... ..o", "o to play")
    planes = here.observation
    assert np.argwhere(planes[0]).tolist() == [[0, 1], [2, 2]]
    assert np.argwhere(planes[1]).tolist() == [[0, 0]]


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "lead"),
    [
        ("xo. .x. ...", 1),  # two stones of x and one of o can move
        ("oxo .o. ...", -2),
        ("xo. ... ..o", 0),
    ],
)
def test_the_heuristic_counts_stones_that_can_move(drawing: str, lead: int) -> None:
    for mover, sign in (("x", 1), ("o", -1)):
        here = placed(drawing, f"{mover} to play")
        assert here.game.heuristic(here.states).tolist() == pytest.approx([sign * math.tanh(lead / 6)])


def test_sizes() -> None:
    assert game(10, 10).num_actions == 360
    for rows, columns in ((1, 5), (5, 11)):
        with pytest.raises(ValueError, match="both sides are 2 to 10"):
            game(rows, columns)
