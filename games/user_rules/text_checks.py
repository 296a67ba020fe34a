"""Checks of a game's texts and drawings, which name the author's functions: ``write_action``, ``draw``, ``read``."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.game import Game, Row
from games.text_board import draw_text
from games.user_rules.faults import GameFault, describe_error, locate_error


def check_texts(game: Game) -> None:
    """Check that every action has a text of its own which ``parse_action`` reads back. ``GameFault`` if not."""
    write = getattr(game, "write_action", game.action_text)
    for to_play in range(2):
        actions: dict[str, int] = {}
        for action in range(game.num_actions):
            raw = _call(game, "write_action", write, action)
            if not isinstance(raw, str):
                raise _fault(game, f"write_action returned {raw!r} for action {action}; it must return text")
            text = game.action_text(action, to_play)
            if not text.strip():
                raise _fault(game, f"write_action wrote nothing for action {action}; each action needs a text")
            if game.is_own and text.split() != [text]:
                raise _fault(game, f"write_action wrote {text!r} for action {action}; spaces separate moves: use none")
            if (other := actions.setdefault(text.lower(), action)) != action:
                what = f"{text!r} for action {action} and for action {other}"
                raise _fault(game, f"write_action wrote {what}; each needs a text of its own, whatever its case")
        for text, action in actions.items():
            if (read := game.parse_action(text, to_play)) != action:
                raise _fault(game, f"parse_action reads {text!r} as action {read}; write_action wrote it for {action}")


def check_drawing(game: Game, row: Row, *, reading: bool = True) -> None:
    """Check that ``draw`` returns a code for each cell and changes nothing, and that ``read`` restores the drawing.

    ``GameFault`` if not. ``reading`` false: ``read`` is not called, because a finished game may have ended for a reason
    that no drawing shows.
    """
    before = row.copy()
    raw = _call(game, "draw", getattr(game, "draw", game.cells), row)
    if not isinstance(raw, np.ndarray | list | tuple):
        raise _fault(game, f"draw returned {raw!r:.60}; it must return an array with a code for each cell")
    codes = np.asarray(raw)
    if row != before:
        raise _fault(game, "draw changed s; it must leave s as it is")
    board = game.board
    if codes.shape != (board.height, board.width):
        wanted = f"({board.height}, {board.width}), the rows and columns of its board"
        hint = "" if not game.is_own else "; board=Board(rows, columns) gives from_rules another one"
        raise _fault(game, f"draw returned an array of shape {codes.shape}; it must be {wanted}{hint}")
    if codes.dtype.kind not in "iub":
        raise _fault(game, f"draw returned numbers of type {codes.dtype}; cells are whole numbers, such as np.int8")
    known = min(len(board.glyphs), len(board.pieces))
    if codes.min() < 0 or codes.max() >= known:
        wrong = int(codes.min() if codes.min() < 0 else codes.max())
        raise _fault(
            game,
            f"draw returned the code {wrong}; its board has characters and pieces for 0 to {known - 1}"
            " (0 empty, 1 the first player's, 2 the second player's, unless board= says otherwise)",
        )
    if reading and getattr(game, "read", None) is not None:
        drawing = game.render(row)
        again = game.render(_call(game, "read", game.parse, drawing)[0])
        if again != drawing:
            raise _fault(game, f"read made another position of a drawing:\n{again}\ninstead of\n{drawing}")


def draw_safely(game: Game, row: Row) -> str:
    """The position as text, which needs only ``draw`` to work."""
    try:
        return draw_text(game.board, game.cells(row), f"{game.board.names[int(row['to_play'])]} to play")
    except Exception as error:
        return f"(it cannot be drawn: {error})"


def _call(game: Game, name: str, function: Any, argument: Any) -> Any:
    """The result of ``function``; ``GameFault`` with the line if it raises."""
    try:
        return function(argument)
    except Exception as error:
        raise GameFault(
            f"{locate_error(error, game) or f'{game.name}: in {name}: '}{describe_error(game, error)}"
        ) from error


def _fault(game: Game, sentence: str) -> GameFault:
    return GameFault(f"{game.name}: {sentence}")
