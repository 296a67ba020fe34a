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


def draw_position(position: Position, width: int | None = None) -> Text:
    """The board with the last action marked, and a line that says whose turn it is or how the game ended.

    ``width``: the columns of the terminal. A board that is too wide for it is drawn without gaps, and the last action
    is written below it.
    """
    from rich.text import Text

    board, cells = position.game.board, position.game.cells(position.states[0])
    marks = changed_cells(position)
    margin = max((len(label) for label in board.row_labels), default=0)
    text = Text()
    if width is not None and margin + 2 * board.width + 1 > width:
        return text.append(_draw_narrow(position, cells, marks, margin))
    for r, codes in enumerate(cells):
        text.append(f"{board.row_labels[r] if board.row_labels else '':>{margin}}")
        for c, code in enumerate(codes):
            text.append("[" if marks[r, c] else "]" if c and marks[r, c - 1] else " ")
            text.append(board.glyphs[code], style=STYLES[code] if code < len(STYLES) else "bold")
        text.append("]\n" if marks[r, -1] else "\n")
    if board.column_labels:
        text.append(" " * margin + " " + " ".join(board.column_labels) + "\n", style="dim")
    return text.append(position.game.status_text(position.states[0]))


def _draw_narrow(position: Position, cells: Any, marks: NDArray[np.bool_], margin: int) -> Text:
    """The board in one column for each cell. The cells of the last action are in reverse, where the terminal has it."""
    from rich.text import Text

    board, text = position.game.board, Text()
    for r, codes in enumerate(cells):
        text.append(f"{board.row_labels[r] if board.row_labels else '':>{margin}} ")
        for c, code in enumerate(codes):
            style = STYLES[code] if code < len(STYLES) else "bold"
            text.append(board.glyphs[code], style=f"reverse {style}" if marks[r, c] else style)
        text.append("\n")
    if board.column_labels:
        text.append(" " * margin + " " + "".join(label[:1] for label in board.column_labels) + "\n", style="dim")
    if position.line:
        text.append(f"last move {position.line[-1]}\n")
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
