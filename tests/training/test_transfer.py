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
from training.transfer import freeze, grow, transfer_weights

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
    model = network(channels=8, blocks=2)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="no trunk that fits"):
        transfer_weights(model, saved(network(channels=16), tmp_path))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"squeeze_excite": True},
        {"global_pooling": True, "heads": "pooled"},
        {"squeeze_excite": True, "global_pooling": True},
    ],
    ids=["plain", "squeeze_excite", "pooled", "all"],
)
@pytest.mark.parametrize(("blocks", "channels"), [(4, 16), (2, 40), (5, 40)])
def test_a_larger_network_computes_the_same_and_all_of_it_learns(
    tmp_path: Path, blocks: int, channels: int, parts: dict[str, int | str]
) -> None:
    torch.manual_seed(1)
    small, large = network(blocks=2, channels=16, **parts), network(blocks=blocks, channels=channels, **parts)
    planes = torch.rand(32, *small.observation_shape)
    with torch.no_grad():
        for parameter in small.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        small.train()(planes)  # statistics of BatchNorm that differ from those at the start
    (note,) = transfer_weights(large, saved(small, tmp_path))
    assert "is smaller" in note
    before, after = small.eval()(planes), large.eval()(planes)
    torch.testing.assert_close(after.policy, before.policy, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(after.value, before.value, rtol=1e-5, atol=1e-5)
    begun = copy.deepcopy(large.state_dict())
    optimizer = torch.optim.SGD(large.train().parameters(), lr=0.1)
    for _ in range(3):  # the first steps open the way to what nothing reads
        optimizer.zero_grad()
        output = large(planes)
        (output.policy.square().mean() + output.value.square().mean()).backward()
        optimizer.step()
    for name, parameter in large.named_parameters():
        assert not torch.equal(parameter, begun[name]), name
    assert (large.state_dict()["trunk.2.first.0.weight"] != begun["trunk.2.first.0.weight"]).flatten(1).any(1).all()


def test_a_network_in_half_precision_grows(tmp_path: Path) -> None:
    """Weights that ship are stored in fp16 where their file would be too large otherwise."""
    small, large = network(blocks=2, channels=16), network(blocks=3, channels=24)
    transfer_weights(large, saved(small.half(), tmp_path))
    planes = torch.rand(8, *small.observation_shape)
    before, after = small.float().eval()(planes), large.eval()(planes)
    torch.testing.assert_close(after.policy, before.policy, rtol=1e-5, atol=1e-5)
    assert all(tensor.dtype == torch.float32 for tensor in large.parameters())


def test_new_channels_do_not_read_planes_of_another_game(tmp_path: Path) -> None:
    """The first layer begins anew where the planes differ, even if there are more of them."""
    weights, _ = checkpoints.load_model(saved(network(), tmp_path))
    first = weights["trunk.0.0.weight"]
    more = torch.zeros(16, first.shape[1] + 1, 3, 3)
    assert grow({"trunk.0.0.weight": first}, {"trunk.0.0.weight": more}) == {}


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
