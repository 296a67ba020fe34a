"""The empty board and the pieces of a game as SVG, for the page's renderer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from games.game import Game
from honte.report import boards


@lru_cache(maxsize=32)
def board_json(game: Game) -> dict[str, Any]:
    """The board of ``game`` with every piece on every cell."""
    area = range(game.board.height * game.board.width)
    codes = range(len(game.board.pieces))
    frames = [{"cells": [code for _ in area], "marked": marked} for code in codes for marked in ([], list(area))]
    return boards.board(game, [{"frames": frames}])
