"""The help of a command: what each flag does, its unit, its choices and its default, in plain columns."""

from __future__ import annotations

import dataclasses
import inspect
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from honte.cli.flags import Flag, choices, matched_texts, placeholder, usage

NARROW, WIDE = 60, 100
"""The least and the most columns that help is laid out for."""

COLUMN = 26
"""Where the texts begin; a longer flag gets a line of its own."""


def command_help(command: str, flags: Sequence[Flag], description: str) -> str:
    """The help of a command whose flags fit on one page."""
    about = inspect.cleandoc(description).split("\n\n")
    groups = [
        ("arguments", [flag for flag in flags if flag.argument]),
        ("flags", [flag for flag in flags if not flag.argument]),
    ]
    lines = [f"usage: {usage(command, flags)}", ""]
    for paragraph in about:
        lines += [*wrap(" ".join(paragraph.split())), ""]
    for title, members in groups:
        if members:
            lines += [f"{title}:", *(line for flag in members for line in flag_lines(flag)), ""]
    greedy = [flag.name for flag in flags if flag.takes_all and not flag.argument]
    if greedy and groups[0][1]:
        take = "takes" if len(greedy) == 1 else "take"
        lines += wrap(f"{' and '.join(greedy)} {take} all words up to the next flag or --.")
    return "\n".join(lines).rstrip()


def flag_lines(flag: Flag, text: str = "", *, column: int = COLUMN, settings: bool = False) -> list[str]:
    """The lines of one flag. ``text``: instead of the flag's own. ``settings``: a switch shows how to turn it off."""
    left = f"  {_left(flag, settings)}"
    full = _text(flag, text or flag.text, settings)
    if len(left) + 2 > column:
        return [left, *wrap(full, " " * column)] if full else [left]
    first, *rest = wrap(full, " " * column) or [""]
    return [f"{left:<{column}}{first.lstrip()}".rstrip(), *rest]


def wrap(text: str, indent: str = "") -> list[str]:
    """Lines that fit the terminal; no word is cut."""
    width = max(NARROW, min(WIDE, shutil.get_terminal_size().columns))
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _left(flag: Flag, settings: bool) -> str:
    if flag.argument:
        return flag.name
    if flag.is_switch:
        head, dot, last = flag.name.removeprefix("--").rpartition(".")
        return f"--{head}{dot}[no-]{last}" if settings else flag.name
    return f"{flag.name} {placeholder(flag)}"


def _text(flag: Flag, text: str, settings: bool) -> str:
    """The text with the choices and the default, unless it names them itself."""
    parts = [text] if text else []
    listed = choices(flag.hint)
    if listed and "|".join(listed) not in placeholder(flag):
        parts.append(f"one of {', '.join(listed)}")
    elif (texts := matched_texts(flag.hint)) not in text:
        parts.append(texts)
    if flag.repeats and not flag.takes_all:
        parts.append("give the flag again for more")
    full = "; ".join(parts)
    default = format_default(flag.default)
    shown = default and "(default" not in text and not (flag.is_switch and not settings)
    return f"{full} (default: {default})".strip() if shown else full


def format_default(value: Any) -> str:
    """A default value as a person writes it; empty if there is none."""
    if value is None or value is dataclasses.MISSING or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " ".join(map(format_default, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
