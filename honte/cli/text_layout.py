"""Text that fits the terminal: paragraphs and fields whose lines are wrapped between words."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping

NARROWEST, WIDEST = 40, 120
"""Columns; a terminal beyond these bounds counts as one at the bound."""


def terminal_width() -> int:
    """The columns that a line may take, one less than the terminal has."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns)) - 1


def wrap(text: str, first: str, further: str) -> str:
    """``text`` as a paragraph that begins with ``first``; its other lines begin with ``further``."""
    return textwrap.fill(
        text,
        terminal_width(),
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )


def format_fields(fields: Mapping[str, str]) -> str:
    """A line for each field, ``name:  value``, with the values in one column."""
    indent = max(map(len, fields)) + 3
    if indent > terminal_width() // 2:
        return "\n".join(wrap(value, f"{name}: ", "  ") for name, value in fields.items())
    return "\n".join(wrap(value, f"{name}:".ljust(indent), " " * indent) for name, value in fields.items())
