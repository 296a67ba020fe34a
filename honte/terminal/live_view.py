"""The live view of a training run: a panel that renews itself on a terminal, plain lines elsewhere.

Knows reports. Does not know where they come from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from selfplay.solved.grading import wilson_interval
from training.evaluation.solved_positions import BY_CLASS, MISTAKES, RateName, split_rate_name
from training.run.progress import HOW, ProgressReport, grade_title, set_title

SECONDS_A_LINE = 15.0
BARS = " ▁▂▃▄▅▆▇█"


class LiveView:
    """A context manager; ``show`` takes each report."""

    def __init__(
        self, game: str, folder: str, *, counts: Mapping[str, int] | None = None, as_lines: bool = False
    ) -> None:
        """``counts`` {rate of mistakes: positions} give the rates their intervals."""
        self.game, self.folder, self.counts = game, folder, counts or {}
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

    def show(self, report: ProgressReport) -> None:
        for note in report.notes:
            self.console.print(f"[yellow]note:[/] {note}")
        report.notes.clear()
        for name, value in (report.losses | report.grades).items():
            self.history.setdefault(name, []).append(value)
        if self.live:
            self.live.update(self.panel(report), refresh=True)
        elif time.monotonic() - self.last_line >= SECONDS_A_LINE or report.progress >= 1:
            self.last_line = time.monotonic()
            self.console.print(self.line(report), soft_wrap=True, highlight=False)

    def line(self, report: ProgressReport) -> str:
        """One line for a log."""
        return line(report, self.counts)

    def panel(self, report: ProgressReport) -> Panel:
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
        body = Table.grid(padding=(0, 6))
        body.add_row(rates, curves)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(100, 100 * report.progress, width=60), f"{report.minutes:.1f} min")
        strength: list[RenderableType] = [self.strength(report), ""] if report.grades or report.ratings else []
        return Panel(
            Group(body, "", *strength, bar), title=f"honte learns {self.game}", subtitle=self.folder, width=110
        )

    def strength(self, report: ProgressReport) -> Table:
        """Mistakes against perfect play by set and class, and the newest rating, each with its 95 % interval."""
        rows = Table.grid(padding=(0, 2))
        for name, rate in report.grades.items():
            if not name.startswith(MISTAKES):
                rows.add_row(Text(name.replace("_", " "), "bold"), f"{rate:.2%}", Text(spark(self.history[name], 14)))
                continue
            each, how, _ = split_rate_name(name)
            if how == "raw":
                alone = self._cells(name, report.grades)
                searched = self._cells(RateName(each, "search").text, report.grades)
                rows.add_row(Text(f"mistakes on {set_title(each)}", "bold"), *alone, *searched)
                for kind in report.by_class:
                    if kind.startswith(f"{BY_CLASS}{each}/raw/"):
                        pair = (kind, kind.replace("/raw/", "/search/"))
                        cells = [cell for key in pair for cell in self._cells(key, report.by_class)]
                        rows.add_row(f"  {split_rate_name(kind).class_name}", *cells, style="dim")
        if any(name.startswith(MISTAKES) for name in report.grades):
            rows.add_row("", *(cell for how in HOW.values() for cell in (f"{how}, 95 %", "")), style="dim")
        if report.ratings:
            curve = Text(spark([point.elo for point in report.ratings], 14), "magenta")
            rows.add_row(Text(f"Elo, step {report.ratings[-1].step}", "bold"), elo(report), curve)
        return rows

    def _cells(self, name: str, rates: Mapping[str, float]) -> tuple[str, Text]:
        """A rate and its curve; nothing where there is none."""
        if name not in rates:
            return "", Text()
        return share(name, rates[name], self.counts), Text(spark(self.history.get(name, []), 14), "green")


def spark(values: list[float], width: int = 24) -> str:
    """A small curve of characters, from the lowest to the highest value."""
    if not values:
        return ""
    step = max(1, -(-len(values) // width))
    points = values[::step][-width:]
    low, high = min(points), max(points)
    return "".join(BARS[1 + round((v - low) / (high - low) * 7) if high > low else 1] for v in points)


def elo(report: ProgressReport) -> str:
    """The newest rating with its 95 % interval; empty without one."""
    return "".join(f"{p.elo:+.0f} ({p.low:+.0f} to {p.high:+.0f})" for p in report.ratings[-1:])


def share(name: str, rate: float, counts: Mapping[str, int]) -> str:
    """A rate of mistakes with its 95 % interval, where it is known how many positions it is of."""
    count = counts.get(name, 0)
    if not count:
        return f"{rate:.2%}"
    low, high = wilson_interval(round(rate * count), count)
    return f"{rate:.2%} ({low:.1%} to {high:.1%})"


def _of_play(report: ProgressReport) -> tuple[tuple[str, str, str], ...]:
    """What there is to see where games are played."""
    return (
        ("games", f"{report.games:,}", f"{report.games_per_second:,.0f}/s"),
        ("positions", f"{report.samples:,}", f"{report.moves_per_second:,.0f}/s"),
        ("simulations", "", f"{report.simulations_per_second:,.0f}/s"),
        ("evaluations", f"{report.cache_hits:.0%} cached", f"{report.evaluations_per_second:,.0f}/s"),
    )


def losses(report: ProgressReport) -> tuple[str, ...]:
    """Names of what is learned from: of policy and value where there are both, else of all of it."""
    names = ("policy_loss", "value_loss", "policy_accuracy") if "policy_loss" in report.losses else ("loss", "accuracy")
    return tuple(name for name in names if name in report.losses)


def line(report: ProgressReport, counts: Mapping[str, int]) -> str:
    """One line for a log."""
    words = [f"{report.minutes:5.1f} min", f"{report.progress:4.0%}", f"step {report.step}"]
    if report.games or report.moves_per_second:
        words += [f"games {report.games}", f"positions {report.samples}", f"{report.games_per_second:.1f} games/s"]
        words += [f"{report.evaluations_per_second:.0f} evaluations/s", f"{report.cache_hits:.0%} cached"]
    words.append(f"{report.trained_per_second:.0f} trained/s")
    words += [f"{name} {report.losses[name]:.3f}" for name in losses(report) if name.endswith("loss")]
    words += [f"{grade_title(name)} {share(name, rate, counts)}" for name, rate in report.grades.items()]
    words += [f"Elo {elo(report)} at step {report.ratings[-1].step}"] if report.ratings else []
    return "  ".join(words)


def summary(report: ProgressReport, counts: Mapping[str, int] | None = None) -> str:
    """What a finished run leaves on the screen."""
    numbers = {"games": report.games, "positions": report.samples, "steps": report.step}
    parts = [", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)]
    for name, rate in report.grades.items():
        parts.append(f"{grade_title(name)}: {share(name, rate, counts or {})}")
    parts += [f"Elo {elo(report)} at step {report.ratings[-1].step}, 95 %"] if report.ratings else []
    return "; ".join(filter(None, parts))
