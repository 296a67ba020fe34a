"""``honte runs``: the training runs below a folder.

Knows its flags and the table. Does not know what a run folder contains.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument
from honte.command_line import Output, format_duration, format_table


@dataclass(frozen=True)
class RunsFlags:
    """List the training runs in a folder, and how far each of them is."""

    root: Annotated[str, Argument("ROOT")] = "runs"
    """the folder that contains the runs, or the folder of one run"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(RunsFlags, arguments, "runs")
    from training.run.run_folder import list_runs

    root = Path(args.root)
    if not root.is_dir() and (root.exists() or args.root != RunsFlags.root):
        what = "is not a folder" if root.exists() else "does not exist"
        raise ValueError(f"ROOT is {args.root!r}, which {what}; name a folder of runs, such as runs")
    output, runs = Output(args.json), list_runs(args.root)
    if runs:
        rows = [["run", "game", "step", "positions", "status", "last update"]]
        for run in runs:
            status = f"{run.status}: {run.reason}" if run.reason else run.status
            rows.append([str(run.path), run.game, f"{run.step:,}", f"{run.samples:,}", status, _ago(run.last_metrics)])
        output.say(format_table(rows, right="23"))
    else:
        output.say(f"there are no runs in {args.root}; honte train connect_four starts one")
    fields = ("game", "step", "samples", "status", "reason", "last_metrics")
    lines = [{"path": str(run.path), **{name: getattr(run, name) for name in fields}} for run in runs]
    output.result({"root": args.root, "runs": lines})
    return 0


def _ago(then: float | None) -> str:
    if then is None:
        return "never"
    return f"{format_duration(max(0, time.time() - then))} ago"
