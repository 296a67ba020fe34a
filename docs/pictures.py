"""Make the README's pictures from a real run: ``python docs/pictures.py RUN``.

Knows the live view and the play session. Does not train: it draws a run's last report with the curves that led there.
"""

from __future__ import annotations

import io
import sys
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from honte.live_view import LiveView
from training import metrics, run_folder
from training.report import Report

HERE = Path(__file__).parent
PAGE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def save(console: Console, name: str, title: str) -> None:
    console.save_svg(str(HERE / name), title=title, code_format=PAGE, unique_id=name.split(".")[0])


def train(run: Path) -> None:
    """The live view as it stood at the end."""
    records = metrics.read(run)
    status = run_folder.read_status(run) or {}
    view = LiveView(str(status.get("game", "?")), f"runs/{run.name}", as_lines=True)
    known = {field.name for field in fields(Report)}
    names = ("policy_loss", "value_loss", "policy_accuracy")
    for record in records:
        for name, value in record.items():
            if name in names or name.startswith("mistakes/"):
                view.history.setdefault(name, []).append(value)
    last = max((r for r in records if r["games_per_second"] > 0), key=lambda r: r["step"])
    report = Report(**{name: type(getattr(Report(), name))(last[name]) for name in known & set(last)})
    report.losses = {name: last[name] for name in names}
    report.grades = {name: value for name, value in records[-1].items() if name.startswith("mistakes/")}
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True)
    console.print(view.panel(report))
    save(console, "train.svg", "honte train connect_four")


def play(run: Path) -> None:
    """A few moves against the run's network, typed as a person would."""
    from honte.api import game_for, load
    from honte.session import Session

    text = f"{run}?simulations=200"
    game = game_for(None, text)
    sys.stdin = io.StringIO("d\nd\nc\nhint\nquit\n")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    Session(game, load(text, game, num_slots=2), "connect_four", console, seat=0, seed=1, temperature=0.0).run()
    save(console, "play.svg", "honte play connect_four")


if __name__ == "__main__":
    train(Path(sys.argv[1]))
    play(Path(sys.argv[1]))
