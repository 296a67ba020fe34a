"""The commands of the prompt of ``honte play``: their names, their help, and what a mistyped word may mean.

Does not know what a command does.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

NARROW = 60
"""On a terminal with fewer columns the help of a command begins below its name."""

INDENT = 17
MAX_MOVES = 24
"""A message lists at most so many legal moves; the command ``legal`` lists all of them."""


class Command(NamedTuple):
    """One command."""

    usage: str  # its name, and its argument in capitals
    help: str

    @property
    def name(self) -> str:
        return self.usage.partition(" ")[0]


COMMANDS = (
    Command("hint", "show the best moves here, with their win probabilities for you"),
    Command("analysis [N]", "search N simulations and show a table: visits, prior, win rate, loss, variation"),
    Command("undo", "take back your last move and the answer to it"),
    Command("redo", "play moves again that undo has taken back"),
    Command("moves", "list the moves of this game"),
    Command("legal [TEXT]", "list the legal moves, or those that begin with TEXT"),
    Command("board", "show the board again"),
    Command("level [N]", "let the opponent search N simulations for each move"),
    Command("new", "start a new game"),
    Command("side [SIDE]", "change seats in this game; SIDE is first or second"),
    Command("resign", "give up this game"),
    Command("save FILE", "write the game to FILE as JSON, or as SGF if its name ends in .sgf"),
    Command("load FILE [N]", "continue the game in FILE, or the game number N of its games"),
    Command("help", "show this list"),
    Command("quit", "leave the program, as Ctrl-D does"),
)

NAMES = tuple(command.name for command in COMMANDS)
ALIASES = {"exit": "quit", "q": "quit", "?": "help", "h": "help", "analyse": "analysis", "analyze": "analysis"}


def find_command(word: str) -> str | None:
    """The name of the command that ``word`` is, in capitals or not; None for any other word."""
    name = ALIASES.get(word.lower(), word.lower())
    return name if name in NAMES else None


def takes_argument(name: str) -> bool:
    """Whether words may follow the command."""
    return any(command.name == name and command.usage != name for command in COMMANDS)


def nearest_command(word: str) -> str | None:
    """The command that is most similar to ``word``; None where none is similar."""
    near = difflib.get_close_matches(word.lower(), (*NAMES, *ALIASES), n=1)
    return ALIASES.get(near[0], near[0]) if near else None


def help_text(legal: Sequence[str], width: int) -> str:
    """The list of commands for a terminal of ``width`` columns."""
    example = legal[0] if legal else "-"
    moves = f"play this move, or several in a row; the legal moves are {list_moves(legal) or 'none'}"
    return "\n".join(_row(usage, text, width) for usage, text in [(example, moves), *COMMANDS])


def _row(usage: str, text: str, width: int) -> str:
    if width < NARROW:
        indent = " " * 6
        return f"  {usage}\n" + textwrap.fill(text, width - 1, initial_indent=indent, subsequent_indent=indent)
    start = f"  {usage:<{INDENT - 3}} "
    return textwrap.fill(text, width - 1, initial_indent=start, subsequent_indent=" " * INDENT)


def list_moves(legal: Sequence[str]) -> str:
    """The legal moves in one line, or the first of them and how many there are."""
    if len(legal) <= MAX_MOVES:
        return " ".join(legal)
    return f"{' '.join(legal[:MAX_MOVES])} and {len(legal) - MAX_MOVES:,} more; type legal to list them all"


def numbered_moves(line: Sequence[str], names: Sequence[str], width: int) -> str:
    """The moves of a game in columns, each with its number and the name of its player."""
    digits, words = len(str(len(line))), [f"{name} {move}" for name, move in zip(names, line, strict=True)]
    cell = digits + 1 + max(map(len, words), default=0)
    columns = max(1, (width - 1 - cell) // (cell + 3) + 1)
    if columns > 1:
        columns -= columns % 2  # two players who take turns have columns of their own
    cells = [f"{count:>{digits}} {word:<{cell - digits - 1}}" for count, word in enumerate(words, 1)]
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return "\n".join("   ".join(row).rstrip() for row in rows)
