"""The rules of Gardner's minichess, each shown by a position made by hand, and how black sees the board."""

from __future__ import annotations

import numpy as np
import pytest

from games import ONGOING, perft
from games import position as make_position
from games.check import check_game
from games.position import Position
from games.rules.kernels.gardner_rules import outcome
from tests.games.made import made

PERFT = (1, 7, 53, 506, 4775, 52512)


def placed(drawing: str) -> Position:
    """The position of five ranks; a w or b behind says who is to move."""
    *ranks, mover = drawing.split()
    star = 0 if mover == "b" else 4
    lines = [" ".join([*rank, "*" if r == star else "."]) for r, rank in enumerate(ranks)]
    return make_position(made("gardner_chess"), "\n".join(lines))


def moves_of(here: Position, square: str) -> list[str]:
    return sorted(move[2:] for move in here.legal_actions if move.startswith(square))


def turned(drawing: str) -> str:
    """The same position with the colours exchanged."""
    *ranks, mover = drawing.split()
    return " ".join([*(rank.swapcase() for rank in ranks[::-1]), "b" if mover == "w" else "w"])


@pytest.mark.nojit
def test_the_first_position() -> None:
    here = make_position(made("gardner_chess"))
    assert str(here).splitlines() == [
        "5 r n b q k .",
        "4 p p p p p .",
        "3 . . . . . .",
        "2 P P P P P .",
        "1 R N B Q K *",
        "  a b c d e *",
        "white to play",
    ]
    assert sorted(here.legal_actions) == ["a2a3", "b1a3", "b1c3", "b2b3", "c2c3", "d2d3", "e2e3"]
    after = here.play("a2a3").legal_actions
    assert sorted(after) == ["b4a3", "b4b3", "b5a3", "b5c3", "c4c3", "d4d3", "e4e3"], "a4 is blocked"


LEGAL = [
    ("...k. ..... ..Q.. ..... K.... w", "c3", "a3 a5 b2 b3 b4 c1 c2 c4 c5 d2 d3 d4 e1 e3 e5"),
    ("....k ....p ..N.. ..... K.... w", "c3", "a2 a4 b1 b5 d1 d5 e2 e4"),
    ("..... .p.Pk ..B.. .P.p. K.... w", "c3", "b4 d2"),  # takes, stops before its own
    ("....k ..p.. .PR.. ..... K.... w", "c3", "c1 c2 c4 d3 e3"),
    ("....k ..... .pppP ..P.. K.... w", "c2", "b3 d3"),  # a pawn takes aslant and is blocked straight ahead
    ("....k ..... p...p P...P K.... w", "a2", ""),
    ("....k ..... .r... .P... .K... w", "b2", ""),  # two steps do not exist
    (".r..k ..... ..... .R... .K... w", "b2", "b3 b4 b5"),  # pinned: only on the line
    (".r..k ..... ..... .N... .K... w", "b2", ""),
    ("....k ...b. ..B.. ....P K.... w", "c3", "b2 d4"),
    ("k.... ..... ..... ..... K.r.R w", "e1", "c1"),  # a check is met by taking
    ("..k.. .R... ..... ..... K..r. w", "b4", "b1"),  # or standing between
    ("....k ..... ..... K.r.. R.... w", "a1", ""),  # the rook cannot stand between
    ("....k ..... ..... K..r. .R... w", "b1", "b2"),
    ("...k. r.... .n... ....R K.... w", "e2", ""),  # two checks: the king alone moves
    ("...k. r.... .n... ....R K.... w", "a1", "b1 b2"),
    ("....k ..... ..... .Kr.. ..... w", "b2", "a1 a3 b1 b3 c2"),  # not a2, in its own shadow
    ("..... ..k.. ..... P.K.. ..... w", "c2", "b1 b2 c1 d1 d2"),  # kings keep apart
    ("..... ..p.k ..... ..K.. ..... w", "c2", "b1 b2 c1 c3 d1 d2"),  # pawns guard aslant
]


@pytest.mark.nojit
@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize(("drawing", "square", "ends"), LEGAL)
def test_where_a_piece_goes(drawing: str, square: str, ends: str, upside_down: bool) -> None:
    wanted = ends.split()
    if upside_down:
        drawing, square = turned(drawing), square[0] + str(6 - int(square[1]))
        wanted = [end[0] + str(6 - int(end[1])) for end in wanted]
    assert moves_of(placed(drawing), square) == sorted(wanted)


@pytest.mark.nojit
def test_a_pawn_becomes_a_piece_of_choice() -> None:
    here = placed("n.n.k .P... ..... ..... K.... w")
    assert moves_of(here, "b4") == sorted(end + piece for end in ("a5", "b5", "c5") for piece in ("", "r", "b", "n"))
    for move, piece in (("b4b5", "Q"), ("b4b5r", "R"), ("b4a5b", "B"), ("b4c5n", "N")):
        ranks = str(here.play(move)).split("\n")
        assert piece in ranks[0]
        assert "P" not in ranks[1]
    black = placed("k.... ..... ..... ...p. K.... b")
    assert moves_of(black, "d2") == ["d1", "d1b", "d1n", "d1r"]
    assert str(black.play("d2d1n")).split("\n")[4] == "1 K . . n . *"


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "move", "drawn"),
    [
        ("k.... ..... K.... ..... ..R.. w", "c1c5", "white wins"),
        ("..r.. ..... k.... ..... K.... b", "c5c1", "black wins"),
        ("k.... ..... .K... ..... ..Q.. w", "c1c4", "draw"),  # stalemate
        ("k.... ..... K.... ...b. .R... w", "b1b2", "white to play"),
    ],
)
def test_mate_and_stalemate(drawing: str, move: str, drawn: str) -> None:
    here = placed(drawing).play(move)
    assert str(here).split("\n")[-1] == ("black to play" if drawn.endswith("play") else drawn)
    assert here.is_over == (not drawn.endswith("play"))


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "over"),
    [
        ("....k ..... ..... ..... K.... w", True),
        ("....k ..... ..n.. ..... K.... w", True),
        ("....k ..... ..... ...B. K.... w", True),
        ("....k ..... ..p.. ..... K.... w", False),
        ("....k ..... ..n.. ..... K..N. w", False),
        ("....k b.... ..... ..... K.B.. w", False),  # a4 and c1 differ in colour
        ("..b.k .b... ..... ..... K.B.. w", True),  # all bishops on one colour
        ("..b.k ..... ..b.. ..... KNB.. w", False),
        ("....k ..... ..r.. ..... K.... w", False),
    ],
)
def test_bare_material_is_a_draw(drawing: str, over: bool) -> None:
    here = placed(drawing)
    assert here.is_over == over
    assert outcome(here.states[0]) == (0 if over else ONGOING)


@pytest.mark.nojit
def test_taking_the_last_pawn_ends_the_game() -> None:
    here = placed("....k ..... ..... .p... K.... w").play("a1b2")
    assert str(here).endswith("draw")


SHUFFLE = "b1a3 b5c3 a3b1 c3b5"


@pytest.mark.nojit
def test_the_third_time_is_a_draw() -> None:
    here = make_position(made("gardner_chess"))
    seen = []
    for move in f"{SHUFFLE} {SHUFFLE}".split():
        assert not here.is_over
        here = here.play(move)
        seen.append(int(here.observation[12].max()))
    assert str(here).endswith("draw")
    assert seen == [0, 0, 0, 1, 1, 1, 1, 1]
    after = make_position(made("gardner_chess")).play(f"{SHUFFLE} e2e3 d4d3").play(SHUFFLE)
    assert not after.is_over, "positions before a pawn move cannot come again"


@pytest.mark.nojit
def test_a_pawn_and_the_queen_it_became_are_different_positions() -> None:
    here = placed("n..k. .P... ..... ..... K..R. b").play("d5e4 b4b5 e4e3")
    assert not here.is_over
    here = here.play("b5b4 e3e2 b4b5 e2e3 b5b4 e3e2 b4b5")
    assert not here.is_over
    assert str(here.play("e2e3")).endswith("draw")


@pytest.mark.nojit
def test_a_hundred_plies_without_progress() -> None:
    here = placed("....k ..p.. ..... b.... K..R. w")
    here.states["clock"] = 99
    assert str(here.play("d1d2")).endswith("draw")
    assert not here.play("a1a2").is_over, "it took something"
    here = placed("k.... ....p K.... ..... ...R. w")
    here.states["clock"], here.states["plies"] = 99, 255
    assert str(here.play("d1d5")).endswith("white wins"), "mate counts first"


@pytest.mark.nojit
def test_a_game_ends_after_256_plies() -> None:
    here = make_position(made("gardner_chess"))
    here.states["plies"] = 254
    here = here.play("a2a3")
    assert not here.is_over
    assert str(here.play("e4e3")).endswith("draw")


@pytest.mark.nojit
def test_the_planes() -> None:
    here = placed("...rk .p... ..... ..P.. K..Q. b")
    here.states["clock"], here.states["plies"] = 70, 133
    planes = here.observation
    where = {plane: np.argwhere(planes[plane]).tolist() for plane in range(12) if planes[plane].any()}
    assert where == {0: [[3, 1]], 3: [[4, 3]], 5: [[4, 4]], 6: [[1, 2]], 10: [[0, 3]], 11: [[0, 0]]}
    counts = planes[13:].reshape(15, -1)
    assert (counts.min(axis=1) == counts.max(axis=1)).all()
    assert sum(int(bit) << i for i, bit in enumerate(counts[:7, 0])) == 70
    assert sum(int(bit) << i for i, bit in enumerate(counts[7:, 0])) == 133


@pytest.mark.nojit
@pytest.mark.parametrize("drawing", [drawing for drawing, _, _ in LEGAL[::3]] + ["n.n.k .P... ..... ..... K.... w"])
def test_both_players_see_their_own_pieces_at_the_bottom(drawing: str) -> None:
    white, black = placed(drawing), placed(turned(drawing))
    assert (white.observation == black.observation).all()
    legal = [here.game.describe_new(here.states).legal[0] for here in (white, black)]
    assert (legal[0] == legal[1]).all()
    for action in np.flatnonzero(legal[0]):
        after = [here.play(int(action)) for here in (white, black)]
        assert (after[0].observation == after[1].observation).all()
        assert (after[0].outcome, after[1].outcome) in ((None, None), (0, 0), (1, -1))
    assert white.game.heuristic(white.states) == black.game.heuristic(black.states)


@pytest.mark.nojit
def test_an_action_is_written_in_the_same_words_for_both() -> None:
    game = made("gardner_chess")
    assert game.turned is not None
    assert (game.turned[game.turned] == np.arange(game.num_actions)).all()
    assert game.action_text(game.parse_action("a2b3"), 1) == "a4b3"
    assert game.action_text(game.parse_action("a4b5n"), 1) == "a2b1n"
    plane, row, column = game.action_layout.T
    assert len({*zip(plane, row, column, strict=True)}) == game.num_actions
    assert (plane.max(), row.max(), column.max()) == (48, 4, 4)


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ("....k ..... ..... ..... ..... w", "white with one king"),
        ("....k k.... ..... ..... K.... w", "black with one king"),
        ("P...k ..... ..... ..... K.... w", "pawn on the first or last rank"),
        ("....k ..... ..... ..... K...R w", "in check whose turn it is not"),
    ],
)
def test_drawings_that_are_no_position(drawing: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        placed(drawing)


@pytest.mark.nojit
def test_a_drawing_says_who_moves() -> None:
    drawing = str(make_position(made("gardner_chess")))
    with pytest.raises(ValueError, match="one \\* in the last column"):
        make_position(made("gardner_chess"), drawing.replace("K *", "K ."))
    here = make_position(made("gardner_chess")).play("c2c3")
    read = make_position(made("gardner_chess"), str(here))
    assert str(read) == str(here)
    assert read.legal_actions == here.legal_actions


def test_the_laws_hold() -> None:
    assert check_game(made("gardner_chess"), num_games=16)["longest"] <= 256


def test_perft() -> None:
    assert tuple(perft(made("gardner_chess"), depth) for depth in range(6)) == PERFT


@pytest.mark.nojit
def test_perft_shallow() -> None:
    assert tuple(perft(made("gardner_chess"), depth) for depth in range(4)) == PERFT[:4]
