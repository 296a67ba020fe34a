"""The live view of a training run: a panel that renews itself on a terminal, plain lines elsewhere.

Knows reports. Does not know where they come from.
"""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from training.report import Report

SECONDS_A_LINE = 15.0
BARS = " ▁▂▃▄▅▆▇█"


class LiveView:
    """A context manager; ``show`` takes each report."""

    def __init__(self, game: str, folder: str, *, as_lines: bool = False) -> None:
        self.game, self.folder = game, folder
        self.console = Console(stderr=True)
        self.live = None if as_lines or not self.console.is_terminal else Live(console=self.console, auto_refresh=False)
        self.history: dict[str, list[float]] = {}
        self.notes: list[str] = []
        self.last_line = -1e9

    def __enter__(self) -> LiveView:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    def show(self, report: Report) -> None:
        for note in report.notes:
            self.console.print(f"[yellow]note:[/] {note}")
        report.notes.clear()
        for name, value in (report.losses | report.grades).items():
            self.history.setdefault(name, []).append(value)
        if self.live:
            self.live.update(self.panel(report), refresh=True)
        elif time.monotonic() - self.last_line >= SECONDS_A_LINE or report.progress >= 1:
            self.last_line = time.monotonic()
            self.console.print(line(report), soft_wrap=True, highlight=False)

    def panel(self, report: Report) -> Panel:
        """The whole view."""
        rates = Table.grid(padding=(0, 3))
        for name, total, speed in (
            *(_of_play(report) if report.moves_per_second or report.games else ()),
            ("trained on", f"{report.trained:,}", f"{report.trained_per_second:,.0f}/s"),
            ("step", f"{report.step:,}", f"window {report.window:,}" if report.window else ""),
        ):
            rates.add_row(Text(name, "bold"), Text(total, justify="right"), Text(speed, "cyan", justify="right"))
        curves = Table.grid(padding=(0, 2))
        for name in losses(report):
            curves.add_row(name.replace("_", " "), f"{report.losses[name]:.3f}", spark(self.history[name]))
        for name, rate in report.grades.items():
            words = name.replace("mistakes/", "mistakes, ").replace("/", ", ").replace("_", " ")
            curves.add_row(words, f"{rate:.2%}", Text(spark(self.history[name]), "green"))
        body = Table.grid(padding=(0, 6))
        body.add_row(rates, curves)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(100, 100 * report.progress, width=60), f"{report.minutes:.1f} min")
        return Panel(Group(body, "", bar), title=f"honte learns {self.game}", subtitle=self.folder, width=110)


def spark(values: list[float], width: int = 24) -> str:
    """A small curve of characters, from the lowest to the highest value."""
    step = max(1, -(-len(values) // width))
    points = values[::step][-width:]
    low, high = min(points), max(points)
    return "".join(BARS[1 + round((v - low) / (high - low) * 7) if high > low else 1] for v in points)


def _of_play(report: Report) -> tuple[tuple[str, str, str], ...]:
    """What there is to see where games are played."""
    return (
        ("games", f"{report.games:,}", f"{report.games_per_second:,.0f}/s"),
        ("positions", f"{report.samples:,}", f"{report.moves_per_second:,.0f}/s"),
        ("simulations", "", f"{report.simulations_per_second:,.0f}/s"),
        ("evaluations", f"{report.cache_hits:.0%} cached", f"{report.evaluations_per_second:,.0f}/s"),
    )


def losses(report: Report) -> tuple[str, ...]:
    """Names of what is learned from: of policy and value where there are both, else of all of it."""
    names = ("policy_loss", "value_loss", "policy_accuracy") if "policy_loss" in report.losses else ("loss", "accuracy")
    return tuple(name for name in names if name in report.losses)


def line(report: Report) -> str:
    """One line for a log."""
    words = [f"{report.minutes:5.1f} min", f"{report.progress:4.0%}", f"step {report.step}"]
    if report.games or report.moves_per_second:
        words += [f"games {report.games}", f"positions {report.samples}", f"{report.games_per_second:.1f} games/s"]
        words += [f"{report.evaluations_per_second:.0f} evaluations/s", f"{report.cache_hits:.0%} cached"]
    words.append(f"{report.trained_per_second:.0f} trained/s")
    words += [f"{name} {report.losses[name]:.3f}" for name in losses(report) if name.endswith("loss")]
    return "  ".join(words + [f"{name} {value:.2%}" for name, value in report.grades.items()])


def summary(report: Report) -> str:
    """What a finished run leaves on the screen."""
    counts = {"games": report.games, "positions": report.samples, "steps": report.step}
    parts = [", ".join(f"{count:,} {name}" for name, count in counts.items() if count)]
    parts += [f"{name.replace('/', ' ').replace('_', ' ')}: {value:.2%}" for name, value in report.grades.items()]
    return "; ".join(filter(None, parts))
