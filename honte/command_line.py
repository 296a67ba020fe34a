"""What every command prints with: text for people, a JSON result, a progress bar, tables, durations.

Knows streams. Does not know flags (``honte.cli.flags``) or any command.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Advance = Callable[[int, str], None]
"""Tells a progress bar: (steps done since the last call, text beside the bar)."""

UNITS = (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))


class Output:
    """Text for people, and one result. With ``json`` only the result is on stdout, and the text is on stderr."""

    def __init__(self, json: bool) -> None:
        self.json = json
        self.people = sys.stderr if json else sys.stdout

    def say(self, text: str = "") -> None:
        """A line for people."""
        print(text, file=self.people)

    def result(self, content: dict[str, Any]) -> None:
        """Print the result as one JSON object, if ``json`` is set."""
        if self.json:
            print(json.dumps(content, allow_nan=False), flush=True)


@contextlib.contextmanager
def show_progress(title: str, total: int) -> Iterator[Advance]:
    """A progress bar while the body runs, if stderr is a terminal; otherwise nothing."""
    if not sys.stderr.isatty():
        yield lambda steps, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, TextColumn("{task.fields[text]}"), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(title, total=total, text="")
        yield lambda steps, text: bar.update(task, advance=steps, text=text)


def format_table(rows: Sequence[Sequence[str]], right: str = "") -> str:
    """Rows of words in aligned columns; ``right`` holds the digits of the right-aligned columns, such as "13"."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(f"{word:{'>' if str(i) in right else '<'}{widths[i]}}" for i, word in enumerate(row)) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def format_duration(seconds: float) -> str:
    """Seconds in the largest unit of which there are at least two."""
    for unit, length in UNITS:
        if seconds >= 2 * length:
            number = seconds / length
            return f"{number:,.0f} {unit}" if number < 1e6 else f"{number:.1g} {unit}"
    return f"{seconds:.1f} seconds" if seconds < 10 else f"{seconds:.0f} seconds"
