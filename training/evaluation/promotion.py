"""The best checkpoint of a run (``RUN@best``): a checkpoint is promoted when it passes a sequential test.

The test is a match against the best checkpoint so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.player_identity import Identity, identify_player
from agent.storage import durable_files, model_folder
from games.game import Game
from selfplay.matches.match import MatchResult, play_match
from selfplay.matches.match_store import MatchStore
from selfplay.matches.sprt import Sprt
from training.evaluation.rating_curve import Load, checkpoint_text

TESTS = "promotions"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """The result of a checkpoint's test against the best one."""

    step: int  # of the checkpoint that was tested
    best: int  # step of the checkpoint that is the best now
    promoted: bool
    result: MatchResult | None  # None when there was no match: for the first checkpoint, and for equal networks


def promote(
    run: Path,
    game: Game,
    load: Load,
    *,
    test: Sprt,
    step: int | None = None,
    games: int = 1000,
    opening_plies: int = 2,
    num_slots: int = 64,
    settings: str = "",
    progress: Callable[[int], None] = lambda games: None,
) -> Promotion:
    """Test whether checkpoint ``step`` (None: the newest) is better than the best one; if so, it becomes the best.

    It is better when the test accepts H1 within ``games`` games. The games are stored in ``run/promotions``, and a test
    that was stopped is continued.
    """
    newest, best = model_folder.find_model(str(run) if step is None else f"{run}@{step}"), run / model_folder.BEST
    step = int(newest.name) if newest.name.isdecimal() else 0
    old = best_step(run)
    if old is None or old == step:
        if old is None:
            _write_best(best, newest, {"step": step, "against": None})
        return Promotion(step=step, best=step, promoted=old is None, result=None)
    candidate, champion = (identify_player(checkpoint_text(run, each, settings)) for each in (step, model_folder.BEST))
    if candidate.digest == champion.digest:  # self-play had no new weights between the two checkpoints
        return Promotion(step=step, best=old, promoted=False, result=None)
    with _test_folder(run, game, step, old, candidate, champion, opening_plies) as folder:
        num_reported = len(folder.records)

        def report(finished: int, counts: object, llr: object) -> None:
            nonlocal num_reported
            progress(finished - num_reported)
            num_reported = finished

        result = play_match(
            game,
            load(candidate.name),
            load(champion.name),
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
    run: Path, game: Game, step: int, old: int, candidate: Identity, champion: Identity, plies: int
) -> MatchStore:
    agreement = {"a_sha256": candidate.digest, "b_sha256": champion.digest, "openings": {"plies": plies}, "seed": 0}
    return MatchStore(run / TESTS / f"{step}-{old}", game, (candidate.name, f"{run}@{old}"), agreement)


def best_step(run: str | Path) -> int | None:
    """The step of the run's best checkpoint; None while there is none."""
    folder = Path(run) / model_folder.BEST
    if not folder.is_dir():
        return None
    try:
        return int(json.loads(durable_files.read_folder(folder, ["best.json"])["best.json"])["step"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{folder} is damaged, remove it: {error}") from error


def _write_best(best: Path, source: Path, content: dict[str, Any]) -> None:
    files = {name: (source / name).read_bytes() for name in ("model.safetensors", "config.json")}
    durable_files.write_folder(
        best, {**files, "best.json": (json.dumps({"schema": SCHEMA, **content}) + "\n").encode()}
    )
