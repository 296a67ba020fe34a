"""A board as data: text, images and clicks are all derived from it.

Knows cells, characters and labels. Does not know any game.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Piece:
    """How a cell code is drawn in a picture."""

    shape: Literal["none", "stone", "letter", "figure", "animal", "mark", "block", "dot", "line", "box"]
    owner: int = -1  # the player whose colour it has; -1: none
    text: str = ""  # a figure or an animal: its letter, such as K, and after a space what it is about to do


@dataclass(frozen=True)
class Board:
    """How a game's positions are drawn, and which cell a click plays."""

    height: int
    width: int
    glyphs: tuple[str, ...] = (".", "x", "o")  # cell code -> character; 0 empty, 1 first player, 2 second player
    pieces: tuple[Piece, ...] = (Piece("none"), Piece("stone", 0), Piece("stone", 1))  # by cell code
    surface: Literal["squares", "checkers", "points", "wells", "hexagons", "dots"] = "squares"
    names: tuple[str, str] = ("x", "o")  # of the two players
    column_labels: tuple[str, ...] = ()
    row_labels: tuple[str, ...] = ()
    clicks: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))  # [H, W] -> action or -1
