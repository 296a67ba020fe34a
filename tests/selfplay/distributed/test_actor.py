"""The actor: a call lasts the given time, and where a call ends changes no game."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.search.search import SearchConfig
from games import make
from games.cache_folders import private_path
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import ActorJob, SelfPlayActor, hash_network
from selfplay.records import unpack

pytestmark = pytest.mark.nojit
IDS = range(6)


def make_actor(rule: str = "gumbel", groups: int = 1) -> SelfPlayActor:
    config = SelfPlayConfig(num_games=4, search=SearchConfig(rule=rule, num_simulations=12))
    actor = SelfPlayActor(ActorJob.of(make("tic_tac_toe"), config, hash_network, seed=3, groups=groups))
    actor.begin()
    return actor


def play_all(actor: SelfPlayActor, seconds: float) -> tuple[int, list[tuple[Any, ...]]]:
    """The number of calls that it took, and the games in the order of their ids."""
    games, calls, ids = {}, 0, list(IDS)
    while len(games) < len(IDS):
        report = actor.work(ids, seconds, None)
        calls, ids = calls + 1, []
        for game in unpack(actor.game, report.data) if report.ids else []:
            games[game.id] = (game.outcome, game.actions.tolist(), np.asarray(game.policies).tobytes())
    return calls, [games[i] for i in IDS]


def test_a_call_ends_before_a_move_is_decided() -> None:
    report = make_actor().work(list(IDS), 0.0, None)
    counts = report.counts
    assert (report.ids, counts.moves, counts.evaluated) == ([], 0, 4)  # one round of the four games' searches


@pytest.mark.parametrize("rule", ["gumbel", "puct", "uct"])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_games_do_not_depend_on_where_calls_end(rule: str, groups: int) -> None:
    num_short_calls, games = play_all(make_actor(rule, groups), 0.0)
    num_long_calls, same = play_all(make_actor(rule, groups), 60.0)
    assert games == same
    assert num_short_calls > 3 * num_long_calls


def test_a_game_file_that_travels_is_executed_from_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trap = private_path()
    trap.mkdir()
    trap.chmod(0o777)  # another user has made the folder first
    source = b"from games.rules.tic_tac_toe import game as made\ngame = made()\nplace = __file__\n"
    job = ActorJob(
        game="gone/mine.py:game", source=source, config=SelfPlayConfig(), evaluator=lambda game: None, seed=0
    )
    assert job.make_game().name == "gone/mine.py:game"
    assert list(trap.iterdir()) == [] or os.name != "posix"
