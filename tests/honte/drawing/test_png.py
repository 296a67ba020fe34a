"""Positions as images: what is where, in which colour, at which size."""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pytest

from games import position as make_position
from games.board import Board, Piece
from games.registry import NAMES
from honte.drawing.layout import BoardLayout
from honte.drawing.palette import PAPER, PLAYER_COLOURS, SURFACES, board_colours, player_colours
from honte.drawing.png import board_image, paint_scene, position_scene
from honte.drawing.scene import make_scene
from honte.drawing.shapes import Disc, LineShape, TextShape
from tests.games.made import made

PIECES = tuple(Piece(shape, owner, "") for shape in get_args(get_type_hints(Piece)["shape"]) for owner in (-1, 0, 1))
KINDS = get_args(get_type_hints(Board)["surface"])


def colour(text: str) -> list[int]:
    return [int(text[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("name", NAMES)
def test_every_game_is_drawn_at_the_size_asked_for(name: str) -> None:
    here, shapes = make_position(made(name)), set()
    for _ in range(3):
        image = board_image(here.game, here.states[0], size=200)
        assert image.dtype == np.uint8
        assert max(image.shape[:2]) == 200
        assert image[0, 0].tolist() == colour(PAPER)
        shapes.add(image.shape)
        here = here.play(here.legal_actions[0])
    assert len(shapes) == 1


@pytest.mark.parametrize("surface", KINDS)
def test_every_surface_shows_every_piece_and_stays_on_the_paper(surface: str) -> None:
    board = Board(
        len(PIECES) // 3,
        3,
        "." * len(PIECES),
        PIECES,
        surface,  # type: ignore[arg-type]
        column_labels=("a", "b", "c"),
        row_labels=tuple(map(str, range(len(PIECES) // 3))),
    )
    cells = np.arange(len(PIECES)).reshape(-1, 3)
    full, bare = make_scene(board, cells, status="x to play", owner=0), make_scene(board, 0 * cells)
    assert len(full.shapes) > len(bare.shapes)
    for shape in full.shapes:
        if isinstance(shape, Disc | TextShape):
            assert 0 < shape.x < full.width
            assert 0 < shape.y < full.height
        if isinstance(shape, LineShape):
            assert all(0 < x < full.width and 0 < y < full.height for x, y in shape.points)
    image = paint_scene(full, 300)
    assert (image != image[0, 0]).any(axis=2)[5:-5, 5:-5].mean() > 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_last_move_is_no_ring(name: str) -> None:
    """A ring on the stone of x is what o looks like."""
    here = make_position(made(name))
    for _ in range(4):
        here = here.play(here.legal_actions[len(here.legal_actions) // 2])
    plain = position_scene(here.game, here.states[0])
    height, width = here.game.cells(here.states[0]).shape
    every = [(r, c) for r in range(height) for c in range(width)]
    more = set(position_scene(here.game, here.states[0], marked=every).shapes) - set(plain.shapes)
    assert more
    assert all(shape.fill for shape in more if isinstance(shape, Disc))


def test_a_stone_lies_where_its_cell_is() -> None:
    here = make_position(made("tic_tac_toe")).play("a1")  # the lower left
    image = board_image(here.game, here.states[0], size=400, status=False).astype(int)
    ink = np.array(colour(player_colours(board_colours("squares", ("x", "o")), ("x", "o"))[0].fill))
    rows, columns = np.nonzero(abs(image - ink).sum(axis=2) < 60)
    assert len(rows) > 1000
    assert rows.min() > 200
    assert columns.max() < 200


def test_what_is_marked_looks_different() -> None:
    here = make_position(made("tic_tac_toe")).play("b2")
    plain, marked = (board_image(here.game, here.states[0], marked=cells) for cells in ((), [(1, 1)]))
    changed = np.argwhere((plain != marked).any(axis=2))
    assert 0 < len(changed) < 0.05 * plain[..., 0].size
    empty = board_image(here.game, here.states[0], marked=np.argwhere(np.eye(3)))
    assert (empty != marked).any()


def test_the_line_below_says_whose_turn_it_is() -> None:
    here = make_position(made("tic_tac_toe"))
    texts = [shape.text for shape in position_scene(here.game, here.states[0]).shapes if isinstance(shape, TextShape)]
    assert texts[-1] == "x to play"
    without = position_scene(here.game, here.states[0], status=False)
    assert all(shape.text != "x to play" for shape in without.shapes if isinstance(shape, TextShape))


def test_hands_lie_beside_the_board() -> None:
    board = Board(2, 4, column_labels=("-", "a", "b", "*"), row_labels=("2", "1"))
    layout = BoardLayout(board, status=False)
    assert layout.beside == {0, 3}
    x0, _, x1, _ = layout.inner
    assert layout.box(0, 0)[2] < layout.label_x < x0 == layout.box(0, 1)[0]
    assert layout.box(0, 3)[0] > x1 == layout.box(0, 2)[2]
    assert layout.box(0, 3)[2] < layout.width


def test_players_differ_in_lightness_or_between_blue_and_orange() -> None:
    for surface in SURFACES.values():
        (r, g, b), (red, green, blue) = (colour(PLAYER_COLOURS[name].fill) for name in surface.players)
        lightness = abs(0.3 * (r - red) + 0.6 * (g - green) + 0.1 * (b - blue))
        assert lightness > 80 or abs((b - r) - (blue - red)) > 200


def test_too_small_a_picture_is_refused() -> None:
    here = make_position(made("tic_tac_toe"))
    with pytest.raises(ValueError, match="size is 8"):
        board_image(here.game, here.states[0], size=8)
