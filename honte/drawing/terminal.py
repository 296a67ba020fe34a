"""Draws a board in the terminal, in colour if the terminal has colours, with the last move in brackets.

Knows ``Board`` and cell codes. Does not know rules or players.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from games.playouts import state_after

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.text import Text

    from games import Position

STYLES = ("dim", "bold red", "bold cyan")
"""Styles of cell codes: empty, first player, second player. Other codes are bold."""


def draw_position(position: Position) -> Text:
    """The board with the last action marked, and a line that says whose turn it is or how the game ended."""
    from rich.text import Text

    board, cells = position.game.board, position.game.cells(position.states[0])
    marks = changed_cells(position)
    margin = max((len(label) for label in board.row_labels), default=0)
    text = Text()
    for r, codes in enumerate(cells):
        text.append(f"{board.row_labels[r] if board.row_labels else '':>{margin}}")
        for c, code in enumerate(codes):
            text.append("[" if marks[r, c] else "]" if c and marks[r, c - 1] else " ")
            text.append(board.glyphs[code], style=STYLES[code] if code < len(STYLES) else "bold")
        text.append("]\n" if marks[r, -1] else "\n")
    if board.column_labels:
        text.append(" " * margin + " " + " ".join(board.column_labels) + "\n", style="dim")
    return text.append(position.game.status_text(position.states[0]))


def changed_cells(position: Position) -> NDArray[np.bool_]:
    """[H, W] the cells that the last action changed; of several, those that one clicks for it."""
    game = position.game
    now: Any = game.cells(position.states[0])
    if not position.moves:
        return np.zeros(now.shape, np.bool_)
    before = state_after(game, position.moves[:-1])
    changed: NDArray[np.bool_] = now != game.cells(before[0])
    if game.board.clicks.shape == changed.shape:
        clicked = changed & (game.board.clicks == position.moves[-1])
        changed = clicked if clicked.any() else changed
    return changed
