"""Breakthrough's rules, each shown by a position made by hand, and how the second player sees the board."""

from __future__ import annotations

import numpy as np
import pytest

from games import perft, position
from games.check import check_game
from games.position import Position
from games.rules.breakthrough import game
from tests.games.made import made

SMALL = "breakthrough:rows=5,columns=5"
PERFT = (1, 22, 484, 11132, 256036, 6182818)


def placed(drawing: str, to_play: int = 0) -> Position:
    """The position of ``drawing``, lines of w, b and dots, on the board of 5 x 5."""
    lines = [" ".join(line) for line in drawing.split()]
    return position(made(SMALL), "\n".join([*lines, f"{('white', 'black')[to_play]} to play"]))


@pytest.mark.nojit
def test_the_first_position() -> None:
    here = position(made("breakthrough:rows=6,columns=5"))
    assert str(here).splitlines() == [
        "6 b b b b b",
        "5 b b b b b",
        "4 . . . . .",
        "3 . . . . .",
        "2 w w w w w",
        "1 w w w w w",
        "  a b c d e",
        "white to play",
    ]
    assert " ".join(here.legal_actions) == "a2a a2b b2a b2b b2c c2b c2c c2d d2c d2d d2e e2d e2e"


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "to_play", "legal"),
    [
        ("b.... ..... ..... ..w.. .....", 0, ["c2b", "c2c", "c2d"]),
        ("b.... ..... .bbb. ..w.. .....", 0, ["c2b", "c2d"]),  # takes diagonally, never straight
        ("b.... ..... w.w.. .w... .....", 0, ["a3a", "a3b", "c3b", "c3c", "c3d", "b2b"]),  # never one's own
        ("b.... ..... w...w ..... .....", 0, ["a3a", "a3b", "e3d", "e3e"]),  # the edges
        ("..... ..b.. .w.w. ..... w....", 1, ["c4d", "c4c", "c4b"]),  # Black's left is d
    ],
)
def test_where_a_piece_goes(drawing: str, to_play: int, legal: list[str]) -> None:
    here = placed(drawing, to_play)
    assert sorted(here.legal_actions) == sorted(legal)


@pytest.mark.nojit
def test_a_piece_is_taken() -> None:
    here = placed("b.... ..... .b... ..w.. .....").play("c2b")
    assert here.game.cells(here.states[0]).tolist() == [[2, 0, 0, 0, 0], [0] * 5, [0, 1, 0, 0, 0], [0] * 5, [0] * 5]
    assert here.states[0]["counts"].tolist() == [1, 1]
    assert not here.is_over


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "to_play", "move", "drawn"),
    [
        ("b.... ...w. ..... ..... .....", 0, "d4e", "white wins"),
        ("..... ..... ..... .b... ....w", 1, "b2b", "black wins"),
        ("..... ..... .b... w.... .....", 0, "a2b", "white wins"),  # takes the last piece
        ("..... ..... .b... w.... .....", 1, "b3a", "black wins"),
        ("b...b ...w. ..... ..... .....", 0, "d4e", "white wins"),  # takes on the last row
    ],
)
def test_how_it_is_won(drawing: str, to_play: int, move: str, drawn: str) -> None:
    here = placed(drawing, to_play).play(move)
    assert here.is_over
    assert here.outcome == 1 - 2 * to_play
    assert str(here).endswith(drawn)


@pytest.mark.nojit
def test_a_step_onto_the_row_before_the_last_wins_nothing() -> None:
    assert not placed("b.... ..... ...w. ..... .....").play("d3e").is_over
    assert not placed("..... ..... .b... ..... ....w", 1).play("b3b").is_over


@pytest.mark.nojit
def test_both_players_see_their_own_pieces_at_the_bottom() -> None:
    drawing = "bb... ...b. ..... .w... ...ww"
    white = placed(drawing)
    turned = placed(drawing[::-1].translate(str.maketrans("wb", "bw")), 1)  # Black in White's place
    assert (white.observation == turned.observation).all()
    legal = [here.game.describe_new(here.states).legal[0] for here in (white, turned)]
    assert (legal[0] == legal[1]).all()
    for action in np.flatnonzero(legal[0]):
        after = [here.play(int(action)) for here in (white, turned)]
        assert (after[0].observation == after[1].observation).all()
    mine, theirs = white.observation
    assert np.argwhere(mine).tolist() == [[3, 1], [4, 3], [4, 4]]
    assert np.argwhere(theirs).tolist() == [[0, 0], [0, 1], [1, 3]]


@pytest.mark.nojit
def test_an_action_is_written_in_the_same_words_for_both() -> None:
    board = made("breakthrough")
    straight = board.parse_action("e2e")
    assert board.action_text(straight, 0) == "e2e"
    assert board.action_text(straight, 1) == "d7d"
    assert board.parse_action("e7d", 1) == board.parse_action("d2e", 0)
    assert board.action_text(board.parse_action("a2-"), 1) == "h7-", "a step over the edge"
    assert board.turned is not None
    assert (board.turned[board.turned] == np.arange(board.num_actions)).all()


@pytest.mark.nojit
def test_a_game_of_two_runners() -> None:
    here = position(made("breakthrough")).play("e2d d7e d3d e6e d4c e5d c5b d4c")
    assert here.legal_actions.count("b6a") == 1
    here = here.play("b6a c3b a7b")
    assert here.is_over
    assert here.outcome == 1


@pytest.mark.nojit
def test_the_heuristic_likes_pieces_that_are_far_ahead() -> None:
    drawings = ("bb... ..... ..... .w... .....", "b.... ..... ..... .w... .....", "b.... ..w.. ..... ..... .....")
    values = [float(here.game.heuristic(here.states)[0]) for here in map(placed, drawings)]
    assert -1 < values[0] < values[1] < values[2] < 1
    assert position(made("breakthrough")).game.heuristic(position(made("breakthrough")).states)[0] == 0


@pytest.mark.parametrize("name", [SMALL, "breakthrough:rows=6,columns=8", "breakthrough"])
def test_the_laws_hold(name: str) -> None:
    told = check_game(made(name), num_games=16)
    assert told["longest"] < made(name).max_plies


@pytest.mark.parametrize(("rows", "columns"), [(4, 8), (8, 4), (9, 8), (8, 9)])
def test_sizes_that_make_no_game(rows: int, columns: int) -> None:
    with pytest.raises(ValueError, match=f"rows={rows}, columns={columns}; both sides are 5 to 8"):
        game(rows, columns)


@pytest.mark.nojit
def test_perft_shallow() -> None:
    assert tuple(perft(made("breakthrough"), depth) for depth in range(3)) == PERFT[:3]


def test_perft() -> None:
    assert tuple(perft(made("breakthrough"), depth) for depth in range(5)) == PERFT[:5]


@pytest.mark.slow
def test_perft_deeper() -> None:
    assert perft(made("breakthrough"), 5) == PERFT[5]
