"""What every command shares: flags from a dataclass, results for people or as JSON, progress while it lasts.

Knows streams and flags. Does not know any command.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Advance = Callable[[int, str], None]
"""(steps done since the last call, a word on how it stands)"""


class Output:
    """Text for people and one result. With ``json`` the result alone is on stdout, as its last line."""

    def __init__(self, json: bool) -> None:
        self.json = json
        self.people = sys.stderr if json else sys.stdout

    def say(self, text: str = "") -> None:
        """A line for people."""
        print(text, file=self.people)

    def result(self, content: dict[str, Any]) -> None:
        """The result as one JSON object, where that is wanted."""
        if self.json:
            print(json.dumps(content, allow_nan=False), flush=True)


@contextlib.contextmanager
def show_progress(title: str, total: int) -> Iterator[Advance]:
    """A bar on stderr while the body runs, where stderr is a terminal; otherwise silence."""
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
    """Rows of words in aligned columns; the columns whose number is in ``right`` ("0", "13") are right-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(f"{word:{'>' if str(i) in right else '<'}{widths[i]}}" for i, word in enumerate(row)) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
