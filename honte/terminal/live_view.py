"""The live view of a training run: a panel on a terminal, plain lines elsewhere.

Knows reports. Does not know where they come from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from honte.command_line import format_duration
from selfplay.solved.grading import wilson_interval
from training.evaluation.forecast import Forecast, forecast_elo
from training.evaluation.rating_curve import FIRST_MINUTES, RatedCheckpoint
from training.evaluation.solved_positions import BY_CLASS, MISTAKES
from training.run.progress import METHOD_TITLES, STAGES, ProgressReport, grade_title, set_title

LINE_SECONDS = 15.0
"""Seconds between two lines where stderr is not a terminal."""

BARS = " ▁▂▃▄▅▆▇█"
NARROW, WIDE = 76, 100
"""From NARROW columns on the view shows 95 % intervals, from WIDE columns on it shows curves, too."""

NEARLY_DONE = 0.95
"""No forecast is shown after this share of a run."""

LARGEST_WIDTH = 110
LONGEST_WORD = len("evaluations")
NOT_MEASURED = "not measured yet"


class LiveView:
    """A context manager; ``show`` takes each report."""

    def __init__(
        self,
        game: str,
        folder: str,
        *,
        counts: Mapping[str, int] | None = None,
        rating_minutes: float = 0.0,
        as_lines: bool = False,
    ) -> None:
        """``counts`` {mistake rate: number of positions} give the rates their intervals.

        ``rating_minutes``: minutes of training between two ratings; 0: there are no ratings.
        """
        self.game, self.folder, self.counts, self.rating_minutes = game, folder, counts or {}, rating_minutes
        self.console = Console(stderr=True)
        self.live = None if as_lines or not self.console.is_terminal else Live(console=self.console, auto_refresh=False)
        self.history: dict[str, list[float]] = {}
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
        """Renew the panel, or print a line when the last one is old enough; notes are printed at once."""
        for note in report.notes:
            self.console.print(f"[yellow]note:[/] {note}")
        report.notes.clear()
        for name, value in (report.losses | report.grades | report.by_class).items():
            self.history.setdefault(name, []).append(value)
        if self.live:
            self.live.update(self.panel(report, self.console.width), refresh=True)
        elif time.monotonic() - self.last_line >= LINE_SECONDS or report.progress >= 1:
            self.last_line = time.monotonic()
            self.console.print(line(report, self.counts), soft_wrap=True, highlight=False)

    def panel(self, report: ProgressReport, width: int) -> Panel:
        """The whole view for a terminal of ``width`` columns; what matters most comes first, where nothing cuts it."""
        width = min(width, LARGEST_WIDTH)
        bar = Table.grid()
        bar.add_row(ProgressBar(100, 100 * report.progress, width=min(60, width - 4)))
        bar.add_row(time_text(report))
        speeds, losses = self._speeds(report, width), self._losses(report, width)
        parts: list[RenderableType] = [speeds, "", losses] if losses.row_count else [speeds]
        if losses.row_count and width >= NARROW:
            parts = [_beside(speeds, losses)]
        content = Group(bar, "", *self._strength(report, width), "", *parts)
        return Panel(content, title=f"honte learns {self.game}", subtitle=self.folder, width=width)

    def _speeds(self, report: ProgressReport, width: int) -> Table:
        """What was done so far, and how much of it in a second."""
        rows = _table(2, width)
        for name, total, speed in (
            *(_self_play(report) if report.moves_per_second or report.games else ()),
            *((("replay window", f"{report.window:,}", ""),) if report.window else ()),
            ("training samples", f"{report.trained:,}", f"{report.trained_per_second:,.0f}/s"),
            ("training steps", f"{report.step:,}", ""),
        ):
            rows.add_row(Text(name, "bold"), total, Text(speed, "cyan"))
        return rows

    def _losses(self, report: ProgressReport, width: int) -> Table:
        rows = _table(1, width)
        for name in loss_names(report):
            curve = spark(self.history.get(name, []), 24) if width >= WIDE else ""
            value = f"{report.losses[name]:.1%}" if name.endswith("accuracy") else f"{report.losses[name]:.3f}"
            rows.add_row(Text(name.replace("_", " "), "bold"), value, curve)
        return rows

    def _strength(self, report: ProgressReport, width: int) -> list[RenderableType]:
        """Accuracy, mistakes on solved positions by set and class, and the newest rating."""
        parts: list[RenderableType] = []
        plain = {name: rate for name, rate in report.grades.items() if not name.startswith(MISTAKES)}
        if plain:
            rows = _table(1, width)
            for name, rate in plain.items():
                rows.add_row(Text(name.replace("_", " "), "bold"), f"{rate:.2%}", spark(self.history.get(name, []), 14))
            parts.append(rows)
        if len(plain) < len(report.grades):
            interval = " (95 % interval)" if self.counts and width >= NARROW else ""
            parts += [Text(f"mistakes on solved positions{interval}", "bold"), self._mistakes(report, width)]
        if report.ratings:
            rows = _table(1, width)
            curve = spark([point.elo for point in report.ratings], 14) if width >= NARROW else ""
            rows.add_row(Text(f"Elo at step {report.ratings[-1].step:,}", "bold"), elo(report), Text(curve, "magenta"))
            if forecast := forecast_at_end(report):
                rows.add_row(Text("Elo forecast at the end", "bold"), interval_text(forecast), "")
            parts.append(rows)
        if parts:
            return parts
        first = f", the first rating follows after {format_duration(60 * min(self.rating_minutes, FIRST_MINUTES))}"
        return [Text.assemble(("strength", "bold"), f" {NOT_MEASURED}{first if self.rating_minutes else ''}")]

    def _mistakes(self, report: ProgressReport, width: int) -> Table:
        """One row for each set of positions and for each class in it: the network only, and with search."""
        rows = _table(2, width)
        heads = [how if width >= NARROW else how.replace(" ", "\n") for how in METHOD_TITLES.values()]
        rows.add_row("", *(Text(head, "dim", justify="right") for head in heads))
        for name in report.grades:
            if not name.startswith(MISTAKES) or not name.endswith("/raw"):
                continue
            each = name.split("/")[1]
            rows.add_row(_set_name(each), *self._cells(name, report.grades, width))
            for kind in report.by_class:
                if kind.startswith(f"{BY_CLASS}{each}/raw/"):
                    cells = self._cells(kind, report.by_class, width)
                    rows.add_row(f"  {_class_name(kind.split('/')[3])}", *cells, style="dim")
        return rows

    def _cells(self, name: str, rates: Mapping[str, float], width: int) -> list[str]:
        """A mistake rate of the network only and with search; a dash where one is not measured."""
        found = []
        for key in (name, name.replace("/raw", "/search", 1)):
            if key not in rates:
                found.append("-")
            elif width >= WIDE:
                found.append(f"{share(key, rates[key], self.counts)} {spark(self.history.get(key, []), 8):<8}")
            elif width >= NARROW:
                found.append(share(key, rates[key], self.counts))
            else:
                found.append(f"{rates[key]:.1%}")
        return found


def _set_name(name: str) -> str:
    """A set of positions below a heading that says positions: "middle_easy" is "easy middle-game"."""
    title = set_title(name)
    return title.removesuffix(" positions") if name.partition("_")[0] in STAGES else title


def _class_name(name: str) -> str:
    """A class of positions: "end hard" is "hard endgame"."""
    stage, _, level = name.partition(" ")
    return f"{level} {STAGES.get(stage, stage)}".strip()


def _table(numbers: int, width: int) -> Table:
    """A grid whose first column is text, which wraps between words where it must; columns of numbers follow."""
    grid = Table.grid(padding=(0, 2 if width >= NARROW else 1))
    grid.add_column(min_width=LONGEST_WORD, no_wrap=width >= NARROW)
    for _ in range(numbers):
        grid.add_column(justify="right", no_wrap=True)
    return grid


def _beside(left: Table, right: Table) -> Table:
    """Two tables next to each other."""
    body = Table.grid(padding=(0, 4))
    body.add_row(left, right)
    return body


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
    return "".join(map(interval_text, report.ratings[-1:]))


def interval_text(rating: RatedCheckpoint | Forecast) -> str:
    """A rating and its 95 % interval."""
    return f"{rating.elo:+.0f} ({rating.low:+.0f} to {rating.high:+.0f})"


def forecast_at_end(report: ProgressReport) -> Forecast | None:
    """The Elo that the run will have at its end; None where it is unknown, or where the run is nearly done."""
    if not 0 < report.progress < NEARLY_DONE:
        return None
    return forecast_elo(report.ratings, report.minutes / report.progress)


def gain_text(ratings: Sequence[RatedCheckpoint]) -> str:
    """What twice the training time would bring; empty where there are too few ratings for a forecast."""
    twice = 2 * max((point.minutes for point in ratings), default=0.0)
    forecast = forecast_elo(ratings, twice)
    return f"Elo forecast for {format_duration(60 * twice)}: {interval_text(forecast)}" if forecast else ""


def share(name: str, rate: float, counts: Mapping[str, int]) -> str:
    """A mistake rate, with its 95 % interval where the number of positions is known."""
    count = counts.get(name, 0)
    if not count:
        return f"{rate:.2%}"
    low, high = wilson_interval(round(rate * count), count)
    return f"{rate:.2%} ({low:.1%} to {high:.1%})"


def time_text(report: ProgressReport) -> str:
    """How much of the run is done, how long it took, and about how long the rest takes."""
    done = f"{report.progress:.0%} done in {format_duration(60 * report.minutes)}"
    if report.progress >= 1:
        return done
    if not report.progress:
        return f"{done}, time left unknown"
    return f"{done}, about {format_duration(60 * report.minutes * (1 / report.progress - 1))} left"


def _self_play(report: ProgressReport) -> tuple[tuple[str, str, str], ...]:
    """The rows of a run that plays games."""
    return (
        ("games", f"{report.games:,}", f"{report.games_per_second:,.0f}/s"),
        ("positions", f"{report.samples:,}", f"{report.moves_per_second:,.0f}/s"),
        ("simulations", "", f"{report.simulations_per_second:,.0f}/s"),
        ("network evaluations", f"{report.cache_hits:.0%} cached", f"{report.evaluations_per_second:,.0f}/s"),
    )


def loss_names(report: ProgressReport) -> tuple[str, ...]:
    """The names of the losses and accuracies to show: of policy and value, or of the only loss there is."""
    names = ("policy_loss", "value_loss", "policy_accuracy") if "policy_loss" in report.losses else ("loss", "accuracy")
    return tuple(name for name in names if name in report.losses)


def line(report: ProgressReport, counts: Mapping[str, int]) -> str:
    """One line for a log."""
    words = [time_text(report), f"step {report.step}"]
    if report.games or report.moves_per_second:
        words += [f"games {report.games}", f"positions {report.samples}", f"{report.games_per_second:.1f} games/s"]
        words += [f"{report.evaluations_per_second:.0f} evaluations/s", f"{report.cache_hits:.0%} cached"]
    words.append(f"{report.trained_per_second:.0f} training samples/s")
    words += [
        f"{name.replace('_', ' ')} {report.losses[name]:.3f}" for name in loss_names(report) if name.endswith("loss")
    ]
    words += [f"{grade_title(name)} {share(name, rate, counts)}" for name, rate in report.grades.items()]
    words += [f"Elo {elo(report)} at step {report.ratings[-1].step}"] if report.ratings else []
    if forecast := forecast_at_end(report):
        words.append(f"Elo forecast at the end {interval_text(forecast)}")
    words += [] if report.grades or report.ratings else [f"strength {NOT_MEASURED}"]
    return "  ".join(words)


def summary(report: ProgressReport, counts: Mapping[str, int] | None = None) -> str:
    """What a finished run leaves on the screen."""
    numbers = {"games": report.games, "positions": report.samples, "training steps": report.step}
    parts = [", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)]
    for name, rate in report.grades.items():
        parts.append(f"{grade_title(name)}: {share(name, rate, counts or {})}")
    parts += [f"Elo {elo(report)} at step {report.ratings[-1].step}"] if report.ratings else []
    parts += [gain_text(report.ratings)]
    intervals = [name for name in report.grades if (counts or {}).get(name)] or report.ratings
    return "\n".join(filter(None, parts)) + (" (95 % intervals)" if intervals else "")
