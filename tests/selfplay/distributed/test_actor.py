"""What plays in another process: calls keep their length, and where a call ends changes no game."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.search.search import SearchConfig
from games import make
from games.cache_folders import private_path
from selfplay.distributed.actor import ActorJob, SelfPlayActor, hash_network
from selfplay.local_runner import SelfPlayConfig
from selfplay.records import unpack

pytestmark = pytest.mark.nojit
IDS = range(6)


def worker(rule: str = "gumbel", groups: int = 1) -> SelfPlayActor:
    config = SelfPlayConfig(num_games=4, search=SearchConfig(rule=rule, num_simulations=12))
    made = SelfPlayActor(ActorJob.of(make("tic_tac_toe"), config, hash_network, seed=3, groups=groups))
    made.begin()
    return made


def played(player: SelfPlayActor, seconds: float) -> tuple[int, list[tuple[Any, ...]]]:
    """How many calls it took, and the games by id."""
    games, calls, ids = {}, 0, list(IDS)
    while len(games) < len(IDS):
        answer = player.work(ids, seconds, None)
        calls, ids = calls + 1, []
        for game in unpack(player.game, answer.data) if answer.ids else []:
            games[game.id] = (game.outcome, game.actions.tolist(), np.asarray(game.policies).tobytes())
    return calls, [games[i] for i in IDS]


def test_a_call_ends_before_a_move_is_decided() -> None:
    player = worker()
    answer = player.work(list(IDS), 0.0, None)
    assert (answer.ids, answer.moves, answer.evaluated) == ([], 0, 4)  # a round of the four games' searches


@pytest.mark.parametrize("rule", ["gumbel", "puct", "uct"])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_games_do_not_depend_on_where_calls_end(rule: str, groups: int) -> None:
    often, games = played(worker(rule, groups), 0.0)
    seldom, same = played(worker(rule, groups), 60.0)
    assert games == same
    assert often > 3 * seldom


def test_a_game_file_that_travels_is_executed_from_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trap = private_path()
    trap.mkdir()
    trap.chmod(0o777)  # somebody was here first
    source = b"from games.rules.tic_tac_toe import game as made\ngame = made()\nplace = __file__\n"
    job = ActorJob(
        game="gone/mine.py:game", source=source, config=SelfPlayConfig(), evaluator=lambda game: None, seed=0
    )
    assert job.make_game().name == "gone/mine.py:game"
    assert list(trap.iterdir()) == [] or os.name != "posix"
