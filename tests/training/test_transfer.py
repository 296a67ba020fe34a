"""Weights that move: between boards of different sizes, into a trunk that then stands still."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from agent.networks.image_classifier import Classifier, ClassifierConfig
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from games import make
from training.alphazero import AlphaZeroRun
from training.config import TrainConfig, parse_config
from training.run import checkpoints
from training.transfer import freeze, transfer_weights

LARGE = make("connect_four:rows=7,columns=8")


def network(game: str = "connect_four", **settings: int | str) -> PolicyValueNet:
    rules = make(game)
    config = NetworkConfig(**({"blocks": 1, "channels": 8} | settings))  # type: ignore[arg-type]
    return PolicyValueNet(config, rules.observation_shape, rules.action_layout)


def saved(model: nn.Module, folder: Path) -> Path:
    return checkpoints.save_checkpoint(folder, 1, {"model": model.state_dict()}, {})


def test_what_fits_moves_and_the_rest_is_named(tmp_path: Path) -> None:
    small, large = network(), network(LARGE.name)
    before = copy.deepcopy(large.state_dict())
    (note,) = transfer_weights(large, saved(small, tmp_path))
    given = small.state_dict()
    for name, tensor in large.state_dict().items():
        moved = given[name].shape == tensor.shape
        assert torch.equal(tensor, (given if moved else before)[name])
        assert moved != (name in note)
    assert "policy.logits.weight" in note
    assert "trunk" not in note


def test_pooled_heads_move_whole(tmp_path: Path) -> None:
    assert transfer_weights(network(LARGE.name, heads="pooled"), saved(network(heads="pooled"), tmp_path)) == []


def test_another_trunk_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    model = network(channels=16)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="no trunk that fits"):
        transfer_weights(model, saved(network(), tmp_path))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_frozen_trunk_stands_still() -> None:
    model = Classifier(ClassifierConfig(kind="resnet", channels=(8,), blocks=(1,)), (1, 28, 28), 10)
    freeze(model.trunk)
    model = copy.deepcopy(model)
    model.train()
    before = copy.deepcopy(model.trunk.state_dict())
    model(torch.rand(4, 1, 28, 28) * 255).sum().backward()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.trunk.state_dict().items())
    assert [name for name, p in model.named_parameters() if p.grad is not None] == ["head.weight", "head.bias"]


@pytest.mark.slow
def test_a_run_learns_a_larger_board_on_a_trunk_that_stands_still(tmp_path: Path) -> None:
    """Connect Four of 7 x 8 from weights of 6 x 7."""
    values = {
        "game": LARGE.name,
        "deterministic": True,
        "freeze": True,
        "max_samples": 200,
        "network": {"blocks": 1, "channels": 8},
        "self_play": {"num_games": 8, "search": {"num_simulations": 4}},
        "learn": {"batch_size": 32, "first_samples": 64, "reuse": 1.0},
        "grade_minutes": 0,
    }
    small = network()
    config: TrainConfig = parse_config(values)
    run = AlphaZeroRun(LARGE, config, tmp_path / "run")
    run.start_from(saved(small, tmp_path / "small"))
    head = run.trainer.model.state_dict()["policy.reduce.0.weight"].clone()
    assert run.go() == "finished"
    assert run.trainer.steps > 0
    after, given = run.trainer.model.state_dict(), small.state_dict()
    assert all(torch.equal(after[name], given[name]) for name in given if name.startswith("trunk."))
    assert not torch.equal(after["policy.reduce.0.weight"], head)
