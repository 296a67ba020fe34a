"""Make the README's pictures: ``python docs/pictures.py [RUN]`` draws a game and, of a run, the live view.

Knows the live view and the play session. Does not train: it draws a run's last report with the curves that led there.
"""

from __future__ import annotations

import io
import sys
from dataclasses import fields
from pathlib import Path

import torch
from rich.console import Console

from games import make
from honte.terminal.live_view import LiveView
from training.evaluation import rating_curve
from training.evaluation.solved_positions import count_positions
from training.run import metrics, run_folder
from training.run.progress import ProgressReport

HERE = Path(__file__).parent
PAGE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xml:space="preserve" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


class Typed(io.StringIO):
    """A keyboard whose keys show."""

    def __init__(self, console: Console, lines: list[str]) -> None:
        super().__init__()
        self.console, self.lines = console, lines

    def readline(self, size: int | None = -1) -> str:
        line = self.lines.pop(0)
        self.console.print(line)
        return line + "\n"


def save(console: Console, name: str, title: str) -> None:
    console.save_svg(str(HERE / name), title=title, code_format=PAGE, unique_id=name.split(".")[0])


def train(run: Path) -> None:
    """The live view as it stood at the end."""
    records = metrics.read(run)
    status = run_folder.read_status(run) or {}
    name = str(status.get("game", "?"))
    view = LiveView(name, f"runs/{run.name}", counts=count_positions(make(name), run), as_lines=True)
    known = {field.name for field in fields(ProgressReport)}
    names = ("policy_loss", "value_loss", "policy_accuracy")
    for record in records:
        for name, value in record.items():
            if name in names or name.startswith("mistakes/"):
                view.history.setdefault(name, []).append(value)
    last = dict(records[-1])
    for name in [name for name in last if name.endswith("_per_second") or name == "cache_hits"]:  # of the last minutes
        last[name] = sum(record[name] for record in records[-60:]) / 60
    report = ProgressReport(**{name: type(getattr(ProgressReport(), name))(last[name]) for name in known & set(last)})
    report.losses = {name: last[name] for name in names}
    report.grades = {name: value for name, value in records[-1].items() if name.startswith("mistakes/")}
    report.ratings = list(rating_curve.read_curve(run).points)
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True)
    console.print(view.panel(report, 110), "")  # the last line of a picture is cut off below its letters
    save(console, "train.svg", "honte train connect_four")


def play() -> None:
    """A few moves and an analysis against the network that ships, typed as a person would."""
    from honte.api import load, resolve_game
    from honte.terminal.play import TerminalSession

    name = "connect_four"
    game = resolve_game(None, name)
    console = Console(record=True, width=80, file=io.StringIO(), color_system="truecolor", highlight=False)
    sys.stdin = Typed(console, ["d", "d", "c", "analysis", "quit"])
    player = load(name, game, num_slots=2)
    TerminalSession(game, player, name, console, make=lambda num_nodes: player, seat=0, seed=1).run()
    save(console, "play.svg", "honte play connect_four")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        train(Path(sys.argv[1]))
    play()
