"""Methods of learning that are off by default: with all of them on, a run still follows from its seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import games
from agent.storage import model_folder
from selfplay.records import GameRecord, list_shards, read_shard
from selfplay.resignation import LEAST_GAMES, NEVER
from training.alphazero import AlphaZeroRun
from training.alphazero_parts import make_replay_buffer
from training.config import TrainConfig, merge_values, parse_config
from training.run import checkpoints
from training.start_checks import check_start

SMALL: dict[str, Any] = {
    "game": "tic_tac_toe",
    "seed": 5,
    "deterministic": True,
    "max_samples": 600,
    "network": {"blocks": 1, "channels": 8, "head_channels": 4, "hidden": 8},
    "engine": {"kind": "torch", "precision": "fp32", "cache_entries": 1024},
    "self_play": {
        "num_games": 16,
        "quantum": 64,
        "full_fraction": 0.5,
        "fast_simulations": 3,
        "search": {"num_simulations": 8},
    },
    "learn": {"batch_size": 32, "first_samples": 100, "reuse": 1.0, "trainer": {"average_decay": 0.9}},
    "grade_minutes": 0,
}
METHODS: dict[str, dict[str, Any]] = {
    "fast_policies": {"learn": {"fast_policies": True}},
    "surprise": {"learn": {"surprise_share": 0.5}},
    "auxiliary": {"learn": {"auxiliary": {"soft_policy": 8, "reply": 0.15, "plies_left": 0.1, "short_value": 0.3}}},
    "progressive": {"self_play": {"first_simulations": 4}},
    "restarts": {"self_play": {"restart_share": 0.4}},
    "schedule": {"learn": {"schedule": "one_cycle", "warm_up": 0.2}},
    "drops": {"learn": {"schedule": "drops", "drops": [[0.3, 0.1], [0.8, 0.01]]}},
    "no_symmetries": {"learn": {"augment": False}},
    "muon": {"learn": {"trainer": {"optimizer": "muon"}}},
    "repeat": {"self_play": {"repeat_surprise": 0.4}},
    "gate": {"learn": {"gate": {"games": 4}}},
    "resignation": {
        "max_samples": 1800,
        "self_play": {"resign_errors": 0.5, "played_on": 0.5, "search": {"lookahead": 2}},
    },
}


def run(folder: Path, values: dict[str, Any], stop_after: int = 0) -> AlphaZeroRun:
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True)
    config: TrainConfig = parse_config(merge_values(SMALL, values))
    made = AlphaZeroRun(games.make("tic_tac_toe"), config, folder)
    if stop_after:
        made.stopping = lambda: made.replay.num_added >= stop_after
    made.go()
    return made


def final(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    found, skipped = checkpoints.load_newest(folder / "checkpoints")
    assert found is not None
    assert not skipped
    return found.tensors


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    folder = tmp_path_factory.mktemp("plain")
    run(folder, {})
    return dict(final(folder)["model"])


@pytest.mark.slow  # 36 short trainings
@pytest.mark.parametrize("method", METHODS)
def test_a_method_changes_what_is_learned_and_follows_from_the_seed(
    tmp_path: Path, method: str, plain: dict[str, torch.Tensor]
) -> None:
    """A run that was stopped twice ends with the same bits as one that was not, and not with those without it."""
    run(tmp_path / "whole", METHODS[method])
    for stop_after in (200, 400, 0):
        run(tmp_path / "stopped", METHODS[method], stop_after)
    whole, stopped = final(tmp_path / "whole"), final(tmp_path / "stopped")
    assert whole.keys() == stopped.keys()
    for group, tensors in whole.items():
        assert tensors.keys() == stopped[group].keys()
        assert all(torch.equal(tensor, stopped[group][name]) for name, tensor in tensors.items())
    assert whole["model"].keys() == plain.keys()  # what plays is the plain network
    assert any(not torch.equal(tensor, plain[name]) for name, tensor in whole["model"].items())


@pytest.mark.slow
def test_all_methods_work_together(tmp_path: Path) -> None:
    values: dict[str, Any] = {}
    for method in METHODS.values():
        values = merge_values(values, method)
    made = run(tmp_path, values)
    game = games.make("tic_tac_toe")
    assert made.status == "finished"
    assert {"soft_policy_loss", "reply_loss", "plies_left_loss", "short_value_loss"} <= made.report.losses.keys()
    assert {"archive", "resignation"} <= final(tmp_path).keys()
    model_folder.load_network(model_folder.find_model(str(tmp_path)), game)  # plays without the auxiliary heads
    records = [record for path in list_shards(tmp_path / "games").values() for record in read_shard(path, game)]
    assert all(record.surprises is not None for record in records)
    assert {int(budget) for record in records for budget in record.budgets} >= {3, 4, 7}


@pytest.mark.parametrize(("fast_policies", "share"), [(False, 0.5), (True, 1.0)])
def test_fast_searches_train_the_policy_on_request(fast_policies: bool, share: float) -> None:
    """Two moves of a game had a full search and two a fast one."""
    config = parse_config(merge_values(SMALL, {"learn": {"fast_policies": fast_policies}}))
    game = games.make("tic_tac_toe")
    replay = make_replay_buffer(game, config)
    record = GameRecord(
        id=0,
        seed=0,
        actions=np.array([0, 3, 1, 4, 2], np.int16),
        policies=np.eye(9, dtype=np.float32)[[3, 1, 4, 2]],
        values=np.zeros(4, np.float32),
        budgets=np.array([8, 3, 8, 3], np.int32),
        networks=np.zeros(4, np.int32),
        outcome=1,
    )
    replay.add([record])
    assert replay.batch(400, 0, 0)["policy_weight"].mean().item() == pytest.approx(share, abs=0.1)


def test_actors_refuse_what_they_do_not_share() -> None:
    game = games.make("tic_tac_toe")
    methods = {"progressive": "first_simulations", "restarts": "restart_share", "resignation": "resign_errors"}
    for method, name in methods.items():
        config = parse_config(merge_values(SMALL, METHODS[method]))
        check_start(game, config)
        with pytest.raises(ValueError, match=f"{name} is .*: with --ray it must be 0"):
            check_start(game, config, remote=True)


@pytest.mark.slow
def test_players_resign_once_it_is_known_where_that_is_right(tmp_path: Path) -> None:
    made = run(tmp_path, METHODS["resignation"])
    game = games.make("tic_tac_toe")
    records = [record for path in list_shards(tmp_path / "games").values() for record in read_shard(path, game)]
    resigned = [record for record in records if record.resigned]
    assert resigned
    assert min(record.id for record in resigned) >= LEAST_GAMES
    assert made.runner.resignation.threshold > NEVER
    assert not made.runner.resignation.plays_on(np.array([record.id for record in resigned])).any()
    for record in resigned:  # the player who decided last had a low value and has lost
        loser = len(record.actions) % 2  # 1: the first player
        assert record.outcome == (-1 if loser else 1)
        assert record.values[-1] < -0.5


@pytest.mark.parametrize(("score", "used"), [(0.0, True), (1.0, False)])
def test_only_a_network_that_passes_the_gate_plays(tmp_path: Path, score: float, used: bool) -> None:
    """Nothing scores more than 1, and with one win or draw in 20 games a network scores more than 0."""
    made = run(tmp_path, {"learn": {"gate": {"games": 20, "score": score}}})
    game = games.make("tic_tac_toe")
    records = [record for path in list_shards(tmp_path / "games").values() for record in read_shard(path, game)]
    versions = {int(version) for record in records for version in record.networks}
    assert (len(versions) > 1) is used
    assert made.version == (made.tested_step if used else 0)
    assert made.evaluations > made.runner.evaluator.evaluated  # the matches count as work
