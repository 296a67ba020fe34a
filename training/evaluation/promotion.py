"""A run's best checkpoint (``RUN@best``): promoted by a test and never by hope.

Knows a run's checkpoints and sequential tests. Does not know ratings, nor the run's loop.
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
    """How a checkpoint fared against the best one."""

    step: int
    best: int  # the step that is the best now
    promoted: bool
    result: MatchResult | None  # None for a first checkpoint, which nobody contests


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
    """Test whether checkpoint ``step`` (the newest) is better than the best one; if H1 is taken, it becomes the best.

    Undecided after ``games`` games, it does not. The games are in ``run/promotions``; a test that was stopped goes on.
    """
    newest, best = model_folder.find_model(str(run) if step is None else f"{run}@{step}"), run / model_folder.BEST
    step = int(newest.name) if newest.name.isdecimal() else 0
    old = best_step(run)
    if old is None or old == step:
        if old is None:
            _write_best(best, newest, {"step": step, "against": None})
        return Promotion(step=step, best=step, promoted=old is None, result=None)
    candidate, holder = (identify_player(checkpoint_text(run, each, settings)) for each in (step, model_folder.BEST))
    if candidate.digest == holder.digest:  # a checkpoint made before the playing network was renewed
        return Promotion(step=step, best=old, promoted=False, result=None)
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
) -> MatchStore:
    agreement = {"a_sha256": candidate.digest, "b_sha256": holder.digest, "openings": {"plies": plies}, "seed": 0}
    return MatchStore(run / TESTS / f"{step}-{old}", game, (candidate.name, f"{run}@{old}"), agreement)


def best_step(run: str | Path) -> int | None:
    """The step of the run's best checkpoint; None before there is one."""
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
