"""The moves of a game as UCI engines write them (Universal Chess Interface), and the engines' name of the game.

Knows the form of such a notation. Does not know any game or engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class UciNotation(NamedTuple):
    """How engines such as Fairy-Stockfish call a game and its moves."""

    variant: str
    """The value of the option ``UCI_Variant``. Empty where engines have no common name for this size of the game."""

    write: Callable[[Any, int], str]
    """(one row, action as the first player calls it) -> the move's text."""
