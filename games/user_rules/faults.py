"""Faults in a game's rules as sentences: the file, the line, what happened and what would be right.

Knows exceptions of plain Python. Does not know Numba's own (``games/user_rules/numba_errors.py``), nor any rule.
"""

from __future__ import annotations

import os
import traceback

from games.game import Game
from games.user_rules.rebuild import is_shipped, list_functions, python_function


class GameFault(ValueError):
    """A fault in a game's rules, as a sentence. ``drawing``: a position that shows the fault, if there is one."""

    drawing = ""


HINTS = {
    "legal": "legal has num_actions = {game.num_actions} entries",
    "planes": "planes has the shape {game.observation_shape}, as observation_shape says",
    "ownership": "ownership has the shape {game.observation_shape[1]} x {game.observation_shape[2]}",
}
"""What an argument of a rule is, by its name."""


def locate_error(error: BaseException, game: Game) -> str | None:
    """``FILE, line N, in FUNCTION: `` of the innermost line of the user's in the traceback; None if there is none."""
    uncompiled = (python_function(getattr(game, name, None)) for name in ("draw", "read", "write_action"))
    written = [*list_functions(game.scalar_rules), *uncompiled]
    files = {each.__code__.co_filename for each in written if hasattr(each, "__code__")}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{display_path(frames[-1].filename)}, line {frames[-1].lineno}, in {frames[-1].name}: " if frames else None


def display_path(path: str) -> str:
    """The path relative to the working folder if the file is below it, else the whole path."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith(os.pardir) else relative


def describe_error(game: Game, error: BaseException) -> str:
    """What happened, with the shape of the array whose index was wrong."""
    text = str(error)
    lines = [frame.line or "" for frame in traceback.extract_tb(error.__traceback__) if not is_shipped(frame.filename)]
    line = lines[-1] if lines else ""
    if isinstance(error, IndexError) and text.startswith("only integers"):
        return "an index is not a whole number; divide with // where the result is an index"
    if isinstance(error, IndexError):
        hints = [hint.format(game=game) for name, hint in HINTS.items() if f"{name}[" in line]
        return "; ".join([text.removesuffix("."), *hints])
    if isinstance(error, OverflowError):
        return f"{text}; give it a larger type in state"
    if isinstance(error, ZeroDivisionError):
        return "a number is divided by 0"
    if isinstance(error, NameError | ValueError):
        return text
    if isinstance(error, KeyError):
        return str(error.args[0]) if error.args else "a key is missing"
    return f"{type(error).__name__}: {text}"
