"""What a game says of itself: its rules in words, the parameters that people choose, and its type in SGF.

Knows no game: each file of ``games/rules`` has a ``DESCRIPTION``, which ``games.registry.describe`` finds and
``games.from_rules`` hands on to the game. The file of a user's own game may have one, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OCCUPIED = "The cell is occupied."


class Parameter(NamedTuple):
    """The values of a parameter that people are offered; the rules may allow more."""

    minimum: float = 0
    maximum: float = 0
    choices: tuple[Any, ...] = ()  # instead of the bounds
    example: str = ""  # of a text, which has no bounds


class SgfType(NamedTuple):
    """How SGF and the game itself write one kind of game."""

    number: int  # the value of GM
    default_size: str  # lines of a board without SZ
    has_komi: bool = False  # and handicap stones without AB
    is_hex: bool = False  # points are written as people write them, and the second player may swap
    letters: str = "abcdefghijklmnopqrstuvwxyz"  # of the columns, as the game writes them
    rows_from_top: bool = False  # whether the game counts rows from the top


@dataclass(frozen=True, kw_only=True)
class Description:
    """A game in words, and what follows from its kind alone."""

    rules: str
    goal: str
    moves: str  # how people write them
    title: str = ""  # where it differs from the name
    illegal: str = ""  # why a move is not legal
    occupied: str = OCCUPIED  # why a move to a cell that is not empty is not legal; empty: ``illegal``
    counted: str = ""  # the shape of the pieces of which who has more wins, where people want to see the numbers
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)  # {short name: parameters} of usual sizes
    actions_per_turn: int = 1  # more where a turn is several actions of the same player, which people take back at once
    sgf: SgfType | None = None
