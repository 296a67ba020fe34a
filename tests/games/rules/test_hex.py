"""Hex: who touches whom, who connects what, the mover's view and the swap rule. Its own oracle is a flood fill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from games import Position, check_game, perft, position
from games.rules.hex import MINE, THEIRS, game, stones_needed
from tests.games.made import made


def connects(cells: NDArray[np.int8], player: int) -> bool:
    """Flood fill: x from the top to the bottom, o from the left to the right."""
    own = (cells if player == 0 else cells.T) == player + 1
    size = len(cells)
    reached = {(0, c) for c in range(size) if own[0, c]}
    edge = list(reached)
    while edge:
        r, c = edge.pop()
        for y, x in ((r - 1, c), (r - 1, c + 1), (r, c - 1), (r, c + 1), (r + 1, c - 1), (r + 1, c)):
            if 0 <= y < size and 0 <= x < size and own[y, x] and (y, x) not in reached:
                reached.add((y, x))
                edge.append((y, x))
    return any(r == size - 1 for r, _ in reached)


def cells(here: Position) -> NDArray[np.int8]:
    return here.game.cells(here.states[0])


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("moves", "winner"),
    [
        ("a1 c1 a2 c2 a3", 0),  # straight down
        ("c1 a1 b2 a2 a3", 0),  # down the short diagonal: c1, b2 and a3 touch
        ("a1 c1 b2 a2 c3", None),  # a1, b2 and c3 do not touch
        ("a1 a2 b1 b2 c1 c2", 1),  # x fills the top, o connects left and right
        ("a1 a3 a2 b2 c3 c1", 1),  # the short diagonal connects left and right, too
        ("a1 b2 c1 c2 a3 b1 a2", 0),  # the last stone joins groups of both sides
        ("a1 c1 b1 c2 b2 a3 c3 b3", 1),
    ],
)
def test_who_connects(moves: str, winner: int | None) -> None:
    here = position(made("hex:size=3")).play(moves)
    assert here.is_over == (winner is not None)
    assert here.outcome == {0: 1, 1: -1, None: None}[winner]


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["hex:size=2", "hex:size=5", "hex:size=3,swap=true"])
def test_the_forest_is_the_flood_fill(name: str) -> None:
    rules, random = made(name), np.random.default_rng(5)
    for _ in range(12):
        here = position(rules)
        while not here.is_over:
            assert not connects(cells(here), 0)
            assert not connects(cells(here), 1)
            here = here.play(str(random.choice(here.legal_actions)))
        assert connects(cells(here), 1 - here.to_play)
        assert not connects(cells(here), here.to_play)


def test_the_forest_is_the_flood_fill_on_a_large_board() -> None:
    rules, random = made("hex"), np.random.default_rng(6)
    here = position(rules)
    while not here.is_over:
        here = here.play(int(random.choice(np.flatnonzero(rules.describe_new(here.states).legal[0]))))
        assert here.is_over == connects(cells(here), 1 - here.to_play)


@pytest.mark.nojit
def test_a_full_board_has_exactly_one_winner() -> None:
    random = np.random.default_rng(7)
    for _ in range(200):
        stones = np.where(random.permutation(25) < 13, 1, 2).reshape(5, 5).astype(np.int8)
        assert connects(stones, 0) != connects(stones, 1)


@pytest.mark.nojit
def test_whoever_moves_sees_the_same_game() -> None:
    """The second player after x's stone at c1 sees what the first would see after a stone of o at a3."""
    rules = made("hex:size=3")
    second = position(rules).play("c1").observation
    assert second[1].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert second[0].sum() == 0
    third = position(rules).play("c1 a2").observation
    assert third[0].tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert third[1].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    for planes in (second, third):
        assert planes[2].tolist() == [[1, 1, 1], [0, 0, 0], [1, 1, 1]]
        assert planes[3].tolist() == [[1, 0, 1], [1, 0, 1], [1, 0, 1]]


@pytest.mark.nojit
def test_action_numbers_are_in_the_mover_s_view() -> None:
    rules = made("hex:size=3")
    assert rules.action_text(1, 0) == "b1"
    assert rules.action_text(1, 1) == "a2"
    assert rules.parse_action("c2", 1) == 7
    here = position(rules).play("b1")
    assert np.flatnonzero(~rules.describe_new(here.states).legal[0]).tolist() == [3]
    assert cells(here.play("c2"))[1, 2] == 2


@pytest.mark.nojit
def test_swapping_is_legal_once() -> None:
    here = position(made("hex:size=3,swap=true"))
    assert "swap" not in here.legal_actions
    assert "swap" in here.play("b1").legal_actions
    assert here.play("b1").observation[4].all()
    for moves in ("b1 swap", "b1 c1", "b1 c1 a1", "b1 swap c3"):
        assert "swap" not in here.play(moves).legal_actions
        assert not here.play(moves).observation[4].any()


@pytest.mark.nojit
@pytest.mark.parametrize(("stone", "taken"), [("b1", "a2"), ("a2", "b1"), ("c3", "c3"), ("c1", "a3"), ("c2", "b3")])
def test_swapping_takes_over_the_mirrored_stone(stone: str, taken: str) -> None:
    rules = made("hex:size=3,swap=true")
    here = position(rules).play(stone).play("swap")
    assert here.to_play == 0
    a = rules.parse_action(taken)
    assert cells(here).ravel().tolist() == [2 if cell == a else 0 for cell in range(9)]
    assert len(here.legal_actions) == 8
    assert taken not in here.legal_actions


@pytest.mark.nojit
def test_a_swapped_stone_connects() -> None:
    here = position(made("hex:size=3,swap=true")).play("b1 swap a1 b2 c3")  # o: a2, b2
    assert here.play("c2").outcome == -1
    assert here.play("c1").outcome == -1
    assert not here.play("a3").is_over


def test_the_first_player_wins_unless_the_other_may_swap() -> None:
    """Nash's argument, by search; and which openings win."""
    rules = made("hex:size=3")
    here = position(rules)
    assert rules.lookahead(here.states, 9).tolist() == [1]
    losing = [a for a in here.legal_actions if rules.lookahead(here.play(a).states, 8).tolist() == [1]]
    assert losing == ["a1", "b1", "b3", "c3"]
    rules = made("hex:size=3,swap=true")
    here = position(rules)
    assert rules.lookahead(here.states, 10).tolist() == [-1]
    swapped = [a for a in here.legal_actions if rules.lookahead(here.play(a).play("swap").states, 8).tolist() == [1]]
    assert swapped == losing  # taking over a bad stone is bad, too


def test_perft() -> None:
    assert [perft(made("hex:size=2"), depth) for depth in range(6)] == [1, 4, 12, 24, 12, 0]
    assert [perft(made("hex:size=3"), depth) for depth in range(11)] == [
        1,
        9,
        72,
        504,
        3024,
        15120,
        54720,
        146880,
        207360,
        120960,
        0,
    ]
    assert [perft(made("hex:size=3,swap=true"), depth) for depth in range(6)] == [1, 9, 81, 576, 3528, 18144]


@pytest.mark.parametrize("name", ["hex:size=2", "hex:size=5", "hex:size=3,swap=true", "hex"])
def test_the_game_passes_check_game(name: str) -> None:
    counts = check_game(made(name), num_games=8)
    assert counts["longest"] <= made(name).max_plies


@pytest.mark.nojit
def test_a_drawing_is_read_back() -> None:
    rules, random = made("hex:size=3"), np.random.default_rng(3)
    for _ in range(5):
        here = position(rules)
        while True:
            again = position(rules, str(here))
            assert str(again) == str(here)
            assert again.legal_actions == here.legal_actions
            assert (again.observation == here.observation).all()
            if here.is_over:
                break
            here = here.play(str(random.choice(here.legal_actions)))


@pytest.mark.nojit
def test_drawings_that_cannot_be() -> None:
    rules = made("hex:size=2")
    with pytest.raises(ValueError, match="0 x and 1 o"):
        position(rules, ". o\n. .")
    with pytest.raises(ValueError, match="x connected and to move"):
        position(rules, "x o\nx o")
    with pytest.raises(ValueError, match="0 x and 1 o"):
        position(made("hex:size=3,swap=true"), "o . .\n. . .\n. . .\no to play")


@pytest.mark.nojit
def test_a_drawing_tells_by_who_moves_whether_the_players_swapped() -> None:
    rules = made("hex:size=3,swap=true")
    for moves in (
        "a2",
        "a2 swap",
        "a2 swap a2",
        "a2 b2",
        "a2 swap c3 a1 c2 b3",
        "a1 swap b1 b2 a3 c1",
        "a1 swap b1 b2 b3 c2",
    ):
        here = position(rules).play(moves)
        there = position(rules, str(here))
        assert str(there) == str(here)
        assert (there.legal_actions, there.outcome) == (here.legal_actions, here.outcome)
        assert there.states["plies"] == here.states["plies"]


@pytest.mark.nojit
def test_the_heuristic_counts_missing_stones() -> None:
    empty = np.zeros(25, np.int8)
    assert stones_needed(empty, 5, 5, MINE) == stones_needed(empty, 5, 5, THEIRS) == 5
    view = empty.copy()
    view[[7, 12, 16]] = MINE  # three of a chain; 7, 12 and 16 touch
    assert stones_needed(view, 5, 5, MINE) == 2
    assert stones_needed(view, 5, 5, THEIRS) == 5
    view[[0, 5, 10, 15, 20]] = THEIRS  # a wall along the left side is no help to connect left and right ...
    assert stones_needed(view, 5, 5, THEIRS) == 4
    view[[21, 22, 23, 24]] = THEIRS  # ... and a wall along the bottom is
    assert stones_needed(view, 5, 5, THEIRS) == 0
    assert stones_needed(view, 5, 5, MINE) == 25
    rules = made("hex:size=5")
    assert rules.heuristic(position(rules).play("c3 a1 c2 e5").states)[0] > 0.3
    assert rules.heuristic(position(rules).play("c3 a1 c2").states)[0] < -0.1


@pytest.mark.nojit
def test_parameters() -> None:
    assert made("hex").name == "hex"
    assert made("hex").num_actions == 121
    assert game(size=7, swap=True).name == "hex:size=7,swap=true"
    for size in (1, 20):
        with pytest.raises(ValueError, match="2 to 19"):
            game(size=size)


MIXED = "hex:size=6,smallest=3"


def test_the_first_player_chooses_the_size() -> None:
    rules = made(MIXED)
    here = position(rules)
    assert here.legal_actions == ["c3", "d4", "e5", "f6"]
    here = here.play("d4")
    assert here.to_play == 0
    assert len(here.legal_actions) == 16
    assert str(here).splitlines()[3:5] == ["4 . . . . # #", "5 # # # # # #"]
    assert position(rules, str(here)).states.tobytes() == here.states.tobytes()


@pytest.mark.parametrize("lines", [3, 4, 5, 6])
def test_a_board_in_a_frame_is_the_board_alone(lines: int) -> None:
    """Legal moves, results, observations and heuristics are those of the game with one size."""
    mixed, alone, random = made(MIXED), made(f"hex:size={lines},smallest={lines}"), np.random.default_rng(lines)
    for _ in range(6):
        framed, here = position(mixed).play(f"{'abcdef'[lines - 1]}{lines}"), position(alone)
        while not here.is_over:
            assert not framed.is_over
            assert framed.legal_actions == here.legal_actions
            one, other = framed.observation, here.observation
            np.testing.assert_array_equal(one[:, :lines, :lines], other)
            assert not one[:, lines:].any()
            assert not one[:, :, lines:].any()
            assert other[4].all()
            assert mixed.heuristic(framed.states)[0] == alone.heuristic(here.states)[0]
            move = str(random.choice(here.legal_actions))
            here, framed = here.play(move), framed.play(move)
        assert framed.outcome == here.outcome


def test_the_plane_of_the_board_is_the_only_difference_where_there_is_no_choice() -> None:
    plain, masked = position(made("hex:size=4")).play("b2 c3"), position(made("hex:size=4,smallest=4")).play("b2 c3")
    np.testing.assert_array_equal(plain.observation, masked.observation[:4])
    assert masked.game.has_board_plane
    assert not plain.game.has_board_plane


@pytest.mark.parametrize("values", [{"smallest": 1}, {"size": 5, "smallest": 6}, {"smallest": 5, "swap": True}])
def test_sizes_that_make_no_choice_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="smallest"):
        game(**values)


def test_a_drawing_of_no_square_is_refused() -> None:
    text = str(position(made(MIXED)).play("d4")).replace("4 . . . . # #", "4 . . . # # #")
    with pytest.raises(ValueError, match="must be a square of 3 to 6 lines"):
        position(made(MIXED), text)
