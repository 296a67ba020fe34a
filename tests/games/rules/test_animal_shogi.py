"""The rules of animal shogi, each shown by a position made by hand, and how gote sees the board."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from games import perft
from games import position as make_position
from games.check import check_game
from games.position import Position
from tests.games.made import made

PERFT = (1, 4, 13, 67, 398, 2179)
SHUFFLE = "c1c2 a4a3 c2c1 a3a4"


def placed(drawing: str, sente: str = "", gote: str = "") -> Position:
    """The position of four ranks, an s or g for who is to move, and what the players hold."""
    *ranks, mover = drawing.split()
    lines = [["-", "-", *rank, "-", "-"] for rank in ranks]
    for piece, i in itertools.product(range(3), range(2)):
        if sente.count("CEG"[piece]) > i:
            lines[piece][5 + i] = "CEG"[piece]
        if gote.count("ceg"[piece]) > i:
            lines[1 + piece][1 - i] = "ceg"[piece]
    r, c = (0, 1) if mover == "g" else (3, 5)
    lines[r][c] = "*"
    return make_position(made("animal_shogi"), "\n".join(map(" ".join, lines)))


def moves_of(here: Position, square: str) -> list[str]:
    return sorted(move[2:] for move in here.legal_actions if move.startswith(square))


def half_turn(drawing: str) -> str:
    """The same position with the players exchanged."""
    *ranks, mover = drawing.split()
    return " ".join([*(rank[::-1].swapcase() for rank in ranks[::-1]), "g" if mover == "s" else "s"])


def opposite(square: str) -> str:
    return "cba"["abc".index(square[0])] + str(5 - int(square[1]))


@pytest.mark.nojit
def test_the_first_position() -> None:
    here = make_position(made("animal_shogi"))
    assert str(here).splitlines() == [
        "4 - - g l e - -",
        "3 - - . c . - -",
        "2 - - . C . - -",
        "1 - - E L G * -",
        "  - - a b c - -",
        "sente to play",
    ]
    assert sorted(here.legal_actions) == ["b1a2", "b1c2", "b2b3", "c1c2"]


LEGAL = [
    ("l.. ... .C. ..L s", "b2", "b3"),
    ("l.. ... .E. ..L s", "b2", "a1 a3 c3"),  # its own lion is on c1
    (".l. ... .G. ..L s", "b2", "a2 b1 b3 c2"),
    ("l.. ... .H. ..L s", "b2", "a2 a3 b1 b3 c2 c3"),
    ("l.. ... .L. ... s", "b2", "a1 a2 b1 c1 c2 c3"),  # not beside the other lion
    ("l.. .c. .G. C.L s", "b2", "a2 b1 b3 c2"),  # it takes
    ("l.. .C. .G. C.L s", "b2", "a2 b1 c2"),  # never its own
    ("l.. ..e .L. ... s", "b2", "a1 a2 b1 c1 c2 c3"),  # c3 can be taken, a1 is behind
]


@pytest.mark.nojit
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("drawing", "square", "ends"), LEGAL)
def test_where_a_piece_goes(drawing: str, square: str, ends: str, turned: bool) -> None:
    wanted = ends.split()
    if turned:
        drawing, square, wanted = half_turn(drawing), opposite(square), [opposite(end) for end in wanted]
    assert moves_of(placed(drawing), square) == sorted(wanted)


@pytest.mark.nojit
def test_a_chick_becomes_a_hen_and_a_chick_again() -> None:
    here = placed("..e C.. l.. ..L s").play("a3a4")
    assert str(here).split("\n")[0] == "4 - * H . e - -"
    here = placed("H.e l.. ... ..L g").play("a3a4")
    assert str(here).split("\n")[:2] == ["4 - - l . e - -", "3 - c . . . - -"]
    assert "C*b2" in here.play("c1c2").legal_actions


@pytest.mark.nojit
def test_a_chick_dropped_on_the_last_rank_stays_a_chick() -> None:
    here = placed("... ..l ... L.. s", "C").play("C*a4")
    assert str(here).split("\n")[0] == "4 - * C . . - -"
    assert moves_of(here.play("c3b3"), "a4") == []


@pytest.mark.nojit
def test_drops_go_on_every_empty_cell() -> None:
    here = placed("l.. .e. ... C.L s", "CEG", "g")
    drops = [move for move in here.legal_actions if "*" in move]
    empty = {"b4", "c4", "a3", "c3", "a2", "b2", "c2", "b1"}
    assert set(drops) == {f"{piece}*{cell}" for piece in "CEG" for cell in empty}
    after = here.play("E*b2")
    assert after.states[0]["hands"].tolist() == [[1, 0, 1], [0, 0, 1]]
    assert str(after).split("\n") == [
        "4 - * l . . C -",
        "3 - - . e . - -",
        "2 - - . E . G -",
        "1 - g C . L - -",
        "  - - a b c - -",
        "gote to play",
    ]


@pytest.mark.nojit
def test_a_check_must_be_met() -> None:
    here = placed("l.. ... ..c G.L s", "CEG")
    assert sorted(here.legal_actions) == ["c1b1", "c1b2", "c1c2"], "no drop helps, and the giraffe is too far away"
    here = placed("l.. ... .Gc ..L s", "CEG")
    assert sorted(here.legal_actions) == ["b2c2", "c1b1", "c1c2"]
    here = placed("l.. ... .ec G.L s")
    assert sorted(here.legal_actions) == ["c1b1", "c1b2", "c1c2"], "two attack: only the lion moves"


@pytest.mark.nojit
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("drawing", "hand", "move"),
    [
        ("l.. ..E G.. .L. s", "CG", "G*b4"),  # in check and nowhere to go
        (".l. G.G .L. ... s", "C", "C*b3"),  # mate by a dropped chick is allowed
        ("l.G ... ..L ..E s", "", "c1b2"),  # not in check, and nowhere to go
    ],
)
def test_who_cannot_move_has_lost(drawing: str, hand: str, move: str, turned: bool) -> None:
    if turned:
        move = move[:2] + opposite(move[2:]) if "*" in move else opposite(move[:2]) + opposite(move[2:])
        here = placed(half_turn(drawing), "", hand.lower()).play(move)
    else:
        here = placed(drawing, hand).play(move)
    assert here.is_over
    assert here.outcome == (-1 if turned else 1)
    assert str(here).endswith("gote wins" if turned else "sente wins")


@pytest.mark.nojit
def test_the_try() -> None:
    here = placed("..l L.. ... ... s")
    assert moves_of(here, "a3") == ["a2", "a4", "b2"], "the lion does not go where it could be taken, to b4"
    assert str(here.play("a3a4")).endswith("sente wins")
    here = placed("... ... L.l ... g").play("c2c1")
    assert str(here).endswith("gote wins")
    assert here.outcome == -1


@pytest.mark.nojit
def test_the_third_time_is_a_draw() -> None:
    here, seen = make_position(made("animal_shogi")), []
    for move in f"{SHUFFLE} {SHUFFLE}".split():
        assert not here.is_over
        here = here.play(move)
        seen.append(int(here.observation[22].max()))
    assert str(here).endswith("draw")
    assert seen == [0, 0, 0, 1, 1, 1, 1, 1]


@pytest.mark.nojit
def test_going_round_in_three_steps_repeats_a_position_too() -> None:
    round_trip = "c1c2 a4a3 c2b1 a3b4 b1c1 b4a4"
    here = placed("l.. ... ... ..L s", "CG", "c").play(round_trip)
    assert int(here.states[0]["repeated"]) == 1
    assert str(here.play(round_trip)).endswith("draw")


@pytest.mark.nojit
def test_other_hands_make_another_position() -> None:
    hands = itertools.product(("", "C", "G"), ("", "c", "cg"))
    keys = [int(placed("l.. ... ... ..L s", *hand).states[0]["keys"][0]) for hand in hands]
    assert len(set(keys)) == 9


@pytest.mark.nojit
def test_a_game_ends_after_256_plies() -> None:
    here = make_position(made("animal_shogi"))
    here.states["plies"] = 254
    here = here.play("b2b3")
    assert not here.is_over
    assert str(here.play("b4b3")).endswith("draw")
    last = placed("... L.l ... ... s")
    last.states["plies"] = 255
    assert str(last.play("a3a4")).endswith("sente wins"), "a win counts first"


@pytest.mark.nojit
def test_the_planes() -> None:
    here = placed(".l. .c. EH. ..L g", "G", "eg")
    here.states["plies"] = 133
    planes = here.observation
    where = {plane: np.argwhere(planes[plane]).tolist() for plane in range(10) if planes[plane].any()}
    assert where == {0: [[2, 1]], 3: [[3, 1]], 6: [[1, 2]], 8: [[0, 0]], 9: [[1, 1]]}
    rest = planes[10:].reshape(21, -1)
    assert (rest.min(axis=1) == rest.max(axis=1)).all()
    assert np.flatnonzero(rest[:12, 0]).tolist() == [2, 4, 10]
    assert sum(int(bit) << i for i, bit in enumerate(rest[13:, 0])) == 133


@pytest.mark.nojit
@pytest.mark.parametrize("drawing", [drawing for drawing, _, _ in LEGAL[::2]])
def test_both_players_see_their_own_pieces_at_the_bottom(drawing: str) -> None:
    sente, gote = placed(drawing, "E", "g"), placed(half_turn(drawing), "G", "e")
    assert (sente.observation == gote.observation).all()
    legal = [here.game.describe_new(here.states).legal[0] for here in (sente, gote)]
    assert (legal[0] == legal[1]).all()
    for action in np.flatnonzero(legal[0]):
        after = [here.play(int(action)) for here in (sente, gote)]
        assert (after[0].observation == after[1].observation).all()
    assert sente.game.heuristic(sente.states) == gote.game.heuristic(gote.states)


@pytest.mark.nojit
def test_an_action_is_written_in_the_same_words_for_both() -> None:
    game = made("animal_shogi")
    assert game.turned is not None
    assert (game.turned[game.turned] == np.arange(game.num_actions)).all()
    assert game.action_text(game.parse_action("a1b2"), 1) == "c4b3"
    assert game.action_text(game.parse_action("E*a1"), 1) == "E*c4"
    assert len({*map(tuple, game.action_layout.tolist())}) == game.num_actions


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("*", "-", "needs one \\*"),
        ("L", ".", "needs one L and one l"),
        ("C", "E", "more than two"),
        ("* -", "* G", "wrong place of a hand"),
        ("g l e", "g l C", "more than two"),
        (". c .", ". H .", "take the lion"),
    ],
)
def test_drawings_that_are_no_position(old: str, new: str, message: str) -> None:
    drawing = str(make_position(made("animal_shogi")))
    if new == "E":
        drawing = drawing.replace("g l e", "E l e")
    with pytest.raises(ValueError, match=message):
        make_position(made("animal_shogi"), drawing.replace(old, new, 1))


def test_what_is_drawn_can_be_read() -> None:
    game, random = made("animal_shogi"), np.random.default_rng(3)
    for _ in range(10):
        here = make_position(game)
        while not here.is_over:
            read = make_position(game, str(here))
            assert str(read) == str(here)
            assert read.legal_actions == here.legal_actions
            here = here.play(str(random.choice(here.legal_actions)))


def test_the_laws_hold() -> None:
    assert check_game(made("animal_shogi"), num_games=32)["longest"] <= 256


def test_perft() -> None:
    assert tuple(perft(made("animal_shogi"), depth) for depth in range(6)) == PERFT


@pytest.mark.nojit
def test_perft_shallow() -> None:
    assert tuple(perft(made("animal_shogi"), depth) for depth in range(4)) == PERFT[:4]
