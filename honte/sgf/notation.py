"""The games that have a type in SGF, and their moves in the notation of SGF.

Knows moves. Does not know files, setups or players.
"""

from __future__ import annotations

import functools

from games import NAMES, Game
from games.descriptions import SgfType
from games.registry import describe
from honte.sgf.values import point_text, read_point


@functools.cache
def sgf_types() -> dict[str, SgfType]:
    """{game that ships: its SGF type} of those that have one."""
    found = {name: describe(name).sgf for name in NAMES}
    return {name: written for name, written in found.items() if written is not None}


def sgf_type(game: Game) -> SgfType | None:
    """The SGF type of ``game``; None for a game that has none."""
    return None if game.description is None else game.description.sgf


def move_to_sgf(game: Game, text: str) -> str:
    """A move of ``game``, which has an SGF type, in SGF notation. For Hex this is the notation of the game."""
    written = sgf_type(game)
    assert written is not None
    if written.is_hex:
        return "swap-pieces" if text == "swap" else text
    if text == "pass":
        return ""
    return point_text(game.parse_action(text), game.board.width)


def move_from_sgf(written: SgfType, value: str, size: int) -> str:
    """A move in the notation of the game."""
    if written.is_hex:
        if value.lower() in ("swap-pieces", "swap"):
            return "swap"
        return point_text(read_point(value, size, hexagons=True), size, hexagons=True)
    if not value or value.lower() == "pass" or (value == "tt" and size <= 19):
        return "pass"
    cell = read_point(value, size)
    column, row = cell % size, cell // size
    return f"{written.letters[column]}{row + 1 if written.rows_from_top else size - row}"
