"""One run's folder as data for a page.

Knows what lies in the folder of a run of games. Does not know HTML, or how curves are drawn; of runs that learned
pictures ``classified.py`` tells.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from games.game import Game
from honte.report import boards, classifier, curves, stored_games
from honte.report.health_checks import run_checks
from honte.report.summary import RunStory, checkpoints_of, minutes, parameters, status
from selfplay.solved.grading import wilson_interval
from training.evaluation import rating_curve, solved_positions
from training.evaluation.promotion import best_step
from training.evaluation.rating_curve import RatingCurve
from training.evaluation.solved_positions import BY_CLASS
from training.run import metrics, run_folder


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
        return classifier.read(folder, config, records)
    game = make(str(config.get("game", "")))
    counts, at = solved_positions.count_positions(game, folder), curves.positions(records)
    games = stored_games.read(game, folder, progress=progress)
    rated = _ladder(folder, games.notes)
    figures = [
        *curves.mistakes(records, counts),
        *curves.by_class(records, counts),
        *curves.ratings(*_rated(rated, records, at)),
        *curves.learning(records),
        *stored_games.figures(games, at, curves.column(records, "window")),
        *curves.machine(records),
    ]
    made, kept = int(records[-1].get("games", 0)), sum(batch.games for batch in games.batches)
    if kept < made:
        games.notes.append(
            f"what is said of games comes from {kept:,} of {made:,}: older ones left the disk with the window"
        )
    shown = [
        boards.game_as_json(game, record, why) for why, record in boards.choose_games(game, games.newest, games.oldest)
    ]
    return RunStory(
        name=folder.resolve().name,
        game=game.name,
        status=status(folder),
        facts=_facts(folder, config, records, games) + _best(folder, rated, games.notes),
        grades=_grades(records, counts),
        classes=_classes(records, counts),
        alarms=run_checks(
            records, games.batches, config, counts, lambda newest: stored_games.covered(game, games, newest)
        ),
        figures=figures,
        checkpoints=checkpoints_of(folder, records, rated),
        board=boards.board(game, shown),
        games=shown,
        notes=games.notes,
        config=config,
    )


def _facts(
    folder: Path, config: Mapping[str, Any], records: list[dict[str, Any]], games: stored_games.StoredGames
) -> list[tuple[str, str]]:
    last = records[-1]
    network, search = config.get("network") or {}, (config.get("self_play") or {}).get("search") or {}
    distinct, total = stored_games.distinct_positions(games)
    facts = [
        ("minutes", minutes(last.get("minutes", math.nan))),
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


def _grades(records: list[dict[str, Any]], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    rows, names = curves.graded_records(records)
    found = []
    for name in names:
        known = [(records[i], records[i][name]) for i in rows if math.isfinite(records[i].get(name, math.nan))]
        if not known:
            continue
        count, (record, share) = counts.get(name, 0), known[-1]
        best_record, best = min(known, key=lambda pair: pair[1])
        each: dict[str, Any] = {"name": name, "set": name.split("/")[1], "how": name.split("/")[2], "count": count}
        each |= {"rate": share, "minutes": record["minutes"], "best": best, "best_minutes": best_record["minutes"]}
        each |= {
            "first": known[0][1],
            "interval": list(wilson_interval(round(share * count), count)) if count else None,
        }
        found.append(each)
    return found


def _classes(records: list[dict[str, Any]], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row for each class of positions of a set: mistakes alone and with search, as of the last look."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, share in records[-1].items():
        if name.startswith(BY_CLASS) and math.isfinite(share):
            _, each, how, kind = name.split("/")
            count = counts.get(name, 0)
            bounds = list(wilson_interval(round(share * count), count)) if count else None
            row = found.setdefault((each, kind), {"set": each, "class": kind})
            row[how] = {"rate": share, "count": count, "interval": bounds}
    return list(found.values())


def _ladder(folder: Path, notes: list[str]) -> RatingCurve:
    try:
        return rating_curve.read_curve(folder)
    except ValueError as error:
        notes.append(f"ratings are left out: {error}")
        return RatingCurve()


def _rated(
    found: RatingCurve, records: list[dict[str, Any]], at: Mapping[str, Any]
) -> tuple[list[tuple[dict[str, float], float, float, float]], list[tuple[str, float]]]:
    """Rated checkpoints where the records have them on each axis, and the anchors."""
    points = []
    for point in found.points:
        nearest = min(range(len(records)), key=lambda i: abs(records[i]["step"] - point.step))
        place = {axis: float(values[nearest]) for axis, values in at.items()}
        points.append((place, point.elo, point.low, point.high))
    return points, [(each.player, each.elo) for each in found.anchors]


def _best(folder: Path, found: RatingCurve, notes: list[str]) -> list[tuple[str, str]]:
    """The best checkpoint, as a test says, and its rating."""
    try:
        step = best_step(folder)
    except ValueError as error:
        notes.append(str(error))
        return []
    if step is None:
        return []
    rating = next((f", Elo {p.elo:+.0f} ({p.low:+.0f} to {p.high:+.0f})" for p in found.points if p.step == step), "")
    return [("best by a test", f"step {step:,}{rating}")]
