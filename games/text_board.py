"""Drawings of boards as text: ``draw_text`` writes them, ``read_cells`` and ``read_status`` read them.

Knows ``Board`` and cell codes. Does not know any rule, nor what cells mean for a state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from games.board import Board


def draw_text(board: Board, cells: NDArray[np.int8], status: str) -> str:
    """The board with its labels, and a last line: ``status``, who is to play or how the game ended."""
    margin = max((len(label) for label in board.row_labels), default=0)
    lines = []
    for r, codes in enumerate(cells):
        label = board.row_labels[r] if board.row_labels else ""
        lines.append(f"{label:>{margin}} " + " ".join(board.glyphs[code] for code in codes))
    if board.column_labels:
        lines.append(" " * margin + " " + " ".join(board.column_labels))
    lines.append(status)
    return "\n".join(lines)


def read_cells(board: Board, text: str) -> NDArray[np.int8]:
    """[H, W] cell codes of text that ``draw_text`` made; labels and the status line are skipped.

    ValueError names the first line or character that is wrong.
    """
    codes = {glyph: code for code, glyph in enumerate(board.glyphs)}
    labels = set(board.row_labels)
    rows: list[list[int]] = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] in labels:
            words = words[1:]
        if len(rows) == board.height or not words or words == list(board.column_labels):
            continue
        if len(words) != board.width:
            raise ValueError(f"board line {line!r} has {len(words)} cells; {board.width} are needed")
        for word in words:
            if word not in codes:
                raise ValueError(f"board line {line!r} has {word!r}; cells are drawn {' '.join(board.glyphs)}")
        rows.append([codes[word] for word in words])
    if len(rows) != board.height:
        raise ValueError(f"the drawing has {len(rows)} lines of cells; {board.height} are needed")
    return np.array(rows, np.int8)


def read_status(board: Board, text: str) -> str | None:
    """The status line at the end of a drawing by ``draw_text``; None if there is none.

    ValueError for a last line that has the form of one but names no player of this game.
    """
    last = (text.strip().splitlines() or [""])[-1].strip()
    known = [f"{name} {what}" for name in board.names for what in ("to play", "wins")]
    if last in known or last == "draw":
        return last
    if last.endswith((" to play", " wins")):
        raise ValueError(f"the drawing ends with {last!r}; it may end with {', '.join(known)} or draw")
    return None
