"""Othello's rules, each shown by a position made by hand, and random games against rules written the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from games import perft, position
from games.check import check_game
from games.game import Game, States
from games.position import Position
from games.rules.othello import game
from tests.games.made import made

PERFT = (1, 4, 12, 56, 244, 1396, 8200, 55092, 390216)
DIRECTIONS = [(dr, dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc]


def placed(drawing: str, to_play: int = 0) -> Position:
    """The position of ``drawing``, lines of b, w and dots, in which ``to_play`` has a move."""
    lines = drawing.split()
    othello = made("othello" if len(lines) == 8 else f"othello:size={len(lines)}")
    here = position(othello, "\n".join(" ".join(line) for line in lines) + f"\n{('black', 'white')[to_play]} to play")
    assert here.legal_actions != ["pass"]
    return here


def cells(here: Position) -> list[str]:
    """The drawing without labels."""
    return ["".join(".bw"[code] for code in line) for line in here.game.cells(here.states[0])]


@pytest.mark.nojit
def test_the_first_position() -> None:
    othello = made("othello")
    states = othello.new(1)
    othello.init(states)
    assert othello.render(states[0]).splitlines() == [
        "1 . . . . . . . .",
        "2 . . . . . . . .",
        "3 . . . . . . . .",
        "4 . . . w b . . .",
        "5 . . . b w . . .",
        "6 . . . . . . . .",
        "7 . . . . . . . .",
        "8 . . . . . . . .",
        "  a b c d e f g h",
        "black to play",
    ]
    assert Position(othello, states).legal_actions == ["d3", "c4", "f5", "e6"]


@pytest.mark.nojit
def test_a_disc_turns_over_lines_in_all_eight_directions() -> None:
    here = placed("b.b.b. .www.. bw.wb. .www.. b.b.b. ......").play("c3")
    assert cells(here) == ["b.b.b.", ".bbb..", "bbbbb.", ".bbb..", "b.b.b.", "......"]
    assert here.states[0]["counts"].tolist() == [17, 0]


@pytest.mark.nojit
def test_a_line_turns_over_only_where_it_is_closed_in() -> None:
    here = placed("bww.ww ...w.. ...... ...... ...... ......").play("d1")
    assert cells(here)[:2] == ["bbbbww", "...w.."], "neither lines that end at the edge nor at an empty cell"


@pytest.mark.nojit
def test_lines_end_at_the_edges() -> None:
    here = placed("....bw b....w ...... w..... b..... .bw...")
    assert here.legal_actions == ["a3", "d6"], "no line runs on from f1 to a2 or off the board"


@pytest.mark.nojit
def test_pass_is_legal_only_when_nothing_else_is() -> None:
    here = placed("bw.. .... .... bw..")
    assert here.legal_actions == ["c1", "c4"]
    here = here.play("c1")
    assert here.to_play == 1
    assert here.legal_actions == ["pass"]
    with pytest.raises(ValueError, match="not legal"):
        here.play("c4")
    here = here.play("pass")
    assert here.to_play == 0
    assert here.legal_actions == ["c4"]


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "outcome", "drawn"),
    [
        ("bw.. .... .... ...w", 1, "black wins"),
        ("bw.. .... ...w ..ww", 0, "draw"),
        ("bw.. ...w ...w ..ww", -1, "white wins"),
        ("bw.. .... .... ....", 1, "black wins"),  # no disc left
    ],
)
def test_it_is_over_when_neither_can_move(drawing: str, outcome: int, drawn: str) -> None:
    here = placed(drawing).play("c1")
    assert here.is_over
    assert here.outcome == outcome
    assert str(here).endswith(drawn)


@pytest.mark.nojit
def test_planes_are_from_the_view_of_the_player_to_move() -> None:
    mine, theirs, moves = placed("bw.. .... .... w...", to_play=0).observation
    assert np.argwhere(mine).tolist() == [[0, 0]]
    assert np.argwhere(theirs).tolist() == [[0, 1], [3, 0]]
    assert np.argwhere(moves).tolist() == [[0, 2]]
    mine, _, moves = placed(".bw. .... .... b...", to_play=1).observation
    assert np.argwhere(mine).tolist() == [[0, 2]]
    assert np.argwhere(moves).tolist() == [[0, 0]]


@pytest.mark.nojit
def test_who_owns_what_at_the_end() -> None:
    here = placed("bw.. .... .... ...w").play("c1")
    ownership, score = here.game.final_targets(here.states)
    assert ownership[0].tolist() == [[-1, -1, -1, 0], [0] * 4, [0] * 4, [0, 0, 0, 1]]  # white is to play
    assert score.tolist() == [-2]


@pytest.mark.nojit
def test_the_heuristic_likes_corners_and_moves() -> None:
    lost, none, corner = (
        placed("w..... ...... ..bw.. ...... ...... ......"),
        placed("...... ...... ..bw.. ...... ...... ......"),
        placed("b..... ...... ..bw.. ...... ...... ......"),
    )
    values = [float(here.game.heuristic(here.states)[0]) for here in (lost, none, corner)]
    assert -1 < values[0] < values[1] < values[2] < 1
    assert values[1] == 0, "each side has one move"


def test_symmetries_keep_the_first_position() -> None:
    symmetries = made("othello").symmetries
    assert symmetries.actions.shape == (4, 65)
    assert (symmetries.actions[:, 64] == 64).all()
    assert sorted(symmetries.actions[:, 19].tolist()) == [19, 26, 37, 44]


@pytest.mark.parametrize(("size", "num_games"), [(4, 32), (6, 16), (8, 8), (12, 2)])
def test_the_laws_hold(size: int, num_games: int) -> None:
    check_game(made("othello" if size == 8 else f"othello:size={size}"), num_games)


@pytest.mark.parametrize("size", [2, 5, 14])
def test_sizes_that_make_no_game(size: int) -> None:
    with pytest.raises(ValueError, match=f"size={size}; the side is even, 4 to 12"):
        game(size)


def test_perft() -> None:
    assert tuple(perft(made("othello"), depth) for depth in range(7)) == PERFT[:7]


@pytest.mark.slow
def test_perft_deeper() -> None:
    assert tuple(perft(made("othello"), depth) for depth in (7, 8)) == PERFT[7:]


@pytest.mark.nojit
def test_perft_shallow() -> None:
    assert tuple(perft(made("othello"), depth) for depth in range(4)) == PERFT[:4]


@pytest.mark.slow
def test_the_second_player_wins_on_4_x_4() -> None:
    """As every solver of this size finds; the whole game is 12 discs."""
    small = made("othello:size=4")
    states = small.new(1)
    small.init(states)
    assert small.lookahead(states, small.max_plies).tolist() == [-1]


def walked(board: dict[tuple[int, int], int], me: int, at: tuple[int, int]) -> list[tuple[int, int]]:
    """What a disc of ``me`` turns over, cell by cell: the rules written the slow way."""
    turned = []
    for dr, dc in DIRECTIONS:
        line, (r, c) = [], (at[0] + dr, at[1] + dc)
        while board.get((r, c)) == 1 - me:
            line.append((r, c))
            r, c = r + dr, c + dc
        if board.get((r, c)) == me:
            turned += line
    return turned


def play_beside(othello: Game, states: States, size: int, random: np.random.Generator) -> int:
    """One random game in both; the number of passes."""
    low, high = size // 2 - 1, size // 2
    board = {(low, low): 1, (low, high): 0, (high, low): 0, (high, high): 1}
    me = passes = 0
    empty = [(r, c) for r in range(size) for c in range(size) if (r, c) not in board]
    while True:
        here = othello.describe_new(states)
        options = [at for at in empty if walked(board, me, at)]
        if not options and not any(walked(board, 1 - me, at) for at in empty):
            lead = sum(1 if owner == me else -1 for owner in board.values())
            assert here.terminal[0]
            assert here.value[0] == np.sign(lead)
            return passes
        assert not here.terminal[0]
        assert here.to_play[0] == me
        assert np.flatnonzero(here.legal[0]).tolist() == ([r * size + c for r, c in options] or [size * size])
        action = size * size
        if options:
            at = options[random.integers(len(options))]
            action = at[0] * size + at[1]
            board |= dict.fromkeys([*walked(board, me, at), at], me)
            empty.remove(at)
        passes += not options
        othello.step(states, np.array([action]))
        me = 1 - me


@pytest.mark.nojit
@pytest.mark.parametrize(("size", "num_games"), [(4, 20), (6, 10), (8, 4), (10, 2), (12, 2)])
def test_random_games_beside_the_slow_rules(size: int, num_games: int) -> None:
    othello, random = made("othello" if size == 8 else f"othello:size={size}"), np.random.default_rng(size)
    passes = 0
    for _ in range(num_games):
        states = othello.new(1)
        othello.init(states)
        passes += play_beside(othello, states, size, random)
    assert size > 4 or passes > 0
