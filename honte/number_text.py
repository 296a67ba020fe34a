"""Parses numbers in the text of protocols and files. The callers write the error messages."""

from __future__ import annotations

import math


def parse_digits(text: str, max_digits: int) -> int | None:
    """The whole number of a text of ASCII digits, or None: no sign, no blank, no underscore, unlike ``int``."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= max_digits else None


def parse_finite(text: str) -> float | None:
    """The finite number of an ASCII text of at most 32 characters, or None."""
    try:
        value = float(text) if len(text) <= 32 and text.isascii() else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
