"""One run's folder as data for a page.

Knows what lies in a run folder. Does not know HTML, or how curves are drawn.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from games.game import Game
from honte.report import boards, curves, played
from honte.report.alarms import Alarm, alarms
from selfplay import fsio
from selfplay.grading import interval
from training import checkpoints, grades, metrics, run_folder


@dataclass(frozen=True, kw_only=True)
class RunStory:
    """What a report says of one run."""

    name: str
    game: str
    status: str
    facts: list[tuple[str, str]]
    grades: list[dict[str, Any]]  # the newest, best and first of each
    alarms: list[Alarm]
    figures: list[curves.Figure]
    checkpoints: list[dict[str, Any]]
    board: dict[str, Any]
    games: list[dict[str, Any]]
    notes: list[str]
    config: Mapping[str, Any]
    inside: list[dict[str, Any]] = field(default_factory=list)  # cards of what a classifier has learned


def read(
    folder: str | Path,
    make: Callable[[str], Game],
    *,
    progress: Callable[[int, str], None] = lambda steps, text: None,
) -> RunStory:
    """Everything of a run. ``make`` turns the game's name in the config into a game.

    ValueError for a folder that is no run or has no metrics yet.
    """
    folder = Path(folder)
    config = run_folder.read_config(folder)
    if config is None:
        raise ValueError(f"{folder} is no run: it has no {run_folder.CONFIG}")
    records = metrics.read(folder)
    if not records:
        raise ValueError(f"{folder} has nothing to report yet: {metrics.FILE} holds no record")
    if "dataset" in config:
        from honte.report import classified

        return classified.read(folder, config, records)
    game = make(str(config.get("game", "")))
    counts, at = grades.counts(game), curves.positions(records)
    games = played.read(game, folder, progress=progress)
    figures = [
        *curves.mistakes(records, counts),
        *curves.learning(records),
        *played.figures(games, at, curves.column(records, "window")),
        *curves.machine(records),
    ]
    made, kept = int(records[-1].get("games", 0)), sum(batch.games for batch in games.batches)
    if kept < made:
        games.notes.append(
            f"what is said of games comes from {kept:,} of {made:,}: older ones left the disk with the window"
        )
    shown = [boards.told(game, record, why) for why, record in boards.chosen(game, games.newest, games.oldest)]
    return RunStory(
        name=folder.resolve().name,
        game=game.name,
        status=status(folder),
        facts=_facts(folder, config, records, games),
        grades=_grades(records, counts),
        alarms=alarms(records, games.batches, config, counts),
        figures=figures,
        checkpoints=checkpoints_of(folder, records),
        board=boards.board(game, shown),
        games=shown,
        notes=games.notes,
        config=config,
    )


def status(folder: Path) -> str:
    """Whether the run is running, stopped or finished, and why."""
    if fsio.holder(folder) is not None:
        return "running"
    said = run_folder.read_status(folder) or {}
    finished = said.get("status") == "finished"
    return f"finished: {said.get('reason', '')}".rstrip(": ") if finished else "stopped"


def _facts(
    folder: Path, config: Mapping[str, Any], records: list[dict[str, Any]], games: played.Played
) -> list[tuple[str, str]]:
    last = records[-1]
    network, search = config.get("network") or {}, (config.get("self_play") or {}).get("search") or {}
    distinct, total = played.distinct_positions(games)
    facts = [
        ("minutes", f"{last.get('minutes', math.nan):,.1f}"),
        ("games", f"{last.get('games', 0):,.0f}"),
        ("samples", f"{last.get('samples', 0):,.0f}"),
        ("learning steps", f"{last['step']:,}"),
        ("network", f"{network.get('blocks', '?')} × {network.get('channels', '?')}{parameters(folder)}"),
        ("search", f"{search.get('rule', '?')}, {search.get('num_simulations', '?')} simulations"),
        ("seed", f"{config.get('seed', '?')}{', deterministic' if config.get('deterministic') else ''}"),
        ("begun", time.strftime("%Y-%m-%d %H:%M", time.localtime(records[0].get("time", 0)))),
    ]
    if total:
        read = sum(batch.games for batch in games.batches)
        facts.append(
            ("distinct positions", f"{distinct:,} of {total:,} ({distinct / total:.0%}) in {read:,} games read")
        )
    return facts


def parameters(folder: Path) -> str:
    """Of the newest network that can be read."""
    for step in reversed(checkpoints.steps(folder / run_folder.CHECKPOINTS)):
        path = folder / run_folder.CHECKPOINTS / str(step) / "model.safetensors"
        try:
            with path.open("rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        except (OSError, ValueError, OverflowError, MemoryError):
            continue
        shapes = [each["shape"] for name, each in header.items() if name != "__metadata__" and "running_" not in name]
        return f", {sum(math.prod(shape) for shape in shapes):,} parameters"
    return ""


def _grades(records: list[dict[str, Any]], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    rows, names = curves.looks(records)
    found = []
    for name in names:
        known = [(records[i], records[i][name]) for i in rows if math.isfinite(records[i].get(name, math.nan))]
        if not known:
            continue
        count, (record, share) = counts.get(name, 0), known[-1]
        best_record, best = min(known, key=lambda pair: pair[1])
        each: dict[str, Any] = {"name": name, "set": name.split("/")[1], "how": name.split("/")[2], "count": count}
        each |= {"rate": share, "minutes": record["minutes"], "best": best, "best_minutes": best_record["minutes"]}
        each |= {"first": known[0][1], "interval": list(interval(round(share * count), count)) if count else None}
        found.append(each)
    return found


def checkpoints_of(folder: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kept checkpoint: step, time of work, games, the model's sha256 from its manifest, bytes, grades then."""
    found = []
    for step in reversed(checkpoints.steps(folder / run_folder.CHECKPOINTS)):
        path = folder / run_folder.CHECKPOINTS / str(step)
        each: dict[str, Any] = {"step": step, "sha256": "", "problem": ""}
        try:
            state = checkpoints.load(folder / run_folder.CHECKPOINTS, step).state
            files = json.loads((path / fsio.MANIFEST).read_bytes())["files"]
            sha256, size = files["model.safetensors"]
            each |= {"minutes": state.get("minutes"), "games": state.get("num_games")}
            each |= {"sha256": sha256, "bytes": size}
        except (ValueError, OSError, KeyError, TypeError) as error:
            each["problem"] = str(error)
        nearest = min(records, key=lambda record: abs(record["step"] - step))
        each["grades"] = {name: value for name, value in nearest.items() if name.startswith("mistakes/")}
        found.append(each)
    return found
