"""A whole game of every family in a real browser, by clicks and by keys alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from boards import play_by_clicks, play_by_keys, short_game
from conftest import open_page

pytestmark = pytest.mark.slow

FAMILIES = [
    "amazons",
    "animal_shogi",
    "ataxx",
    "breakthrough:rows=5,columns=5",
    "clobber",
    "connect_four:rows=4,columns=5",
    "dots_and_boxes:rows=2,columns=2",
    "gardner_chess",
    "go:size=3",
    "gomoku:size=6,k=4",
    "hex:size=3",
    "nim:heaps=1-2-3",
    "othello:size=4",
    "tic_tac_toe",
]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("how", [play_by_clicks, play_by_keys])
def test_a_whole_game(serve: Callable[..., str], page: Any, name: str, how: Callable[..., None]) -> None:
    game = short_game(name)
    open_page(page, f"{serve()}/#game={name}&players=person,person")
    how(page, game)
    turn = page.locator("#turn")
    assert turn.get_attribute("data-over") == "true"
    assert (turn.get_attribute("data-result") or "").startswith(game.result)
    buttons = page.locator(".move-list button span")
    assert buttons.all_inner_texts() == game.moves
    assert "plays " + game.moves[-1] in page.locator("#live").inner_text()
