"""A drawing as data: the one source for text, images and clicks.

Knows cells, glyphs and labels. Does not know any game.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Piece:
    """How a cell code is drawn as a picture."""

    shape: Literal["none", "stone", "letter", "mark", "block", "dot", "line", "box"]
    owner: int = -1  # whose colour; -1: nobody's
    text: str = ""


@dataclass(frozen=True)
class Board:
    """A drawing as data: the one source for text, images and clicks."""

    height: int
    width: int
    glyphs: tuple[str, ...] = (".", "x", "o")  # cell code -> character; 0 empty, 1 first player, 2 second player
    pieces: tuple[Piece, ...] = (Piece("none"), Piece("stone", 0), Piece("stone", 1))  # by cell code
    surface: Literal["squares", "checkers", "points", "wells", "hexagons", "dots"] = "squares"
    names: tuple[str, str] = ("x", "o")  # what people call the two players
    column_labels: tuple[str, ...] = ()
    row_labels: tuple[str, ...] = ()
    clicks: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))  # [H, W] -> action or -1
