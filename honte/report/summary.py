"""What a report says of one run, and what every run can say of itself: status, size, checkpoints.

Knows what lies in every run folder. Does not know what was learned there.
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
from training.run import checkpoints, run_folder


@dataclass(frozen=True, kw_only=True)
class RunStory:
    """What a report says of one run."""

    name: str
    game: str
    status: str
    facts: list[tuple[str, str]]
    grades: list[dict[str, Any]]  # the newest, best and first of each
    classes: list[dict[str, Any]]  # the newest mistakes on each class of positions
    alarms: list[HealthCheck]
    figures: list[curves.Figure]
    checkpoints: list[dict[str, Any]]
    board: dict[str, Any]
    games: list[dict[str, Any]]
    notes: list[str]
    config: Mapping[str, Any]
    inside: list[dict[str, Any]] = field(default_factory=list)  # cards of what a classifier has learned


def status(folder: Path) -> str:
    """Whether the run is running, stopped or finished, and why."""
    if durable_files.lock_holder(folder) is not None:
        return "running"
    said = run_folder.read_status(folder) or {}
    finished = said.get("status") == "finished"
    return f"finished: {said.get('reason', '')}".rstrip(": ") if finished else "stopped"


def minutes(spent: float) -> str:
    """Minutes for people; short runs took some time, too."""
    return f"{spent:,.1f}" if spent >= 1 or not spent else f"{spent:.2g}"


def parameters(folder: Path) -> str:
    """Of the newest network that can be read."""
    for step in reversed(checkpoints.list_steps(folder / run_folder.CHECKPOINTS)):
        with contextlib.suppress(OSError, SafetensorError):
            return f", {count_parameters(folder / run_folder.CHECKPOINTS / str(step)):,} parameters"
    return ""


def checkpoints_of(
    folder: Path, records: list[dict[str, Any]], rated: RatingCurve | None = None
) -> list[dict[str, Any]]:
    """Of each kept checkpoint: step, time of work, games, the model's sha256 from its manifest, bytes, grades then."""
    found, ratings = [], {point.step: point for point in (rated.points if rated else ())}
    for step in reversed(checkpoints.list_steps(folder / run_folder.CHECKPOINTS)):
        path = folder / run_folder.CHECKPOINTS / str(step)
        each: dict[str, Any] = {"step": step, "sha256": "", "problem": ""}
        each["elo"] = vars(ratings[step]) if step in ratings else None
        try:
            state = checkpoints.load_checkpoint(folder / run_folder.CHECKPOINTS, step).state
            files = json.loads((path / durable_files.MANIFEST).read_bytes())["files"]
            sha256, size = files["model.safetensors"]
            each |= {"minutes": state.get("minutes"), "games": state.get("num_games")}
            each |= {"sha256": sha256, "bytes": size}
        except (ValueError, OSError, KeyError, TypeError) as error:
            each["problem"] = str(error)
        nearest = min(records, key=lambda record: abs(record["step"] - step))
        each["grades"] = {name: value for name, value in nearest.items() if name.startswith("mistakes/")}
        found.append(each)
    return found
