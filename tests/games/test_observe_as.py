"""What the player who waits sees: its own view of the same board, with nothing of the other's turn marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from games import NAMES, Position, make, position
from tests.games.made import made

SHOWN = {
    "animal_shogi": "turned",
    "breakthrough": "turned",
    "gardner_chess": "upside_down",
    "hex": "transposed",
}
"""How the second player sees the board, where it is not as it lies."""


def positions(name: str, num_games: int = 6) -> Iterator[Position]:
    """Every position of some random games."""
    random = np.random.default_rng(0)
    for _ in range(num_games):
        here = position(made(name))
        yield here
        while not here.is_over:
            here = here.play(str(random.choice(here.legal_actions)))
            yield here


def seen(here: Position, player: int) -> Any:
    return here.game.observe_as(here.states, np.array([player]))[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_mover_sees_what_its_network_sees(name: str) -> None:
    for here in positions(name, 2):
        before = here.states.copy()
        assert (seen(here, here.to_play) == here.observation).all()
        seen(here, 1 - here.to_play)
        assert (here.states == before).all()


@pytest.mark.parametrize("name", NAMES)
def test_who_waits_sees_the_pieces_of_both_from_its_own_side(name: str) -> None:
    """Against the drawing, whose cells are absolute."""
    for here in positions(name, 3):
        cells = here.game.cells(here.states[0])
        player = 1 - here.to_play
        planes = seen(here, player)
        if name == "nim":
            assert (planes[0] == cells).all()
            continue
        mine, theirs = pieces_of(name, cells, player)
        assert (own_planes(name, planes, 0) == mine).all()
        assert (own_planes(name, planes, 1) == theirs).all()


def pieces_of(name: str, cells: Any, player: int) -> tuple[Any, Any]:
    """[H, W] bool: where the drawing has pieces of ``player`` and of the other, as ``player`` sees it."""
    kinds = {"animal_shogi": 5, "gardner_chess": 6}.get(name, 1)
    if name == "amazons":
        owners = np.where(cells > 3, 1 + cells % 2, np.where(cells == 3, 0, cells))
    elif name == "go":  # the last stone has a code of its own
        owners = np.where(cells > 2, cells - 2, cells)
    elif kinds > 1:
        shown = cells[:, :5] if name == "gardner_chess" else cells[:, 2:5]
        owners = np.where((shown > 0) & (shown <= 2 * kinds), 1 + (shown - 1) // kinds, 0)
    else:
        owners = np.where((cells == 1) | (cells == 2), cells, 0)
    if player:
        turn = SHOWN.get(name, "")
        owners = {"turned": owners[::-1, ::-1], "upside_down": owners[::-1], "transposed": owners.T}.get(turn, owners)
    return owners == player + 1, owners == 2 - player


def own_planes(name: str, planes: Any, which: int) -> Any:
    """[H, W] bool: a cell has a piece of the observer's (0) or of the other's (1)."""
    kinds = {"animal_shogi": 5, "gardner_chess": 6}.get(name, 1)
    first = which * kinds + (2 if name == "dots_and_boxes" else 0)
    return planes[first : first + kinds].any(axis=0)


def test_a_chosen_amazon_is_marked_for_its_own_player_alone() -> None:
    here = position("amazons")
    for action in range(3):
        waiting = seen(here, 1 - here.to_play)
        assert not waiting[3:].any()
        assert here.observation[3:].any() == (action > 0)
        assert (waiting[0] == here.observation[1]).all()
        assert (waiting[1] == here.observation[0]).all()
        here = here.play(here.legal_actions[0])


@pytest.mark.parametrize("name", ["othello:size=6", "go:size=5", "go:size=5,suicide=true"])
def test_marked_moves_are_those_of_who_looks(name: str) -> None:
    """Where a drawing may say that the other is to move, the other sees what it would see then."""
    compared = 0
    for here in positions(name, 3):
        text = str(here)
        names = here.game.board.names
        other = f"{names[1 - here.to_play]} to play"
        if here.is_over or f"{names[here.to_play]} to play" not in text:
            continue
        glyphs = here.game.board.glyphs
        if name.startswith("go"):  # the last stone is not the other's
            text = text.replace(glyphs[3], glyphs[1]).replace(glyphs[4], glyphs[2])
        turned = Position(here.game, here.game.parse(text.replace(f"{names[here.to_play]} to play", other)))
        planes = (0, 1, 2) if name.startswith("othello") else (0, 1, 2, 3, 4, 11)
        if turned.is_over or turned.to_play == here.to_play:
            continue
        assert (seen(here, turned.to_play)[list(planes)] == turned.observation[list(planes)]).all()
        compared += 1
    assert compared > 10


def test_the_swap_is_offered_to_the_second_player_alone() -> None:
    here = position(make("hex:size=4,swap=true")).play("b2")
    assert here.observation[4].all()
    assert not seen(here, 0)[4].any()


def test_a_game_without_the_rule_is_shown_with_its_player_changed() -> None:
    here = position("tic_tac_toe").play("a1 b2 c3")
    assert "begin_turn" not in here.game.rules  # type: ignore[attr-defined]
    assert (seen(here, 0) == here.observation[[1, 0]]).all()
