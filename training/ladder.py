"""A run's ladder: its checkpoints rated against fixed anchors, and ``best``, promoted by a test and never by hope.

Knows a run's checkpoints, tournaments and tests. Does not know the run's loop: it reads what the run has saved and
writes beside it, so it may go on in another process, now or later, and nothing that the run decides depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import models
from agent.identity import Identity, expanded, identity
from agent.player import Player
from games.game import Game
from selfplay import fsio
from selfplay.match import MatchResult, play_match
from selfplay.match_folder import MatchFolder
from selfplay.openings import openings
from selfplay.rating_store import RatingStore
from selfplay.sprt import Sprt
from selfplay.tournament import Pair, Standings, play_tournament, standings

RATINGS, TESTS, CURVE = "ratings", "promotions", "curve.json"
SCHEMA = 1

Load = Callable[[str], Player]
Progress = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A checkpoint's place."""

    step: int
    elo: float
    low: float  # the 95 % interval
    high: float
    games: int


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """How the newest checkpoint fared against the best one."""

    step: int
    best: int  # the step that is the best now
    promoted: bool
    result: MatchResult | None  # None for a first checkpoint, which nobody contests


def rate(
    run: Path,
    game: Game,
    load: Load,
    *,
    anchors: Sequence[str],
    every: int = 1,
    games: int = 40,
    opening_plies: int = 2,
    num_slots: int = 64,
    settings: str = "",
    progress: Progress = lambda games, text: None,
) -> list[Rated]:
    """Let every so many checkpoints have played ``games`` games with each anchor and the one before; the curve.

    The first of ``anchors`` is at 0. ``settings`` follow the ``?`` of every checkpoint. Games are in the database of
    ``run/ratings``, where checkpoints stay rated after they are deleted. ValueError for a run without checkpoints.
    """
    checkpoints = [identity(text) for text in expanded(f"{run}@every:{every}{'?' if settings else ''}{settings}")]
    entrants = [*(identity(text) for text in anchors), *checkpoints]
    pairs = _pairs(len(anchors), len(checkpoints))
    agreement = {"game": game.name, "seed": 0, "openings": {"plies": opening_plies}, "settings": settings}
    with RatingStore(run / RATINGS, agreement) as store:
        play_tournament(
            game,
            store,
            entrants,
            lambda a, b: [(load(a), load(b))],
            openings(game, games // 2, opening_plies),
            pairs=pairs,
            games=games,
            num_slots=num_slots,
            progress=progress,
        )
        now = standings(store, {anchors[0]: 0.0})
    points = curve(now)
    content = {"schema": SCHEMA, "anchor": anchors[0], "points": [vars(point) for point in points]}
    fsio.write_atomic(run / RATINGS / CURVE, (json.dumps(content, indent=1) + "\n").encode())
    return points


def _pairs(num_anchors: int, num_checkpoints: int) -> list[Pair]:
    """Anchors among themselves, each checkpoint with each anchor, and with the checkpoint before it."""
    anchors, rest = range(num_anchors), range(num_anchors, num_anchors + num_checkpoints)
    among = [(i, j) for i in anchors for j in anchors if i < j]
    return among + [(i, j) for j in rest for i in anchors] + [(j - 1, j) for j in rest[1:]]


def curve(now: Standings) -> list[Rated]:
    """The checkpoints among the players, by step."""
    points = []
    for i, player in enumerate(now.players):
        step = player.name.partition("?")[0].rpartition("@")[2]
        if step.isdecimal():
            low, high = now.ratings.interval(i)
            elo, games = float(now.ratings.elo[i]), sum(now.counts(i))
            points.append(Rated(step=int(step), elo=elo, low=low, high=high, games=games))
    return sorted(points, key=lambda point: point.step)


def read_curve(run: str | Path) -> list[Rated]:
    """The curve that ``rate`` left; empty without one. ValueError for a damaged file."""
    path = Path(run) / RATINGS / CURVE
    if not path.is_file():
        return []
    try:
        return [Rated(**point) for point in json.loads(path.read_bytes())["points"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: it is not a curve of ratings") from error


def promote(
    run: Path,
    game: Game,
    load: Load,
    *,
    test: Sprt,
    games: int = 1000,
    opening_plies: int = 2,
    num_slots: int = 64,
    settings: str = "",
    progress: Callable[[int], None] = lambda games: None,
) -> Promotion:
    """Test whether the newest checkpoint is better than the best one; if H1 is taken, it becomes the best.

    Undecided after ``games`` games, it does not. The games are in ``run/promotions``; a test that was stopped goes on.
    """
    newest, best = models.find(str(run)), run / models.BEST
    step = int(newest.name) if newest.name.isdecimal() else 0
    old = best_step(run)
    if old is None or old == step:
        if old is None:
            _write_best(best, newest, {"step": step, "against": None})
        return Promotion(step=step, best=step, promoted=old is None, result=None)
    query = f"?{settings}" if settings else ""
    candidate, holder = identity(f"{run}@{step}{query}"), identity(f"{run}@{models.BEST}{query}")
    with _test_folder(run, game, step, old, candidate, holder, opening_plies) as folder:
        done = len(folder.records)

        def report(finished: int, counts: object, llr: object) -> None:
            nonlocal done
            progress(finished - done)
            done = finished

        result = play_match(
            game,
            load(candidate.name),
            load(holder.name),
            games=games,
            opening_plies=opening_plies,
            num_slots=num_slots,
            sprt=test,
            folder=folder,
            progress=report,
        )
        folder.write_result(result.as_json())
    promoted = result.verdict == "H1"
    if promoted:
        _write_best(best, newest, {"step": step, "against": old, "games": result.games, "llr": result.llr})
    return Promotion(step=step, best=step if promoted else old, promoted=promoted, result=result)


def _test_folder(
    run: Path, game: Game, step: int, old: int, candidate: Identity, holder: Identity, plies: int
) -> MatchFolder:
    agreement = {"a_sha256": candidate.digest, "b_sha256": holder.digest, "openings": {"plies": plies}, "seed": 0}
    return MatchFolder(run / TESTS / f"{step}-{old}", game, (candidate.name, f"{run}@{old}"), agreement)


def best_step(run: str | Path) -> int | None:
    """The step of the run's best checkpoint; None before there is one."""
    folder = Path(run) / models.BEST
    if not folder.is_dir():
        return None
    try:
        return int(json.loads(fsio.read_folder(folder, ["best.json"])["best.json"])["step"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{folder} is damaged, remove it: {error}") from error


def _write_best(best: Path, source: Path, content: dict[str, Any]) -> None:
    files = {name: (source / name).read_bytes() for name in ("model.safetensors", "config.json")}
    fsio.write_folder(best, {**files, "best.json": (json.dumps({"schema": SCHEMA, **content}) + "\n").encode()})
