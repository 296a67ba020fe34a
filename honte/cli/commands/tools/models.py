"""``honte models``: the networks that ship with honte.

Knows its flags and the table. Does not know where networks are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from honte.cli.flag_parser import parse_flags
from honte.cli.text_layout import terminal_width, wrap
from honte.command_line import Output, format_table

if TYPE_CHECKING:
    from honte.shipped_models import Opponent, ShippedModel

SCORE_COLUMNS = 44
"""Enough for one score with its opponent and interval."""


@dataclass(frozen=True)
class ModelsFlags:
    """List the networks that ship with honte: how they were trained, and their scores against opponents."""

    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(ModelsFlags, arguments, "models")
    from honte.shipped_models import models

    output, found = Output(args.json), models()
    if found:
        output.say(_table(found))
        units = "minutes and evaluations of self-play; scores in percent, with 95 % intervals, a draw counts one half"
        output.say(wrap(units, "", ""))
    else:
        output.say("no network ships with this copy of honte; honte train GAME makes one")
    output.result({"models": [model.as_json() for model in found]})
    return 0


def _table(found: Sequence[ShippedModel]) -> str:
    """A row for each network. Its results stand beside it, or below it where the terminal is too narrow for that."""
    rows = format_table([["network", "board", "minutes", "evaluations", "size"], *map(_row, found)], right="234")
    lines = rows.splitlines()
    indent = max(map(len, lines)) + 2
    beside = terminal_width() - indent >= SCORE_COLUMNS
    margin = " " * (indent if beside else 4)
    text = []
    for line, (first, *others) in zip(lines, [["scores"], *map(_results, found)], strict=True):
        text += [wrap(first, line.ljust(indent), margin)] if beside else [line, wrap(first, margin, margin)]
        text += [wrap(result, margin, margin) for result in others]
    return "\n".join(text)


def _row(model: ShippedModel) -> list[str]:
    training = model.training
    minutes = "?" if training.minutes is None else f"{training.minutes:,.0f}"
    work = "?" if training.evaluations is None else f"{training.evaluations / 1e6:,.1f} M"
    return [model.game, model.size, minutes, work, f"{model.bytes / 1e6:.1f} MB"]


def _results(model: ShippedModel) -> list[str]:
    return list(map(format_score, model.opponents)) or list(model.notes) or ["not measured"]


def format_score(result: Opponent) -> str:
    """Such as ``mcts:1000 96.8 [95.1, 98.5]``. The command of a program is cut to 28 characters."""
    low, high = f"{100 * result.score_low:.1f}", f"{100 * result.score_high:.1f}"
    return f"{shorten(result.opponent, 28, placeholder='...')} {100 * result.score:.1f} [{low}, {high}]"
