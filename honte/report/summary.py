"""The content of a report on one run, and what runs of games and of pictures share: status, size, checkpoints.

Knows the files that every run folder has. Does not know what the network learns.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from agent.storage import durable_files
from agent.storage.model_folder import count_parameters
from honte.report import curves
from honte.report.health_checks import HealthCheck
from training.evaluation.rating_curve import RatingCurve
from training.evaluation.solved_positions import MISTAKES
from training.run import checkpoints, run_folder


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """The content of the report on one run."""

    name: str
    game: str
    status: str
    facts: list[tuple[str, str]]
    grades: list[dict[str, Any]]  # rates of mistakes: the newest, the best and the first of each
    classes: list[dict[str, Any]]  # the newest rates of mistakes on each class of positions
    checks: list[HealthCheck]
    figures: list[curves.Figure]
    checkpoints: list[dict[str, Any]]
    board: dict[str, Any]
    games: list[dict[str, Any]]
    notes: list[str]
    config: Mapping[str, Any]
    inside: list[dict[str, Any]] = field(default_factory=list)  # cards that show what a classifier has learned


def status(folder: Path) -> str:
    """``running``, ``stopped`` or ``finished: REASON``."""
    if durable_files.lock_holder(folder) is not None:
        return "running"
    stored = run_folder.read_status(folder) or {}
    finished = stored.get("status") == "finished"
    return f"finished: {stored.get('reason', '')}".rstrip(": ") if finished else "stopped"


def format_minutes(minutes: float) -> str:
    """Minutes as text; two digits where it is less than one minute, so that a short run does not show 0."""
    return f"{minutes:,.1f}" if minutes >= 1 or not minutes else f"{minutes:.2g}"


def parameters_text(folder: Path) -> str:
    """The number of parameters of the newest network that can be read, as the end of a list; empty if there is none."""
    for step in reversed(checkpoints.list_steps(folder / run_folder.CHECKPOINTS)):
        with contextlib.suppress(OSError, SafetensorError):
            return f", {count_parameters(folder / run_folder.CHECKPOINTS / str(step)):,} parameters"
    return ""


def describe_checkpoints(
    folder: Path, records: list[dict[str, Any]], rating_curve: RatingCurve | None = None
) -> list[dict[str, Any]]:
    """Each stored checkpoint, newest first: step, minutes, games, SHA-256 and size of its model, mistakes, rating."""
    rows, ratings = [], {point.step: point for point in (rating_curve.points if rating_curve else ())}
    for step in reversed(checkpoints.list_steps(folder / run_folder.CHECKPOINTS)):
        path = folder / run_folder.CHECKPOINTS / str(step)
        row: dict[str, Any] = {"step": step, "sha256": "", "problem": ""}
        row["elo"] = vars(ratings[step]) if step in ratings else None
        try:
            state = checkpoints.load_checkpoint(folder / run_folder.CHECKPOINTS, step).state
            files = json.loads((path / durable_files.MANIFEST).read_bytes())["files"]
            sha256, size = files["model.safetensors"]
            row |= {"minutes": state.get("minutes"), "games": state.get("num_games")}
            row |= {"sha256": sha256, "bytes": size}
        except (ValueError, OSError, KeyError, TypeError) as error:
            row["problem"] = str(error)
        nearest = min(records, key=lambda record: abs(record["step"] - step))
        row["grades"] = {name: value for name, value in nearest.items() if name.startswith(MISTAKES)}
        rows.append(row)
    return rows
