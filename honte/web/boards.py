"""The empty board and the pieces of a game as SVG, for the page's renderer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from games.game import Game
from honte.drawing.page_board import page_board


@lru_cache(maxsize=32)
def board_json(game: Game) -> dict[str, Any]:
    """The board of ``game``; see ``page_board``."""
    return page_board(game.board)
