"""Writes the page: the reports of runs as JSON inside one HTML file that loads no other file.

Knows the template and how to put JSON into HTML safely. Does not know what the data means.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from honte import __version__
from honte.report.curves import AXES, Figure
from honte.report.embedded_modules import bundle
from honte.report.summary import RunReport
from training.run.progress import grade_title, set_title

SECTIONS = ("strength", "games", "learning", "machine")


def html(runs: Sequence[RunReport]) -> str:
    """The page of one run, or of several in the same charts. ValueError where two runs have the same name."""
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two runs are called {double}: rename one of the folders")
    title = " · ".join(names)
    figures = join_figures(runs)
    axes = {axis for figure in figures for curve in figure["curves"] for axis, x in curve["at"].items() if any(x)}
    content = {
        "title": title,
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "version": __version__,
        "axes": {axis: title for axis, title in AXES.items() if axis in axes},
        "figures": figures,
        "titles": {grade: grade_title(grade) for run in runs for grade in _rate_names(run)},
        "sets": {row["set"]: set_title(row["set"]) for run in runs for row in run.classes},
        "runs": [_run_as_json(run) for run in runs],
    }
    parts = {
        "TITLE": escape(f"{title} – honte"),
        "STYLE": _file("page.css"),
        "SCRIPT": bundle("report/page.js", _module),
        "DATA": embed_json(content),
    }
    page = _file("page.html")
    for name, text in parts.items():
        page = page.replace(f"/*{name}*/", text, 1)
    return page


def join_figures(runs: Sequence[RunReport]) -> list[dict[str, Any]]:
    """One figure for each key, with the curves of every run that has it, sorted by section."""
    figures: dict[str, dict[str, Any]] = {}
    for number, run in enumerate(runs):
        for figure in run.figures:
            joined = figures.setdefault(figure.key, _empty_figure(figure))
            joined["curves"] += [{"run": number, **dataclasses.asdict(curve)} for curve in figure.curves]
    return sorted(figures.values(), key=lambda figure: SECTIONS.index(figure["section"]))


def _rate_names(run: RunReport) -> list[str]:
    """The names of all rates that the tables of a run show."""
    return [*(grade["name"] for grade in run.grades), *(name for each in run.checkpoints for name in each["grades"])]


def _empty_figure(figure: Figure) -> dict[str, Any]:
    content = {field.name: getattr(figure, field.name) for field in dataclasses.fields(figure)}
    return {**content, "curves": []}


def _run_as_json(run: RunReport) -> dict[str, Any]:
    """All of a run except its figures: ``join_figures`` makes those of all runs."""
    content = {field.name: getattr(run, field.name) for field in dataclasses.fields(run) if field.name != "figures"}
    return {**content, "checks": [check._asdict() for check in run.checks]}


def embed_json(content: Any) -> str:
    """``content`` as JSON for a script element: no character of it can end the element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _module(path: str) -> str:
    """The text of a module of this package; ``path`` starts at its folder."""
    return resources.files("honte").joinpath(path).read_text(encoding="utf-8")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
