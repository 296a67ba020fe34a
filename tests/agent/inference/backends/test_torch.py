"""Backends: folding, precision, fixed shapes, and that a row's bits depend on its position alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from agent.inference.backends.torch import PRECISIONS, SHAPES, TorchBackend, fold_batch_norm
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, expected_value
from games.game import Positions
from games.playouts import random_positions
from tests.games.made import made

SMALL = NetworkConfig(blocks=2, channels=32)


def positions(count: int, seed: int = 0) -> Positions:
    """Positions of random games."""
    game = made("connect_four")
    return game.describe_new(random_positions(game, count, seed=seed, finished=True))


def trained(config: NetworkConfig = SMALL) -> PolicyValueNet:
    """A network whose BatchNorms have seen something, so that folding has work to do."""
    torch.manual_seed(1)
    game = made("connect_four")
    model = PolicyValueNet(config, game.observation_shape, game.action_layout)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


def backend(precision: str, config: NetworkConfig = SMALL, **more: Any) -> TorchBackend:
    out = TorchBackend(made("connect_four"), config, precision=precision, **more)
    out.load(trained(config).state_dict(), version=3)
    return out


def plain(some: Positions, config: NetworkConfig = SMALL) -> tuple[Any, Any]:
    with torch.inference_mode():
        policy, value = trained(config)(torch.from_numpy(some.observation).float())
        return policy.numpy(), expected_value(value).numpy()


@pytest.mark.parametrize(
    ("squeeze_excite", "heads", "value"), list(itertools.product((False, True), ("dense", "pooled"), ("wdl", "scalar")))
)
def test_a_backend_says_what_the_network_says(squeeze_excite: bool, heads: Any, value: Any) -> None:
    config = NetworkConfig(
        blocks=2, channels=32, squeeze_excite=squeeze_excite, global_pooling=True, heads=heads, value=value
    )
    some = positions(40)
    logits, values = plain(some, config)
    for precision, tolerance in (("fp32", 2e-4), ("bf16", 0.08)):
        answer = backend(precision, config)(None, some)
        np.testing.assert_allclose(answer.logits, logits, atol=tolerance * max(1, np.abs(logits).max()))
        np.testing.assert_allclose(answer.value, values, atol=tolerance)
        assert answer.logits.dtype == answer.value.dtype == np.float32


def test_folding_leaves_no_batch_norm_and_the_model_alone() -> None:
    model = trained()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    inference = fold_batch_norm(model)
    assert not [module for module in inference.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    x = torch.rand(8, 3, 6, 7)
    for mine, theirs in zip(inference(x), model(x), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", sorted(PRECISIONS))
def test_a_row_depends_on_its_position_alone(precision: str) -> None:
    """Bit for bit, at every place and in every size of batch."""
    run, some = backend(precision), positions(300)
    everything = run(None, some)
    order = np.random.default_rng(0).permutation(300)
    shuffled = run(None, Positions(*(array[order] for array in some)))
    assert (shuffled.logits == everything.logits[order]).all()
    assert (shuffled.value == everything.value[order]).all()
    for count in (1, 7, 32, 33, 64, 100, 200):
        answer = run(None, some.rows(0, count))
        assert answer.logits.shape == (count, 7)
        assert (answer.logits == everything.logits[:count]).all(), count
        assert (answer.value == everything.value[:count]).all(), count


def test_a_batch_larger_than_the_largest_shape_is_cut() -> None:
    run, some = backend("fp32", shapes=(32, 64)), positions(150)
    logits, values = plain(some)
    answer = run(None, some)
    np.testing.assert_allclose(answer.logits, logits, atol=1e-3)
    np.testing.assert_allclose(answer.value, values, atol=1e-3)


def test_new_weights_are_taken_by_value() -> None:
    run, some = backend("fp32"), positions(4)
    before = run(None, some).logits
    assert run.version == 3
    model = trained()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    run.load(model.state_dict(), version=4)
    after = run(None, some).logits
    assert run.version == 4
    assert not np.allclose(after, before)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert (run(None, some).logits == after).all()
    with pytest.raises(RuntimeError, match="Missing key"):
        run.load({}, version=5)


def test_float_observations_run_too() -> None:
    run, some = backend("fp32"), positions(3)
    floats = some._replace(observation=some.observation.astype(np.float32))
    assert (run(None, floats).logits == run(None, some).logits).all()


def test_precisions() -> None:
    assert set(PRECISIONS) == {"fp32", "bf16"}
    with pytest.raises(ValueError, match="precision is 'fp8'; it must be one of fp32, bf16"):
        TorchBackend(made("connect_four"), SMALL, precision="fp8")
    assert min(SHAPES) >= 32
    assert list(SHAPES) == sorted(SHAPES)
