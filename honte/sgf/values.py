"""Parses the values of SGF properties: points, rectangles of points, numbers, colours, and komi as servers write it.

Knows values (FF[4], with its appendix for Hex). Does not know which property has which kind of value, or any rules.
"""

from __future__ import annotations

import re

from honte.number_text import parse_digits

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEX_POINT = re.compile(r"([a-z])([1-9][0-9]?)", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)")
COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}

MAX_KOMI = 100
"""A larger komi, taken as it is written, is an error."""
MAX_SCALED_KOMI = 10
"""A larger komi, taken as hundredths, is an error."""


def read_int(text: str, key: str) -> int:
    """A whole number of at most four digits. ValueError for anything else."""
    value = parse_digits(text.strip(), 4)
    if value is None:
        raise ValueError(f"SGF: {key}[{text.strip()[:20]}] is not a whole number of at most four digits")
    return value


def read_colour(text: str, key: str) -> int:
    """The seat of a colour: 0 black, 1 white."""
    seat = COLOURS.get(text.strip().lower())
    if seat is None:
        raise ValueError(f"SGF: {key}[{text[:20]}] is not a colour; it must be B or W")
    return seat


def read_size(text: str) -> int:
    """The lines of a square board: ``9`` or ``9:9``."""
    columns, _, rows = (part.strip() for part in text.partition(":"))
    size = parse_digits(columns, 2)
    if size is None or rows not in ("", columns):
        raise ValueError(f"SGF: SZ[{text[:20]}] is not a square board of 1 to 99 lines")
    return size


def read_komi(text: str, area: int) -> float:
    """White's komi in points, on a board of ``area`` points. ValueError for an impossible one.

    Chinese servers count stones, each worth two points: 3.75 means 7.5. Some write hundredths: 375 means 7.5, 650 means
    6.5.
    """
    text = text.strip()
    if len(text) > 12 or not NUMBER.fullmatch(text):
        raise ValueError(f"SGF: KM[{text[:20]}] is not a number; it must be White's points, such as 6.5")
    komi = float(text.replace(",", "."))
    scaled = komi / 100 if abs(komi) >= 100 and abs(komi) % 25 == 0 else komi
    if scaled % 0.5 == 0.25:
        scaled *= 2
    if abs(scaled) > (min(MAX_KOMI, area) if scaled == komi else min(MAX_SCALED_KOMI, area)):
        raise ValueError(f"SGF: KM[{text}] is too large for a board of {area} points; it must be White's points")
    return scaled


def point_text(cell: int, side: int, *, hexagons: bool = False) -> str:
    """The text of a point; cells are counted row by row from the top left."""
    column, row = LETTERS[cell % side], cell // side
    return f"{column}{row + 1}" if hexagons else column + LETTERS[row]


def read_point(text: str, side: int, *, hexagons: bool = False) -> int:
    """The cell of a point. The top left is ``a1`` in Hex and ``aa`` in all other games."""
    text, column, row = text.strip(), -1, -1
    if hexagons and (match := HEX_POINT.fullmatch(text)):
        column, row = LETTERS.find(match[1].lower()), int(match[2]) - 1
    elif len(text) == 2:
        column, row = (LETTERS.find(letter) for letter in text)
    if not (0 <= column < side and 0 <= row < side):
        raise ValueError(f"SGF: {text[:20]!r} is not a point of a board of {side} lines")
    return row * side + column


def read_points(value: str, side: int, *, hexagons: bool = False) -> list[int]:
    """The cells of a point, or of the rectangle between two points separated by a colon."""
    one, _, other = value.partition(":")
    first, last = (read_point(text, side, hexagons=hexagons) for text in (one, other if other.strip() else one))
    rows = range(min(first // side, last // side), max(first // side, last // side) + 1)
    columns = range(min(first % side, last % side), max(first % side, last % side) + 1)
    return [r * side + c for r in rows for c in columns]
