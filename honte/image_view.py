"""The live view of a run that learns pictures: a panel on a terminal, plain lines elsewhere.

Knows reports. Does not know where they come from.
"""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from honte.live_view import LiveView, spark
from training.report import Report


class ImageView(LiveView):
    """As for games, with what there is to see of pictures."""

    def panel(self, report: Report) -> Panel:
        body = Table.grid(padding=(0, 3))
        speed = f"{report.trained_per_second:,.0f} pictures/s"
        body.add_row("trained on", f"{report.trained:,}", f"step {report.step:,}", speed)
        for name, value in {**report.losses, **report.grades}.items():
            if name in ("loss", "accuracy") or name in report.grades:
                shown = f"{value:.3f}" if name == "loss" else f"{value:.2%}"
                body.add_row(name.replace("_", " "), shown, "", spark(self.history[name]))
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(100, 100 * report.progress, width=60), f"{report.minutes:.1f} min")
        return Panel(Group(body, "", bar), title=f"honte learns {self.game}", subtitle=self.folder, width=110)

    def line(self, report: Report) -> str:
        words = [f"{report.minutes:5.1f} min", f"{report.progress:4.0%}", f"step {report.step}"]
        words.append(f"{report.trained_per_second:.0f} pictures/s")
        words += [f"loss {report.losses['loss']:.3f}"] if "loss" in report.losses else []
        return "  ".join(words + [f"{name} {value:.2%}" for name, value in report.grades.items()])


def summary(result: dict[str, Any]) -> str:
    """What a run leaves on the screen."""
    words = [f"{result['epochs']:g} epochs of {result['dataset']} with {result['model']}"]
    for name in ("test_accuracy", "validation_accuracy"):
        if result[name] is not None:
            words.append(f"{name.replace('_', ' ')} {result[name]:.2%}")
    for name, value in (result.get("attack") or {}).items():
        words.append(f"{name.replace('_', ' ')} {value:.2%}" if isinstance(value, float) else f"{name} {value}")
    return "; ".join(words)
