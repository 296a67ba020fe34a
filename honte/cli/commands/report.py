"""``honte report RUN ...``: one HTML page that shows a run, or compares several.

Knows its flags and the path of the page. Does not know what the page contains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, Placeholder
from honte.command_line import Output, show_progress
from honte.command_text import command

PAGE, COMPARED = "report.html", "compare.html"


@dataclass(frozen=True)
class ReportFlags:
    """Write one HTML page with the curves, health checks, checkpoints and sample games of a run, or compare runs."""

    runs: Annotated[tuple[str, ...], Argument("RUN ...")]
    """the folders of one or several runs"""
    out: Annotated[str | None, Placeholder("FILE")] = None
    """the file to write (default: RUN/report.html, or compare.html in the folder of the first of several runs)"""
    game: GameFlag = None
    """the game, where it is a file of yours or an OpenSpiel game (default: the game of the run)"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(ReportFlags, arguments, "report")
    from agent.storage import durable_files
    from agent.storage.write_errors import check_folder
    from games import make
    from games.game import Game
    from honte.report.page import html
    from honte.report.run import read
    from honte.report.stored_games import MOST_SHARDS
    from selfplay.records import list_shards

    if not args.runs:
        raise ValueError("RUN is missing; the usage is: honte report RUN ... [flags]")
    games: dict[str, Game] = {}

    def known(name: str) -> Game:
        if args.game is None and ".py:" in name:
            again = command("report", *args.runs, "--game", name)
            raise ValueError(f"the game of this run is the file {name}, which runs only where it is named: {again}")
        return games.setdefault(name, make(args.game or name)) if name not in games else games[name]

    if args.out:
        check_folder(args.out)
    output, folders = Output(args.json), [Path(run) for run in args.runs]
    total = sum(min(MOST_SHARDS, len(list_shards(folder / "games"))) for folder in folders)
    with show_progress("reading games", total) as advance:
        reports = [read(folder, known, progress=advance) for folder in folders]
    path = Path(args.out) if args.out else folders[0] / (PAGE if len(folders) == 1 else COMPARED)
    durable_files.write_atomic(path, html(reports).encode())
    for report in reports:
        failed = [check for check in report.checks if check.level != "good"]
        for check in failed:
            output.say(f"{report.name}: {check.title}. {check.text}")
        num_checks = len(report.checks)
        output.say(f"{report.name}: {num_checks - len(failed)} of {num_checks} health checks passed")
    output.say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
    runs = [
        {
            "run": each.name,
            "game": each.game,
            "grades": each.grades,
            "alarms": [check._asdict() for check in each.checks],
        }
        for each in reports
    ]
    output.result({"path": str(path), "runs": runs})
    return 0
