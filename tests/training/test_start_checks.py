"""What a run needs of a machine: devices of its two halves, and what is refused before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import games
from training.config import LearnConfig, TrainConfig, parse_config
from training.start_checks import backend_config, check_start, learner_device

GAME = games.make("tic_tac_toe")
GPU = torch.cuda.is_available()


def config(**over: Any) -> TrainConfig:
    found: TrainConfig = parse_config({"game": "tic_tac_toe", "network": {"blocks": 1, "channels": 8}, **over})
    return found


def test_both_halves_of_a_run_take_the_same_device_unless_told_otherwise() -> None:
    run = config()
    assert (run.engine.device, run.learn.device) == ("auto", "auto")
    assert learner_device(run).type == ("cuda" if GPU else "cpu")
    assert backend_config(run).device == "auto"
    told = config(engine={"device": "cpu"}, learn={"device": "cpu"})
    assert (backend_config(told).device, learner_device(told).type) == ("cpu", "cpu")


def test_a_deterministic_run_chooses_nothing_by_what_is_there() -> None:
    run = config(deterministic=True)
    chosen = backend_config(run)
    assert (chosen.kind, chosen.precision, chosen.device) == ("torch", "fp32", "cpu")
    assert learner_device(run).type == "cpu"


def test_actors_that_reserve_no_gpu_use_none() -> None:
    assert backend_config(config(), remote=True).device == "cpu"
    assert backend_config(config(ray={"num_gpus": 0.5}), remote=True).device == "auto"
    assert backend_config(config(engine={"device": "cuda"}), remote=True).device == "cuda"


def test_a_run_that_can_start_is_let_through() -> None:
    check_start(GAME, config())
    check_start(GAME, config(deterministic=True))
    check_start(GAME, config(), remote=True)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"engine": {"device": "cuda:99"}}, r"^engine\.device is 'cuda:99': torch finds"),
        ({"learn": {"device": "cuda:99"}}, r"^learn\.device is 'cuda:99': torch finds"),
        ({"engine": {"kind": "torch", "precision": "int8", "device": "cpu"}}, "is not available on cpu here"),
        ({"rating": {"settings": "simulations=many"}}, r"rating\.settings"),
        ({"rating": {"settings": "simulations=1&simulations=2"}}, "given twice"),
        ({"rating": {"anchors": ["random", "nosuch"]}}, r"^rating\.anchors: .*'nosuch'"),
        ({"rating": {"anchors": ["mcts:0"]}}, r"^rating\.anchors: 'mcts:0' needs a whole number from 1 to"),
        ({"network": {"blocks": 40, "channels": 65_536}}, "GiB"),
        ({"network": {"masked": True, "heads": "pooled"}}, r"^network\.masked is on: no plane of tic_tac_toe shows"),
        ({"self_play": {"num_games": 1 << 20, "search": {"num_simulations": 1 << 20}}}, "GiB"),
    ],
)
def test_a_run_that_cannot_start_is_refused(over: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        check_start(GAME, config(**over))
    assert "\n" not in str(caught.value)


def test_a_network_to_start_from_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no model"):
        check_start(GAME, config(), init=tmp_path)


def test_compiling_needs_one_process_and_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^learn\.trainer\.compile is on and learn\.processes is 2: only one"):
        LearnConfig(processes=2, trainer=LearnConfig().trainer.__class__(compile=True))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match=r"no C\+\+ compiler here"):
        check_start(GAME, config(learn={"trainer": {"compile": True}}))
