"""The layout of a drawn board in units of a cell: the places of cells, labels and the status line.

Knows the size, surface and labels of a ``Board``. Does not know pieces, colours or pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from games.board import Board

Point = tuple[float, float]

PITCH = sqrt(3) / 2
"""The distance between rows of hexagons. A hexagon is 1 wide and stands on a corner."""
THIN = 0.3
"""The width of the rows and columns of dots and edges on a dots board."""


class BoardLayout:
    """The ``width`` and ``height`` of the whole drawing, and all places on it.

    ``inner`` is the rectangle of the cells (x0, y0, x1, y1), ``pad`` the width of the frame around it. ``label`` and
    ``status`` are font sizes; ``label_x``, ``label_y`` and ``status_y`` are the places of labels and status line.
    Columns whose label is neither a letter nor a digit are ``beside`` the board: pieces in hand, the side to move.
    """

    def __init__(self, board: Board, *, status: bool) -> None:
        self.board, self.hexagonal = board, board.surface == "hexagons"
        columns, rows = range(board.width), sum(self._size(r) for r in range(board.height))
        self.beside = {c for c, label in enumerate(board.column_labels) if not label.isalnum()}
        self.beside = self.beside if len(self.beside) < board.width else set()
        first = next(c for c in columns if c not in self.beside)  # columns before it are to the left of the board
        across = sum(self._column_width(c) for c in columns if c not in self.beside)
        if self.hexagonal:
            across, rows = board.width + (board.height - 1) / 2, (board.height - 1) * PITCH + 1 / PITCH
        self.span = max(across + sum(self._column_width(c) for c in self.beside), rows)
        self.label, self.status = min(0.5, 0.036 * self.span), 0.046 * self.span
        self.pad = 0.25 if self.hexagonal else min(0.25, 0.022 * self.span)
        space = 0.03 * self.span  # around the whole drawing
        gap = self.pad + space  # between the board and the columns beside it
        left = (
            space
            + self.pad
            + sum(self._column_width(c) for c in range(first))
            + (1.8 * self.label if board.row_labels else 0)
        )
        above = space + self.pad + (1.6 * self.label if self.hexagonal and board.column_labels else 0)
        self.inner = (left, above, left + across, above + rows)
        self.label_x = left - self.pad - self.label
        x, self.xs, self.ys = left, [], [above]
        for c in columns:
            self.xs.append(
                space + sum(map(self._column_width, range(c))) if c < first else x + gap if c in self.beside else x
            )
            x += self._column_width(c) if c >= first else 0
        right = x + gap if max(columns) in self.beside else left + across + self.pad
        for r in range(board.height):
            self.ys.append(self.ys[-1] + self._size(r))
        self.width = right + space
        below = above + rows + self.pad
        if self.hexagonal:
            self.label_y = above - self.pad - 0.6 * self.label
        else:
            self.label_y = below + 0.95 * self.label
            below += 1.45 * self.label if board.column_labels else 0
        self.status_y = below + space + 0.5 * self.status
        self.height = below + space + (1.3 * self.status if status else 0)

    def _size(self, i: int) -> float:
        """The size of row or column ``i``."""
        return THIN if self.board.surface == "dots" and i % 2 == 0 else 1.0

    def _column_width(self, c: int) -> float:
        """The width of column ``c``. A column with the label * shows the side to move and is narrow."""
        return 0.5 if self.board.column_labels and self.board.column_labels[c] == "*" else self._size(c)

    def box(self, r: int, c: int) -> tuple[float, float, float, float]:
        """The rectangle of a cell, or around a hexagon: x0, y0, x1, y1."""
        if self.hexagonal:
            x0, y0 = self.inner[0] + c + r / 2, self.inner[1] + r * PITCH
            return x0, y0, x0 + 1, y0 + 1 / PITCH
        return self.xs[c], self.ys[r], self.xs[c] + self._column_width(c), self.ys[r + 1]

    def centre(self, r: int, c: int) -> Point:
        x0, y0, x1, y1 = self.box(r, c)
        return (x0 + x1) / 2, (y0 + y1) / 2

    def corners(self, r: int, c: int) -> tuple[Point, ...]:
        """The corners of a cell; those of a hexagon clockwise from the top."""
        x0, y0, x1, y1 = self.box(r, c)
        if not self.hexagonal:
            return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
        x, quarter = (x0 + x1) / 2, (y1 - y0) / 4
        return (x, y0), (x1, y0 + quarter), (x1, y1 - quarter), (x, y1), (x0, y1 - quarter), (x0, y0 + quarter)

    def sides(self) -> Iterator[tuple[int, tuple[Point, ...]]]:
        """The four sides of a board of hexagons: (0, path) for top and bottom, (1, path) for left and right."""
        last, end = self.board.height - 1, self.board.width - 1
        rows, columns = range(last + 1), range(end + 1)
        yield 1, tuple(self.corners(r, 0)[i] for r in rows for i in ((5, 4, 3) if r < last else (5, 4)))
        yield 1, tuple(self.corners(r, end)[i] for r in rows for i in ((0, 1, 2) if r else (1, 2)))
        yield 0, tuple(self.corners(0, c)[i] for c in columns for i in (5, 0, 1))
        yield 0, tuple(self.corners(last, c)[i] for c in columns for i in (4, 3, 2))

    def stars(self) -> Iterator[tuple[int, int]]:
        """The star points of a board where stones are placed on line crossings."""

        def star_lines(size: int) -> list[int]:
            if size < 7:
                return []
            edge = 2 if size < 13 else 3
            return [edge, *([size // 2] if size % 2 else []), size - 1 - edge]

        rows, columns = star_lines(self.board.height), star_lines(self.board.width)
        for i, r in enumerate(rows):
            for j, c in enumerate(columns):
                middle = (len(rows) == 3 and i == 1) != (len(columns) == 3 and j == 1)
                if not middle or max(self.board.height, self.board.width) >= 19:
                    yield r, c
