"""The numbers that were measured for a network: mistakes on solved positions, accuracies and ratings, from its run.

Nothing is measured here. Each number has the step of the checkpoint that it was measured at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agent.storage import model_folder
from agent.storage.model_folder import Model
from agent.storage.text_files import read_text
from games import Game
from selfplay.solved.grading import wilson_interval
from training.evaluation import rating_curve
from training.evaluation.promotion import best_step
from training.evaluation.solved_positions import MISTAKES, count_positions, split_rate_name
from training.run import metrics, run_folder
from training.run.progress import METHOD_TITLES, set_title

SCHEMA = 1
FILE = "eval_results.json"
LARGEST = 1 << 24

MISTAKE_RATE, ACCURACY, ELO = "mistake_rate", "accuracy", "elo"
COUNTERS = ("games", "samples", "trained", "minutes")
"""Names of the run's counters that a card shows."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measured number. Rates and their intervals are shares from 0 to 1."""

    metric: str  # mistake_rate, accuracy or elo
    data: str  # what it was measured on, in words: a set of solved positions, pictures, or the anchors
    how: str  # who chose the moves, "network only" or "with search"; for Elo the games, or the anchor
    value: float
    low: float | None = None  # the 95 % interval
    high: float | None = None
    count: int | None = None  # positions or games
    step: int | None = None  # of the checkpoint that was measured


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Everything that is known of a network; empty lists where nothing was measured."""

    game: str
    step: int | None = None  # of the network itself
    counters: Mapping[str, float] | None = None  # of the run when it had this step
    results: tuple[Measurement, ...] = ()
    curve: tuple[Measurement, ...] = ()  # ratings of the run's checkpoints
    anchors: tuple[Measurement, ...] = ()  # ratings of the players that do not change

    def as_json(self, sha256: str) -> dict[str, Any]:
        """The content of ``eval_results.json``; ``sha256`` is the hash of the weights."""
        return {"schema": SCHEMA, "model_sha256": sha256, **asdict(self)}


def short_name(model: Model) -> str:
    """The name of the game or the data set; of a user's file without its folder, which is nobody else's business."""
    return (model.pictures or model.game).replace("\\", "/").rpartition("/")[2]


def of_network(model: Model, sha256: str, game: Game | None) -> Measurements:
    """What was measured for the network in ``model.folder``, whose weights have the hash ``sha256``.

    The folder is part of a run, or an exported one that has its numbers beside it. Without ``game`` the numbers of
    positions are not known, so mistakes have no intervals.
    """
    run, step = _place(model.folder)
    if run is None:
        return _stored(model, sha256)
    records = [record for record in metrics.read(run) if step is None or record["step"] <= step]
    counts = count_positions(game, run) if game is not None else {}
    found = Measurements(game=short_name(model), step=step, results=_grades(records, counts))
    if records:
        last = records[-1]
        counters = {name: float(last[name]) for name in COUNTERS if math.isfinite(last.get(name, math.nan))}
        found = replace(found, counters=counters)
    if model.pictures:
        return found
    curve = rating_curve.read_curve(run)
    reference = f"{curve.anchors[0].player} at 0 Elo" if curve.anchors else "the anchors of the run"
    points = tuple(_rating(point, reference, f"{point.games:,} games", point.step) for point in curve.points)
    return replace(
        found,
        results=(*found.results, *(point for point in points if point.step == step)),
        curve=points,
        anchors=tuple(_rating(each, reference, each.player) for each in curve.anchors),
    )


def _place(folder: Path) -> tuple[Path | None, int | None]:
    """The run that ``folder`` is a checkpoint of, and its step; None where it is no part of a run."""
    run, step = None, int(folder.name) if folder.name.isdecimal() else None
    if step is not None and folder.parent.name == run_folder.CHECKPOINTS:
        run = folder.parents[1]
    elif step is not None and folder.parts[-3:-1] == tuple(model_folder.RATED.split("/")):
        run = folder.parents[2]
    elif folder.name == model_folder.BEST and run_folder.is_run(folder.parent):
        run, step = folder.parent, best_step(folder.parent)
    return run, step if run is not None else None


def _grades(records: list[dict[str, Any]], counts: Mapping[str, int]) -> tuple[Measurement, ...]:
    """The newest mistake rates and accuracies, each with the step at which it was measured."""
    found: dict[str, tuple[float, int]] = {}
    for name in {name: None for record in records for name in record}:
        if not name.startswith(MISTAKES) and name not in ("validation_accuracy", "test_accuracy"):
            continue
        value, step = math.nan, 0
        for record in records:  # a record repeats the numbers of the last measurement
            if name in record and math.isfinite(record[name]) and record[name] != value:
                value, step = record[name], int(record["step"])
        if math.isfinite(value):
            found[name] = value, step
    newest = max((step for name, (_, step) in found.items() if name.startswith(MISTAKES)), default=0)
    measurements = []
    for name, (value, step) in found.items():
        if not name.startswith(MISTAKES):
            data = f"{name.removesuffix('_accuracy')} pictures"
            measurements.append(Measurement(metric=ACCURACY, data=data, how="network only", value=value, step=step))
            continue
        rate, count = split_rate_name(name), counts.get(name)  # all sets are measured together
        low, high = wilson_interval(round(value * count), count) if count else (None, None)
        how = METHOD_TITLES.get(rate.how, rate.how)
        data = set_title(rate.set_name)
        measurements.append(
            Measurement(
                metric=MISTAKE_RATE, data=data, how=how, value=value, low=low, high=high, count=count, step=newest
            )
        )
    return tuple(measurements)


def _rating(point: Any, reference: str, how: str, step: int | None = None) -> Measurement:
    numbers = {"value": point.elo, "low": point.low, "high": point.high, "count": point.games}
    return Measurement(metric=ELO, data=reference, how=how, step=step, **numbers)


def _stored(model: Model, sha256: str) -> Measurements:
    """The numbers that an earlier export wrote beside the same weights; empty where there are none."""
    path, name = model.folder / FILE, short_name(model)
    try:
        content = json.loads(read_text(path, LARGEST))
        if content["schema"] != SCHEMA or content["model_sha256"] != sha256:
            return Measurements(game=name)
        lists = {key: tuple(Measurement(**each) for each in content[key]) for key in ("results", "curve", "anchors")}
        return Measurements(game=name, step=content["step"], counters=content["counters"], **lists)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Measurements(game=name)
