"""Reads the folder of a run of games and returns the content of its report.

Knows the files in such a folder. Does not know HTML, or how curves are drawn. ``classifier.py`` reads runs of
``honte classify``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from games.game import Game
from honte.drawing.page_board import page_board
from honte.report import boards, classifier, curves, stored_games
from honte.report.health_checks import run_checks
from honte.report.summary import RunReport, describe_checkpoints, format_minutes, parameters_text, status
from selfplay.solved.grading import wilson_interval
from training.evaluation import rating_curve, solved_positions
from training.evaluation.forecast import forecast_elo
from training.evaluation.promotion import best_step
from training.evaluation.rating_curve import RatingCurve
from training.evaluation.solved_positions import BY_CLASS, split_rate_name
from training.run import metrics, run_folder


def read(
    folder: str | Path,
    make: Callable[[str], Game],
    *,
    progress: Callable[[int, str], None] = lambda steps, text: None,
) -> RunReport:
    """The report of the run in ``folder``. ``make`` turns the name of the game in its configuration into a game.

    ValueError for a folder that is no run or has no metrics yet.
    """
    folder = Path(folder)
    config = run_folder.read_config(folder)
    if config is None:
        raise ValueError(f"{folder} is no run: it has no file {run_folder.CONFIG}")
    records = metrics.read(folder)
    if not records:
        raise ValueError(f"{folder} has nothing to report yet: its {metrics.FILE} is empty or missing")
    if "dataset" in config:
        return classifier.read(folder, config, records)
    game = make(str(config.get("game", "")))
    counts, at = solved_positions.count_positions(game, folder), curves.positions(records)
    games = stored_games.read(game, folder, progress=progress)
    ratings = read_ratings(folder, games.notes)
    figures = [
        *curves.mistakes(records, counts),
        *curves.by_class(records, counts),
        *curves.ratings(*rating_points(ratings, records, at)),
        *curves.learning(records),
        *stored_games.figures(games, at, curves.column(records, "window")),
        *curves.machine(records),
    ]
    num_played, num_read = int(records[-1].get("games", 0)), sum(shard.games for shard in games.shards)
    if num_read < num_played:
        games.notes.append(
            f"the statistics of games come from {num_read:,} of {num_played:,} games: the run deletes games that are"
            " older than its replay window"
        )
    samples = [
        boards.game_as_json(game, record, why) for why, record in boards.choose_games(game, games.newest, games.oldest)
    ]
    return RunReport(
        name=folder.resolve().name,
        game=game.name,
        status=status(folder),
        facts=[
            *_facts(folder, config, records, games),
            *_best_checkpoint(folder, ratings, games.notes),
            *_forecast(ratings),
        ],
        grades=_grades(records, counts),
        classes=_classes(records, counts),
        checks=run_checks(
            records, games.shards, config, counts, lambda newest: stored_games.coverage_of_newest(game, games, newest)
        ),
        figures=figures,
        checkpoints=describe_checkpoints(folder, records, ratings),
        board=page_board(game.board),
        games=samples,
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
        ("minutes", format_minutes(last.get("minutes", math.nan))),
        ("games", f"{last.get('games', 0):,.0f}"),
        ("samples", f"{last.get('samples', 0):,.0f}"),
        ("learning steps", f"{last['step']:,}"),
        (
            "network",
            f"{network.get('blocks', '?')} blocks, {network.get('channels', '?')} channels{parameters_text(folder)}",
        ),
        ("search", f"{search.get('rule', '?')}, {search.get('num_simulations', '?')} simulations per move"),
        ("seed", f"{config.get('seed', '?')}{', deterministic' if config.get('deterministic') else ''}"),
        ("started", time.strftime("%Y-%m-%d %H:%M", time.localtime(records[0].get("time", 0)))),
    ]
    if total:
        num_read = sum(shard.games for shard in games.shards)
        facts.append(
            ("distinct positions", f"{distinct:,} of {total:,} ({distinct / total:.0%}) in {num_read:,} stored games")
        )
    return facts


def _grades(records: list[dict[str, Any]], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    rows, names = curves.graded_records(records)
    grades = []
    for name in names:
        values = [(records[i], records[i][name]) for i in rows if math.isfinite(records[i].get(name, math.nan))]
        if not values:
            continue
        count, (record, share) = counts.get(name, 0), values[-1]
        best_record, best = min(values, key=lambda pair: pair[1])
        rate = split_rate_name(name)
        grade: dict[str, Any] = {"name": name, "set": rate.set_name, "how": rate.how, "count": count}
        grade |= {"rate": share, "minutes": record["minutes"], "best": best, "best_minutes": best_record["minutes"]}
        grade |= {"first": values[0][1], "interval": _interval(share, count)}
        grades.append(grade)
    return grades


def _interval(share: float, count: int) -> list[float] | None:
    """The 95 % interval of a share of ``count`` positions; None where their number is not known."""
    return list(wilson_interval(round(share * count), count)) if count else None


def _classes(records: list[dict[str, Any]], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row for each class of positions of a set: the newest rates of mistakes of the network only and with search."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name, share in records[-1].items():
        if name.startswith(BY_CLASS) and math.isfinite(share):
            each, how, class_name = split_rate_name(name)
            count = counts.get(name, 0)
            row = rows.setdefault((each, class_name), {"set": each, "class": class_name})
            row[how] = {"rate": share, "count": count, "interval": _interval(share, count)}
    return list(rows.values())


def read_ratings(folder: Path, notes: list[str]) -> RatingCurve:
    try:
        return rating_curve.read_curve(folder)
    except ValueError as error:
        notes.append(f"the ratings are missing here: {error}")
        return RatingCurve()


def rating_points(
    ratings: RatingCurve, records: list[dict[str, Any]], at: Mapping[str, Any]
) -> tuple[list[tuple[dict[str, float], float, float, float]], list[tuple[str, float]]]:
    """(place on each axis, Elo, low, high) of each rated checkpoint, and (player, Elo) of each anchor."""
    points = []
    for point in ratings.points:
        nearest = min(range(len(records)), key=lambda i: abs(records[i]["step"] - point.step))
        place = {axis: float(values[nearest]) for axis, values in at.items()}
        points.append((place, point.elo, point.low, point.high))
    return points, [(anchor.player, anchor.elo) for anchor in ratings.anchors]


def _forecast(ratings: RatingCurve) -> list[tuple[str, str]]:
    """The Elo that twice the training time is expected to reach; empty where there are too few ratings."""
    minutes = 2 * max((point.minutes for point in ratings.points), default=0.0)
    found = forecast_elo(ratings.points, minutes)
    if found is None:
        return []
    return [
        (f"forecast for {format_minutes(minutes)}", f"Elo {found.elo:+.0f} ({found.low:+.0f} to {found.high:+.0f})")
    ]


def _best_checkpoint(folder: Path, ratings: RatingCurve, notes: list[str]) -> list[tuple[str, str]]:
    """The checkpoint that a sequential test promoted, with its rating; empty where there is none yet."""
    try:
        step = best_step(folder)
    except ValueError as error:
        notes.append(str(error))
        return []
    if step is None:
        return []
    rating = next((f", Elo {p.elo:+.0f} ({p.low:+.0f} to {p.high:+.0f})" for p in ratings.points if p.step == step), "")
    return [("best checkpoint", f"step {step:,}{rating}")]
