"""The ladder: every kind on every sensible size, sizes counted by hand, the same blocks that play."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from agent.networks.image_classifier import ARCHITECTURES, Classifier, ClassifierConfig
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, ResidualBlock, Trunk, num_flops, num_parameters


def made(kind: str, shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, **settings: object) -> Classifier:
    return Classifier(ClassifierConfig(kind=kind, **settings), shape, classes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 20, 33)])
def test_every_kind_takes_every_size(kind: str, shape: tuple[int, int, int]) -> None:
    model = made(kind, shape, 7, width=0.25)
    images = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    assert model.training
    assert model(images).shape == (3, 7)
    assert torch.isfinite(model(images)).all()


@pytest.mark.parametrize("kind", ["perceptron", "logistic", "mlp", "lenet", "resnet"])
def test_pictures_of_eight_pixels(kind: str) -> None:
    assert made(kind, (1, 8, 8))(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="alexnet needs 15 x 15"):
        made("alexnet", (1, 14, 14))
    with pytest.raises(ValueError, match="lenet needs 4 x 4"):
        made("lenet", (1, 3, 9))
    with pytest.raises(ValueError, match="blocks"):
        ClassifierConfig(channels=(8, 16), blocks=(1,))


def test_the_smallest_pictures_of_each_kind() -> None:
    for kind, (smallest, *_) in ARCHITECTURES.items():
        side = 4 if kind == "resnet" else smallest
        assert made(kind, (1, side, side), width=0.1)(torch.zeros(2, 1, side, side)).shape == (2, 10)


def test_lenet_5_has_the_parameters_and_flops_of_the_paper_s_sizes() -> None:
    """Counted by hand: convolutions 6 and 16 of 5 x 5, then 400-120-84-10."""
    model = made("lenet")
    dense = 400 * 120 + 120 * 84 + 84 * 10
    assert num_parameters(model) == (25 * 6 + 6) + (25 * 6 * 16 + 16) + dense + 120 + 84 + 10
    multiplications = 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16 + dense
    assert num_flops(model, (1, 28, 28)) == 2 * multiplications
    assert model.training


def test_alexnet_is_the_paper_s_at_its_size() -> None:
    """One tower: 62.4 million parameters, as is well known of AlexNet without its two groups."""
    with torch.device("cpu"):
        model = made("alexnet", (3, 227, 227), 1000)
    assert num_parameters(model) == 62_378_344


def test_the_resnet_is_made_of_the_self_play_trunk() -> None:
    classifier = made("resnet", channels=(8, 16), blocks=(1, 2))
    player = PolicyValueNet(
        NetworkConfig(blocks=2, channels=16), (8, 6, 7), torch.zeros(7, 3, dtype=torch.long).numpy()
    )
    stages = [layer for layer in classifier.trunk if isinstance(layer, Trunk)]
    assert [sum(isinstance(block, ResidualBlock) for block in stage) for stage in stages] == [1, 2]
    stages[1].load_state_dict(player.trunk.state_dict())  # the very same blocks, name for name
    stages[1].eval()
    x = torch.rand(2, 8, 6, 7)
    assert torch.equal(stages[1](x), player.trunk.eval()(x))


def test_pixels_are_normalised_inside() -> None:
    model = made("logistic", (1, 4, 4), 2)
    model.mean.fill_(100.0)
    model.std.fill_(50.0)
    with torch.no_grad():
        model.head.weight.fill_(1.0)
        model.head.bias.zero_()
    assert model(torch.full((1, 1, 4, 4), 150, dtype=torch.uint8))[0, 0].item() == pytest.approx(16.0)


def test_a_stem_starts_at_the_scale_of_its_inputs() -> None:
    """No layer of any kind begins so large or small that nothing can be learned."""
    for kind in ARCHITECTURES:
        torch.manual_seed(0)
        model = made(kind, width=0.25)
        model.mean.fill_(127.5)
        model.std.fill_(74.0)
        spread = model(torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)).std().item()
        assert math.isfinite(spread)
        assert 1e-4 < spread < 10
    assert isinstance(made("mlp").head, nn.Linear)
