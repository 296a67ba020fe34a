"""Amazons: hand-made positions, one a rule; a naive twin of the rules; published move counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from games import position as make_position
from games.check import check_game
from games.game import Game
from games.perft import perft
from games.position import Position
from games.symmetry import SQUARE
from tests.games.made import made as by_name


def made(size: int = 6) -> Game:
    return by_name("amazons" if size == 6 else f"amazons:size={size}")


def start(size: int = 6) -> Position:
    return make_position(made(size))


OPENING = """\
6 . o . . o .
5 o . . . . o
4 . . . . . .
3 . . . . . .
2 x . . . . x
1 . x . . x .
  a b c d e f
x to play"""

WALLED = """
6 o . . # . x
5 # # # # . .
4 . . . . . .
3 # # o . . .
2 x # . . o .
1 x # x . . o
  a b c d e f
"""


@pytest.mark.nojit
def test_the_opening() -> None:
    assert str(start()) == OPENING
    assert start().legal_actions == ["a2", "f2", "b1", "e1"]
    assert start(10).legal_actions == ["a4", "j4", "d1", "g1"]
    assert start(8).legal_actions == ["a3", "h3", "c1", "f1"]


@pytest.mark.nojit
def test_a_turn_is_three_actions_of_the_same_player() -> None:
    chosen, moved, shot = start().play("b1"), start().play("b1 b4"), start().play("b1 b4 d6")
    assert [here.to_play for here in (start(), chosen, moved, shot)] == [0, 0, 0, 1]
    assert "1 . + . . x ." in str(chosen)
    assert "4 . X . . . ." in str(moved)
    assert "1 . . . . x ." in str(moved)
    assert "6 . o . # o ." in str(shot)
    assert shot.legal_actions == ["b6", "e6", "a5", "f5"]
    assert "6 . @ . # o ." in str(shot.play("b6"))


@pytest.mark.nojit
def test_amazons_and_arrows_go_like_queens_over_empty_cells() -> None:
    assert start().play("b1").legal_actions == ["b5", "b4", "e4", "b3", "d3", "b2", "c2", "a1", "c1", "d1"]
    here = start().play("b1 b3")
    assert " ".join(here.legal_actions) == "b5 d5 a4 b4 c4 a3 c3 d3 e3 f3 b2 c2 b1 d1"


@pytest.mark.nojit
def test_an_arrow_may_land_where_the_amazon_came_from() -> None:
    assert "b1" in start().play("b1 b2").legal_actions
    assert "1 . # . . x ." in str(start().play("b1 b2 b1"))


@pytest.mark.nojit
def test_only_amazons_that_can_move_are_chosen() -> None:
    here = make_position(made(), WALLED)
    assert here.to_play == 1  # nine arrows, one a turn
    assert here.legal_actions == ["a6", "c3", "e2", "f1"]
    other = make_position(made(), WALLED.replace("4 . .", "4 # ."))
    assert other.to_play == 0
    assert other.legal_actions == ["f6", "c1"]


STUCK = """
6 . . # o o .
5 . . # # o o
4 . . . . . .
3 # # # . . .
2 x x # . . .
1 x x # . # .
  a b c d e f
"""


@pytest.mark.nojit
def test_who_cannot_move_loses() -> None:
    here = make_position(made(), STUCK)
    assert here.is_over is False
    assert here.to_play == 1
    over = here.play("e5 e4 f3")
    assert over.is_over
    assert over.outcome == -1
    assert str(over).endswith("o wins")
    assert over.legal_actions == []


@pytest.mark.nojit
def test_the_observation_tells_the_phase_and_the_chosen_amazon() -> None:
    choosing, moving, shooting = (start().play(moves).observation for moves in ("", "b1", "b1 b4"))
    assert not choosing[2:].any()
    assert choosing[0].sum() == choosing[1].sum() == 4
    assert np.argwhere(moving[3]).tolist() == [[5, 1]]
    assert moving[4].all()
    assert not moving[5].any()
    assert np.argwhere(shooting[3]).tolist() == [[2, 1]]
    assert shooting[5].all()
    assert not shooting[4].any()
    after = start().play("b1 b4 d6").observation  # the other player's view: what was mine is theirs
    assert after[1, 2, 1] == 1
    assert np.argwhere(after[2]).tolist() == [[0, 3]]
    assert not after[3:].any()


@pytest.mark.nojit
def test_only_the_mirror_keeps_the_opening() -> None:
    codes = made().cells(start().states[0]).astype(np.int64)
    kept = [turn for turn in SQUARE if np.array_equal(turn(codes), codes)]
    assert len(kept) == len(made().symmetries.actions) == 2


@pytest.mark.nojit
def test_the_heuristic_counts_the_cells_reached_first() -> None:
    game = made()
    assert 0 < game.heuristic(start().states)[0] < 0.9  # even, but for the turn
    assert game.heuristic(game.parse(STUCK))[0] > 0.9
    assert game.heuristic(start().play("b1 b4").states)[0] > game.heuristic(start().play("b1 a1").states)[0]


@pytest.mark.nojit
def test_a_drawing_tells_the_whole_state() -> None:
    random, here = np.random.default_rng(3), start()
    while not here.is_over:
        again = make_position(made(), str(here))
        assert str(again) == str(here)
        assert again.legal_actions == here.legal_actions
        assert np.array_equal(again.observation, here.observation)
        assert again.states[0]["plies"] == here.states[0]["plies"]
        here = here.play(str(random.choice(here.legal_actions)))
    assert make_position(made(), str(here)).outcome == here.outcome


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("6 . o", "6 . .", "3 amazons of o"),
        ("6 . o", "6 . @", "turn of x"),
        ("x . . . . x", "+ . . . . +", "turn of x"),
    ],
)
def test_a_drawing_that_cannot_be_is_refused(old: str, new: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        made().parse(OPENING.replace(old, new))
    with pytest.raises(ValueError, match="a2, is walled in"):
        made().parse(WALLED.replace("2 x", "2 X").replace("5 # # # #", "5 # # # ."))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="size 6, 8 and 10"):
        made(7)


def naive(cells: NDArray[Any], mover: int, turns: int) -> int:
    """Sequences of whole turns from the board ``cells`` [H, W] (0 empty, 1 and 2 amazons, 3 arrows)."""
    if turns == 0:
        return 1
    total = 0
    for place in np.argwhere(cells == mover).tolist():
        for to in rays(cells, place):
            moved = cells.copy()
            moved[*place], moved[to] = 0, mover
            for arrow in rays(moved, to):
                moved[arrow] = 3
                total += naive(moved, 3 - mover, turns - 1)
                moved[arrow] = 0
    return total


def rays(cells: NDArray[Any], place: Sequence[int]) -> list[tuple[int, int]]:
    found = []
    for dy, dx in ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)):
        y, x = place[0] + dy, place[1] + dx
        while 0 <= y < len(cells) and 0 <= x < len(cells) and cells[y, x] == 0:
            found.append((y, x))
            y, x = y + dy, x + dx
    return found


def test_perft_of_the_opening() -> None:
    """2176 first turns on 10 x 10 are also what Fairy-Stockfish counts."""
    assert [perft(made(10), depth) for depth in range(1, 4)] == [4, 80, 2176]
    assert [perft(made(6), depth) for depth in range(1, 6)] == [4, 40, 544, 2176, 19936]
    for size in (6, 8):
        assert perft(made(size), 3) == naive(made(size).cells(start(size).states[0]), 1, 1)


def test_perft_agrees_with_a_naive_twin() -> None:
    """From late positions on, where blocked amazons and finished games are many."""
    random, compared = np.random.default_rng(5), 0
    for _ in range(20):
        here = start()
        for _ in range(54):
            if here.is_over:
                break
            here = here.play(str(random.choice(here.legal_actions)))
        if here.is_over or here.states[0]["phase"]:
            continue
        count = naive(made().cells(here.states[0]), here.to_play + 1, 2)
        assert turns(here.states, 6) == count
        compared += 1
    assert compared > 5


def turns(states: NDArray[Any], depth: int) -> int:
    """Sequences of ``depth`` actions from any position."""
    total = 0
    legal = made().describe_new(states).legal[0]
    if depth == 1:
        return int(legal.sum())
    for action in np.flatnonzero(legal):
        after = states.copy()
        made().step(after, np.array([action]))
        total += turns(after, depth - 1)
    return total


@pytest.mark.parametrize(("size", "num_games"), [(6, 16), (8, 4), (10, 3)])
def test_every_law_holds(size: int, num_games: int) -> None:
    assert check_game(made(size), num_games)["longest"] <= made(size).max_plies
