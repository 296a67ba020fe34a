"""Auxiliary targets: losses worked out by hand, and heads that change nothing about how the network plays."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import games
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from training.auxiliary.heads import AuxiliaryNet, make_network, playing_weights
from training.auxiliary.losses import AuxiliaryConfig, auxiliary_losses, soften
from training.losses import policy_value_loss

EVERY = AuxiliaryConfig(soft_policy=8.0, reply=0.15, plies_left=0.5, short_value=0.25)
SMALL = NetworkConfig(blocks=1, channels=8, head_channels=4, hidden=8)


def batch() -> dict[str, Tensor]:
    return {
        "observation": torch.zeros(2, 1, 2, 2),
        "legal": torch.tensor([[True, True, False], [True, True, True]]),
        "policy": torch.tensor([[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]),
        "outcome": torch.tensor([1.0, -1.0]),
        "root_value": torch.zeros(2),
        "weight": torch.ones(2),
        "policy_weight": torch.tensor([1.0, 0.0]),
        "reply": torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),
        "reply_weight": torch.tensor([0.0, 1.0]),
        "plies_left": torch.tensor([0.5, 0.25]),
        "short_value": torch.tensor([1.0, -0.5]),
    }


def mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum()


def test_a_soft_policy_is_the_fourth_root() -> None:
    legal = torch.tensor([[True, True, False]])
    found = soften(torch.tensor([[0.9, 0.1, 0.0]]), legal, 4.0)[0]
    roots = [0.9**0.25, 0.1**0.25]
    assert found.tolist() == pytest.approx([roots[0] / sum(roots), roots[1] / sum(roots), 0.0], abs=1e-6)
    assert soften(torch.tensor([[1.0, 0.0, 0.0]]), legal, 1.0)[0].tolist() == pytest.approx([1, 0, 0], abs=1e-6)


def test_losses_by_hand() -> None:
    of = batch()
    output = torch.zeros(2, 8)
    output[:, 6:] = torch.tensor([[0.1, 0.2], [0.25, -0.5]])
    output[0, 0] = math.log(3)  # soft policy of the first row: 3/4, 1/4 over its legal actions
    losses = auxiliary_losses(output, lambda x: x.masked_fill(~of["legal"], -1e9), of, EVERY, mean)
    soft = soften(of["policy"], of["legal"], 4.0)[0]
    assert losses["soft_policy"].item() == pytest.approx(-(soft[0] * math.log(0.75) + soft[1] * math.log(0.25)).item())
    assert losses["reply"].item() == pytest.approx(math.log(3))  # only the second row has a reply
    assert losses["plies_left"].item() == pytest.approx(0.16 / 2)
    assert losses["short_value"].item() == pytest.approx(0.64 / 2)


def test_only_the_targets_with_a_weight_have_an_output() -> None:
    assert AuxiliaryConfig().targets == []
    assert AuxiliaryConfig(short_value=1.0, soft_policy=8.0).targets == ["soft_policy", "short_value"]
    of = batch()
    losses = auxiliary_losses(torch.zeros(2, 1), lambda x: x, of, AuxiliaryConfig(plies_left=1.0), mean)
    assert list(losses) == ["plies_left"]


@pytest.mark.parametrize("heads", ["dense", "pooled"])
def test_the_network_plays_as_the_plain_one(heads: str) -> None:
    game = games.make("connect_four:rows=4,columns=5")
    config = NetworkConfig(blocks=1, channels=8, head_channels=4, hidden=8, heads=heads)
    arguments = config, game.observation_shape, game.action_layout
    torch.manual_seed(1)
    plain = PolicyValueNet(*arguments)
    torch.manual_seed(1)
    network = make_network(*arguments, EVERY.targets)
    assert isinstance(network, AuxiliaryNet)
    weights = playing_weights(network.state_dict())
    assert all(torch.equal(weights[name], tensor) for name, tensor in plain.state_dict().items())  # and no other names
    assert weights.keys() == plain.state_dict().keys()
    seen = torch.rand(3, *game.observation_shape)
    for one, other in zip(network.eval()(seen), plain.eval()(seen), strict=True):
        assert torch.equal(one, other)
    out = network.train()(seen)
    assert out.auxiliary.shape == (3, 2 * game.num_actions + 2)


def test_the_whole_loss_is_the_weighted_sum() -> None:
    game = games.make("tic_tac_toe")
    torch.manual_seed(0)
    network = make_network(SMALL, game.observation_shape, game.action_layout, EVERY.targets).train()
    policy = torch.full((2, 9), 1 / 9)
    of = batch() | {"observation": torch.rand(2, *game.observation_shape), "legal": torch.ones(2, 9, dtype=torch.bool)}
    of |= {"policy": policy, "reply": policy}
    plain = policy_value_loss()(network, of)[0].item()
    total, metrics = policy_value_loss(auxiliary=EVERY)(network, of)
    parts = {name: metrics[f"{name}_loss"].item() for name in EVERY.targets}
    expected = plain + 8 * parts["soft_policy"] + 0.15 * parts["reply"]
    expected += 0.5 * parts["plies_left"] + 0.25 * parts["short_value"]
    assert total.item() == pytest.approx(expected, rel=1e-5)
    total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.auxiliary.parameters() if p.ndim > 1)
