"""Dots and boxes: hand-made positions, one a rule, and tiny boards solved by a brute force of the test's own."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from games import position as make_position
from games.check import check_game
from games.game import Game
from games.perft import perft
from games.position import Position
from games.symmetry import SQUARE
from tests.games.made import made as by_name


def made(rows: int = 4, columns: int = 4) -> Game:
    return by_name("dots_and_boxes" if rows == columns == 4 else f"dots_and_boxes:rows={rows},columns={columns}")


def start(rows: int, columns: int) -> Position:
    return make_position(made(rows, columns))


ONE_LEFT = """
5 + - + . +
4 | x | . .
3 + - + . +
2 | o | . |
1 + - + - +
  a b c d e
x to play
"""


@pytest.mark.nojit
def test_the_grid_has_a_cell_for_each_dot_line_and_box() -> None:
    here = start(1, 2).play("b3 c2")
    assert str(here) == "3 + - + . +\n2 . . | . .\n1 + . + . +\n  a b c d e\nx to play"
    assert here.legal_actions == ["d3", "b1", "d1", "a2", "e2"]
    assert made(1, 2).board.clicks.tolist() == [[-1, 0, -1, 1, -1], [4, -1, 5, -1, 6], [-1, 2, -1, 3, -1]]


@pytest.mark.nojit
def test_a_line_that_completes_nothing_passes_the_turn() -> None:
    here = start(2, 2)
    assert [here.to_play, here.play("b5").to_play, here.play("b5 a4").to_play] == [0, 1, 0]


@pytest.mark.nojit
def test_who_completes_a_box_owns_it_and_moves_again() -> None:
    here = start(2, 2).play("b5 a4 c4 b3")
    assert here.to_play == 1
    assert str(here) == "5 * - * . *\n4 | o | . .\n3 * - * . *\n2 . . . . .\n1 * . * . *\n  a b c d e\no to play"
    assert here.play("d5").to_play == 0


@pytest.mark.nojit
def test_one_line_may_complete_two_boxes() -> None:
    here = start(1, 2).play("b3 b1 d3 d1 a2 e2 c2")
    assert here.outcome == 1
    assert "| x | x |" in str(here)


@pytest.mark.nojit
def test_as_many_boxes_each_is_a_draw() -> None:
    here = start(1, 2).play("b3 d3 b1 a2 c2 d1 e2")
    assert "| x | o |" in str(here)
    assert str(here).endswith("draw")
    assert here.outcome == 0


MAJORITY = """
5 + - + - +
4 | x | x |
3 + - + - +
2 | x | . .
1 + - + . +
  a b c d e
"""


@pytest.mark.nojit
def test_play_goes_on_to_the_last_line_even_with_a_majority() -> None:
    here = make_position(made(2, 2), MAJORITY)
    assert not here.is_over
    assert here.play("d1").to_play == 1
    assert here.play("d1 e2").outcome == 1
    assert "| x | o |" in str(here.play("d1 e2"))


@pytest.mark.nojit
def test_the_observation_is_the_movers_view() -> None:
    here = make_position(made(2, 2), ONE_LEFT)
    drawn, opened, mine, theirs, two, three = here.observation
    assert drawn.sum() == 9
    assert np.argwhere(opened).tolist() == [[0, 3], [1, 4], [2, 3]]
    assert np.argwhere(mine).tolist() == [[1, 1]]
    assert np.argwhere(theirs).tolist() == [[3, 1]]
    assert np.argwhere(three).tolist() == [[3, 3]]
    assert not two.any()
    other = make_position(made(2, 2), ONE_LEFT.replace("+", "*").replace("x to play", "o to play"))
    assert other.to_play == 1
    assert np.array_equal(other.observation[[0, 1, 3, 2, 4, 5]], here.observation)


@pytest.mark.nojit
def test_the_heuristic_counts_boxes_and_those_to_be_taken() -> None:
    game = made(2, 2)
    level, ahead = game.parse(ONE_LEFT), game.parse(ONE_LEFT.replace("| o |", "| x |"))
    assert 0 < game.heuristic(level)[0] < game.heuristic(ahead)[0] < 1
    behind = game.parse(ONE_LEFT.replace("| x |", "| o |").replace("2 | o | . |", "2 | o | . ."))
    assert game.heuristic(behind)[0] < 0


def test_final_targets_are_the_owners_and_the_margin() -> None:
    over = make_position(made(2, 2), MAJORITY).play("d1 e2")
    ownership, score = made(2, 2).final_targets(over.states)
    assert over.to_play == 1  # who took the last box
    assert ownership[0].tolist() == [[0] * 5, [0, -1, 0, -1, 0], [0] * 5, [0, -1, 0, 1, 0], [0] * 5]
    assert score[0] == -2


@pytest.mark.nojit
def test_a_quarter_turn_makes_columns_of_rows() -> None:
    game = made(2, 2)
    transposed = game.symmetries.actions[SQUARE.index(SQUARE[4])]
    names = [game.action_text(a) for a in range(game.num_actions)]
    assert names[transposed[names.index("b5")]] == "a4"  # top left: the horizontal line becomes the vertical one
    assert len(game.symmetries.actions) == 8
    assert len(made(1, 2).symmetries.actions) == 4


@pytest.mark.nojit
@pytest.mark.parametrize("ply", range(13))
def test_a_drawing_tells_the_whole_state(ply: int) -> None:
    here = start(2, 2)
    random = np.random.default_rng(ply)
    for _ in range(ply - 1):
        here = here.play(str(random.choice(here.legal_actions)))
    assert (made(2, 2).parse(str(here)) == here.states).all()


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("5 + - +", "5 * - +", "dots"),
        ("| x |", "| . |", "all four lines"),
        ("| . |", "| o |", "all four lines"),
        ("+ - + - +", "+ - + | +", "out of place"),
    ],
)
def test_a_drawing_that_cannot_be_is_refused(old: str, new: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        made(2, 2).parse(ONE_LEFT.replace(old, new))


@pytest.mark.parametrize(("rows", "columns"), [(0, 2), (3, 9)])
def test_sizes_out_of_range_are_refused(rows: int, columns: int) -> None:
    with pytest.raises(ValueError, match="1 to 8 boxes"):
        made(rows, columns)


def margin_of(rows: int, columns: int) -> int:
    """Boxes that the first player gets more than the second, both playing best, without the rules under test."""
    clicks = made(rows, columns).board.clicks
    boxes = [
        sum(1 << int(clicks[y + dy, x + dx]) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)))
        for y in range(1, 2 * rows, 2)
        for x in range(1, 2 * columns, 2)
    ]
    num_lines = made(rows, columns).num_actions

    @cache
    def margin(drawn: int) -> int:
        best = -99 if drawn + 1 < 1 << num_lines else 0
        for a in range(num_lines):
            if not drawn >> a & 1:
                after = drawn | 1 << a
                taken = sum(after & box == box != drawn & box for box in boxes)
                best = max(best, taken + margin(after) if taken else -margin(after))
        return best

    return margin(0)


@pytest.mark.parametrize(("rows", "columns", "margin"), [(1, 1, -1), (1, 2, 0), (2, 2, 2)])
def test_tiny_boards_have_their_known_values(rows: int, columns: int, margin: int) -> None:
    """2 x 2 boxes: the first player wins 3 to 1."""
    game = made(rows, columns)
    assert margin_of(rows, columns) == margin
    assert game.lookahead(start(rows, columns).states, game.num_actions)[0] == np.sign(margin)


def test_perft_takes_any_line_in_any_order() -> None:
    assert [perft(made(2, 2), depth) for depth in range(1, 6)] == [12, 132, 1320, 11880, 95040]
    assert [perft(made(1, 1), depth) for depth in range(1, 6)] == [4, 12, 24, 24, 0]


@pytest.mark.parametrize(("rows", "columns", "num_games"), [(4, 4, 16), (2, 3, 16), (1, 2, 8), (8, 8, 2)])
def test_every_law_holds(rows: int, columns: int, num_games: int) -> None:
    game = made(rows, columns)
    assert check_game(game, num_games)["longest"] == game.max_plies
