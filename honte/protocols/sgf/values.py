"""What values of SGF properties mean: points and rectangles of them, numbers, colours, komi as servers write it.

Knows values (FF[4]; Hex as in its own appendix). Does not know which property has which, nor any rule.
"""

from __future__ import annotations

import re

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEX_POINT = re.compile(r"([a-z])([1-9][0-9]?)", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)")
COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}

MOST_KOMI = 100
"""Points of a komi that may be meant as it stands."""
MOST_SCALED = 10
"""Points of a komi that may be meant where a server writes hundredths."""


def read_whole(text: str, key: str) -> int:
    """A whole number of at most four digits. ValueError with a sentence for anything else."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise ValueError(f"SGF: {key}[{text[:20]}] is no number")
    return int(text)


def read_colour(text: str, key: str) -> int:
    """The seat of a colour: 0 black, 1 white."""
    seat = COLOURS.get(text.strip().lower())
    if seat is None:
        raise ValueError(f"SGF: {key}[{text[:20]}] is no colour; it must be B or W")
    return seat


def read_size(text: str) -> int:
    """The lines of a square board: ``9`` or ``9:9``."""
    columns, _, rows = (part.strip() for part in text.partition(":"))
    if rows not in ("", columns) or not (columns.isascii() and columns.isdecimal() and 1 <= len(columns) <= 2):
        raise ValueError(f"SGF: SZ[{text[:20]}] is no square board of 1 to 99 lines")
    return int(columns)


def read_komi(text: str, area: int) -> float:
    """White's points on a board of ``area`` points. ValueError with a sentence where that cannot be meant.

    Chinese servers count stones, each worth two points: 3.75 is 7.5. Some write hundredths: 375 is 7.5, 650 is 6.5.
    """
    text = text.strip()
    if len(text) > 12 or not NUMBER.fullmatch(text):
        raise ValueError(f"SGF: KM[{text[:20]}] is no number; it must be White's points, such as 6.5")
    komi = float(text.replace(",", "."))
    scaled = komi / 100 if abs(komi) >= 100 and abs(komi) % 25 == 0 else komi
    if scaled % 0.5 == 0.25:
        scaled *= 2
    if abs(scaled) > (min(MOST_KOMI, area) if scaled == komi else min(MOST_SCALED, area)):
        raise ValueError(f"SGF: KM[{text}] cannot be meant for a board of {area} points; it must be White's points")
    return scaled


def point_text(cell: int, side: int, *, hexagons: bool = False) -> str:
    """A point as SGF writes it; cells count row by row from the top left."""
    column, row = LETTERS[cell % side], cell // side
    return f"{column}{row + 1}" if hexagons else column + LETTERS[row]


def read_point(text: str, side: int, *, hexagons: bool = False) -> int:
    """The cell that a point names. Hex writes ``a1`` for the top left, all other games ``aa``."""
    text, column, row = text.strip(), -1, -1
    if hexagons and (found := HEX_POINT.fullmatch(text)):
        column, row = LETTERS.find(found[1].lower()), int(found[2]) - 1
    elif len(text) == 2:
        column, row = (LETTERS.find(letter) for letter in text)
    if not (0 <= column < side and 0 <= row < side):
        raise ValueError(f"SGF: {text[:20]!r} is no point of a board of {side} lines")
    return row * side + column


def read_points(value: str, side: int, *, hexagons: bool = False) -> list[int]:
    """A point, or the rectangle that two of them with a colon between span."""
    one, _, other = value.partition(":")
    first, last = (read_point(text, side, hexagons=hexagons) for text in (one, other if other.strip() else one))
    rows = range(min(first // side, last // side), max(first // side, last // side) + 1)
    columns = range(min(first % side, last % side), max(first % side, last % side) + 1)
    return [r * side + c for r in rows for c in columns]
