"""A run as JSON: its curves as they grow, its checkpoints as players, its newest games, and how checkpoints judge.

Knows the files of a run. Does not know requests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from agent.players import make_player
from agent.search.search import Search
from games import Position
from games.game import Game
from games.playouts import action_texts
from honte.report import curves, run
from honte.report.boards import choose_games
from honte.web.catalogue import Catalogue, OfferedPlayer, OfferedRun
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.problems import refuse
from honte.web.run_progress import progress_of
from honte.web.search.analysis import win_probability
from selfplay.records import GameRecord, list_shards, read_shard, replay
from training.evaluation import solved_positions
from training.run import metrics, run_folder

MOST_GAMES = 12
MOST_POLICY = 12

SHOWN_SETTINGS = ("seed", "deterministic", "max_minutes", "keep_checkpoints", "keep_every")


def signature(run_: OfferedRun) -> tuple[Any, ...]:
    """Changes whenever the run has something new to show."""
    folder, file = run_.folder, run_.folder / metrics.FILE
    size = file.stat().st_size if file.is_file() else 0
    shards = list(list_shards(folder / "games")) if (folder / "games").is_dir() else []
    checkpoints = folder / run_folder.CHECKPOINTS
    names = sorted(path.name for path in checkpoints.iterdir()) if checkpoints.is_dir() else []
    return size, shards[-1:], names[-1:], len(names), progress_of(folder)["running"]


def run_json(catalogue: Catalogue, run_: OfferedRun, offered: OfferedGame) -> dict[str, Any]:
    """All that the page shows of a run."""
    folder, game = run_.folder, offered.game
    records = metrics.read(folder)
    config: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        config = run_folder.read_config(folder) or {}
    checkpoints = [
        {
            "step": player.step,
            "minutes": _minutes_at(records, player.step or 0),
            "player": player.id,
            "label": player.label,
            "entry": player.as_json(catalogue.elo(player)),  # as in the catalogue, which lists the newest one alone
        }
        for player in catalogue.checkpoints(run_)
    ]
    return {
        "id": run_.id,
        "name": run_.name,
        "game": run_.game,
        **progress_of(folder),
        "player_names": list(game.board.names),
        "settings": {name: config[name] for name in SHOWN_SETTINGS if name in config},
        "figures": _without_nan(_figures(folder, game, records)) if records else [],
        "checkpoints": checkpoints,
        "games": _newest_games(folder, offered),
    }


def _minutes_at(records: list[dict[str, Any]], step: int) -> float:
    """The minutes of training at a step, by the nearest record."""
    if not records:
        return 0.0
    nearest = min(records, key=lambda record: abs(record["step"] - step))
    minutes = float(nearest.get("minutes", 0.0))
    return round(minutes, 3) if math.isfinite(minutes) else 0.0


def _figures(folder: Path, game: Game, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The curves that need no stored games, in the form of the report."""
    counts, at = solved_positions.count_positions(game, folder), curves.positions(records)
    figures = [
        *curves.mistakes(records, counts),
        *curves.by_class(records, counts),
        *curves.ratings(*run.rating_points(run.read_ratings(folder, []), records, at)),
        *curves.learning(records),
        *curves.machine(records),
    ]
    return [{**dataclasses.asdict(figure), "curves": _curves(figure)} for figure in figures]


def _curves(figure: curves.Figure) -> list[dict[str, Any]]:
    return [{"run": 0, **dataclasses.asdict(curve)} for curve in figure.curves]


def _without_nan(value: Any) -> Any:
    """``value`` with null for every number that is not finite, which JSON cannot write."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    return [_without_nan(each) for each in value] if isinstance(value, list | tuple) else value


def _newest_games(folder: Path, offered: OfferedGame) -> list[dict[str, Any]]:
    """Games of the newest file of games, the newest first; the remarkable ones say why they are."""
    paths = list(list_shards(folder / "games").values()) if (folder / "games").is_dir() else []
    for path in reversed(paths[-3:]):
        try:
            records = [record for record in read_shard(path, offered.game) if record.num_decided]
        except (ValueError, OSError):  # the run deletes old files, and a damaged one is no reason to fail
            continue
        if records:
            reasons = {id(record): why for why, record in choose_games(offered.game, records, records)}
            chosen = [record for record in records if id(record) in reasons]
            newest = [record for record in reversed(records) if id(record) not in reasons]
            shown = [*chosen, *newest][:MOST_GAMES]
            return [_game_json(offered, record, reasons.get(id(record), "a new game")) for record in shown]
    return []


def _game_json(offered: OfferedGame, record: GameRecord, why: str) -> dict[str, Any]:
    states, _, _ = replay(offered.game, [record])
    to_play = offered.game.describe_new(states).to_play
    values: list[float | None] = [None] * (len(record.actions) - record.num_decided)
    signed = record.values * np.where(to_play == 0, 1, -1)
    names = offered.game.board.names
    result = {1: f"{names[0]} wins", 0: "a draw", -1: f"{names[1]} wins"}.get(record.outcome, "unfinished")
    return {
        "why": why,
        "id": int(record.id),
        "result": result + (", proven by search" if record.proven else ", by resignation" if record.resigned else ""),
        "game": offered.text,
        "setup": None,
        "moves": action_texts(offered.game, record.actions),
        "values": [*values, *(win_probability(float(value)) for value in signed)],
    }


def judge(player: OfferedPlayer, offered: OfferedGame, here: Position, *, device: str) -> dict[str, Any]:
    """What the network of a checkpoint alone says of a position, from the view of the player to move."""
    try:
        search = make_player(f"{player.text}?simulations=0", offered.game, num_slots=1, device=device)
    except (ValueError, OSError) as error:
        raise refuse(f"{player.label} cannot be read: {error}") from error
    assert isinstance(search, Search)
    described = offered.game.describe_new(here.states)
    answer = search.evaluate(here.states, described)
    legal = described.legal[0]
    logits = np.where(legal, answer.logits[0].astype(np.float64), -np.inf)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = [int(a) for a in np.argsort(-shares, kind="stable")[:MOST_POLICY] if legal[a]]
    to_play = int(described.to_play[0])
    return {
        "win_probability": win_probability(float(answer.value[0])),
        "policy": [[offered.game.action_text(a, to_play), round(float(shares[a]), 5)] for a in best],
    }
