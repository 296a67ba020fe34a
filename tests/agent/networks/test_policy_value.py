"""Networks of every kind run, learn something everywhere, and pooled heads fit every board."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from agent.networks.policy_value import NetworkConfig, PolicyValueNet, PooledPolicy, expected_value, num_parameters
from tests.games.made import made


def net(config: NetworkConfig, name: str = "connect_four") -> PolicyValueNet:
    game = made(name)
    return PolicyValueNet(config, game.observation_shape, game.action_layout)


OPTIONS = list(itertools.product((False, True), (False, True), ("dense", "pooled"), ("wdl", "scalar")))


@pytest.mark.parametrize(("squeeze_excite", "global_pooling", "heads", "value"), OPTIONS)
@pytest.mark.parametrize("name", ["connect_four", "tic_tac_toe"])
def test_every_combination_runs(name: str, squeeze_excite: bool, global_pooling: bool, heads: Any, value: Any) -> None:
    game = made(name)
    config = NetworkConfig(
        blocks=3, channels=16, squeeze_excite=squeeze_excite, global_pooling=global_pooling, heads=heads, value=value
    )
    model = net(config, name)
    x = torch.rand(5, *game.observation_shape)
    policy, values = model(x)
    assert policy.shape == (5, game.num_actions)
    assert values.shape == ((5, 3) if value == "wdl" else (5,))
    assert expected_value(values).abs().max() <= 1
    weights = torch.randn_like(policy)  # the sum alone would not reach what a softmax ignores
    ((policy * weights).sum() + values.square().sum()).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0 or key.endswith("bias"), key
    model.eval()
    alone, among = model(x[2:3]), model(x)
    torch.testing.assert_close(alone.policy[0], among.policy[2], rtol=1e-4, atol=1e-5)


def test_pooled_heads_take_the_same_weights_to_another_board() -> None:
    config = NetworkConfig(blocks=2, channels=16, heads="pooled", global_pooling=True, squeeze_excite=True)
    for one, other in (
        ("connect_four", "connect_four:rows=8,columns=9,k=5"),
        ("tic_tac_toe", "tic_tac_toe:rows=4,columns=5,k=4"),
    ):
        small, large = net(config, one).eval(), net(config, other).eval()
        large.load_state_dict(small.state_dict(), strict=True)
        policy, value = large(torch.rand(2, *made(other).observation_shape))
        assert policy.shape == (2, made(other).num_actions)
        assert value.shape == (2, 3)
        assert policy.std() > 0


@pytest.mark.parametrize("options", [{}, {"squeeze_excite": True, "global_pooling": True}])
def test_a_masked_network_sees_a_board_in_a_frame_as_the_board_alone(options: dict[str, Any]) -> None:
    """Random weights and BatchNorm statistics; the frame has 6 cells a side, the board 4."""
    config = NetworkConfig(blocks=3, channels=16, heads="pooled", masked=True, **options)
    alone, framed = net(config, "hex:size=4,smallest=4").eval(), net(config, "hex:size=6,smallest=3").eval()
    for module in alone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.normal_(module.bias)
    framed.load_state_dict(alone.state_dict(), strict=True)
    x = torch.rand(3, 5, 4, 4)
    x[:, -1] = 1
    policy, value = alone(x)
    wide = torch.nn.functional.pad(x, (0, 2, 0, 2))
    policy_in_frame, value_in_frame = framed(wide)
    torch.testing.assert_close(value_in_frame, value, rtol=1e-4, atol=1e-5)
    inside = policy_in_frame.reshape(3, 6, 6)[:, :4, :4].reshape(3, 16)
    torch.testing.assert_close(inside, policy, rtol=1e-4, atol=1e-5)


def test_the_means_of_a_masked_policy_are_those_of_the_board() -> None:
    layout = np.array([(0, -1, -1), (0, -1, 1), (0, 2, -1)])
    head = PooledPolicy(4, layout, 8).eval()
    x, board = torch.rand(2, 4, 3, 3), torch.ones(2, 1, 3, 3)
    alone = head(x, board)
    framed = head(torch.nn.functional.pad(x, (0, 2, 0, 1)), torch.nn.functional.pad(board, (0, 2, 0, 1)))
    torch.testing.assert_close(framed, alone, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(alone, head(x), rtol=1e-4, atol=1e-5)


def test_a_masked_network_needs_pooled_heads() -> None:
    with pytest.raises(ValueError, match=r"network\.masked is on: network\.heads must be 'pooled'"):
        NetworkConfig(masked=True)


def test_pooled_logits_sit_where_the_layout_says() -> None:
    """Turning the observation turns the policy of a network whose convolutions are symmetric themselves."""
    game = made("tic_tac_toe")
    model = net(NetworkConfig(blocks=1, channels=8, heads="pooled"), "tic_tac_toe").eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            weight = module.weight.data
            turns = [torch.rot90(w, k, (2, 3)) for w in (weight, weight.flip(3)) for k in range(4)]
            module.weight.data = torch.stack(turns).mean(dim=0)
    x = torch.rand(1, *game.observation_shape)
    policy = model(x).policy.detach().numpy()
    for s in range(8):
        turned = torch.from_numpy(game.symmetries.turn(x.numpy(), s).copy())
        np.testing.assert_allclose(
            model(turned).policy.detach().numpy(), game.symmetries.turn_policy(policy, s), rtol=1e-4, atol=1e-5
        )


def test_a_column_is_the_mean_over_its_rows() -> None:
    model = net(NetworkConfig(blocks=1, channels=8, heads="pooled")).eval()
    head = model.policy
    x = torch.rand(1, 8, 6, 7)
    planes = head.planes(torch.relu(head.reduce(x)))
    torch.testing.assert_close(head(x), planes[:, 0].mean(dim=1))


def test_actions_without_a_place_are_told_apart() -> None:
    layout = np.array([(0, -1, -1), (1, -1, -1), (2, -1, -1)])
    model = PolicyValueNet(NetworkConfig(blocks=1, channels=8, heads="pooled"), (2, 3, 3), layout).eval()
    policy = model(torch.rand(1, 2, 3, 3)).policy[0]
    assert len(set(policy.tolist())) == 3


def test_expected_value() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]]))
    torch.testing.assert_close(expected_value(logits), torch.tensor([0.2, -0.7]))
    scalars = torch.tensor([0.3, -0.4])
    assert expected_value(scalars) is scalars


def test_sizes() -> None:
    assert num_parameters(net(NetworkConfig(blocks=6, channels=64))) == num_parameters(net(NetworkConfig()))
    assert net(NetworkConfig(blocks=2)).describe()["blocks"] == 2
    assert num_parameters(net(NetworkConfig(blocks=7))) > num_parameters(net(NetworkConfig()))
