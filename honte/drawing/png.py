"""Draws a position as an image with Pillow.

Knows shapes, pixels and fonts. Does not know boards, the colours of pieces, or rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from games.game import Game, Row
from honte.drawing.scene import make_scene
from honte.drawing.shapes import Box, Disc, LineShape, Polygon, Scene, Shape, TextShape

if TYPE_CHECKING:
    from PIL import ImageDraw

OVERSAMPLING = 4
"""Images are painted so many times larger and then averaged, for smooth edges."""


def board_image(
    game: Game, row: Row, *, size: int = 480, marked: Iterable[Sequence[int]] = (), status: bool = True
) -> NDArray[np.uint8]:
    """The position as an image [H, W, 3] whose longer side has ``size`` pixels. Its shape depends only on the board.

    ``marked``: (row, column) of cells to mark, such as those that the last move changed. ``status``: add a line that
    says who is to play or how the game ended. ValueError for a size below 32 pixels.
    """
    if size < 32:
        raise ValueError(f"size is {size}; it must be 32 pixels or more")
    return paint_scene(position_scene(game, row, marked=marked, status=status), size)


def position_scene(game: Game, row: Row, *, marked: Iterable[Sequence[int]] = (), status: bool = True) -> Scene:
    """The position as shapes; see ``board_image``."""
    text = game.status_text(row) if status else ""
    owner = next((player for player, name in enumerate(game.board.names) if text.startswith(f"{name} ")), -1)
    return make_scene(game.board, game.cells(row), marked=marked, status=text, owner=owner)


def paint_scene(drawing: Scene, size: int) -> NDArray[np.uint8]:
    """The scene as an image [H, W, 3] whose longer side has ``size`` pixels."""
    from PIL import Image, ImageDraw

    scale = size / max(drawing.width, drawing.height)
    width, height = (max(1, round(length * scale)) for length in (drawing.width, drawing.height))
    image = Image.new("RGB", (width * OVERSAMPLING, height * OVERSAMPLING), drawing.background)
    brush = ImageDraw.Draw(image, "RGBA")  # so that colours can be transparent
    for shape in drawing.shapes:
        paint(brush, shape, scale * OVERSAMPLING)
    return np.asarray(image.reduce(OVERSAMPLING), np.uint8)


def paint(brush: ImageDraw.ImageDraw, shape: Shape, scale: float) -> None:
    """Paint one shape with ``scale`` pixels per unit."""
    match shape:
        case Disc(x, y, radius, fill, rim, rim_width):
            box = [(x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale]
            brush.ellipse(box, fill or None, rim or None, max(1, round(rim_width * scale)) if rim else 0)
        case Box(x0, y0, x1, y1, radius, fill):
            brush.rounded_rectangle([x0 * scale, y0 * scale, x1 * scale, y1 * scale], radius * scale, fill)
        case Polygon(points, fill):
            brush.polygon([(x * scale, y * scale) for x, y in points], fill)
        case LineShape(points, colour, line_width):
            path = [(x * scale, y * scale) for x, y in points]
            line_pixels = max(1, round(line_width * scale))
            brush.line(path, colour, line_pixels, joint="curve")
            for x, y in (path[0], path[-1]):
                brush.ellipse(
                    [x - line_pixels / 2, y - line_pixels / 2, x + line_pixels / 2, y + line_pixels / 2], colour
                )
        case TextShape(x, y, text_size, text, colour, rim, rim_width):
            font = font_of(max(1, round(text_size * scale)))
            top, bottom = font.getbbox("H", anchor="ls")[1::2]
            baseline = y * scale - (top + bottom) / 2
            stroke = round(rim_width * scale) if rim else 0
            brush.text((x * scale, baseline), text, colour, font, "ms", stroke_width=stroke, stroke_fill=rim or None)


@cache
def font_of(size: int) -> Any:
    """The default font of Pillow."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
