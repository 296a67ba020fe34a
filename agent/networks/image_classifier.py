"""Image classifiers, from one neuron to a residual network of the blocks that also play games.

Knows the shapes of images and layers. Does not know data, losses or training. A classifier is a trunk, from images to
features, and one linear head. The kinds are perceptron (Rosenblatt 1958, here with a logistic function), logistic
regression, mlp, lenet (LeNet-5, LeCun et al. 1998, with ReLU and max pooling), alexnet (Krizhevsky et al. 2012) and
resnet (the trunk of self-play, with max pooling between its stages).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from agent.networks.policy_value import Trunk, pool
from agent.settings import BelowOne, Range, Settings, Width

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


WidthFactor = Annotated[float, Range(0, 100, above=True)]


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(Settings, called="network"):
    """The kind of network and its size."""

    kind: Literal["perceptron", "logistic", "mlp", "lenet", "alexnet", "resnet"] = "lenet"  # the architecture
    hidden: tuple[Width, ...] = (256, 128)  # mlp: neurons of each hidden layer
    width: WidthFactor = 1.0  # lenet, alexnet: factor on the numbers of channels and neurons of the paper
    channels: tuple[Width, ...] = (32, 64, 128)  # resnet: of each stage; max pooling halves the image between stages
    blocks: tuple[Annotated[int, Range(0, 1000)], ...] = (0, 1, 1)  # resnet: residual blocks of each stage
    squeeze_excite: bool = False  # resnet
    dropout: BelowOne = 0.0  # mlp: after each hidden layer; alexnet: in its dense layers; else before the head

    def agree(self) -> None:
        if len(self.channels) != len(self.blocks) or not self.channels:
            raise ValueError(
                f"network.blocks is {self.blocks}: it must have one number for each of channels {self.channels}"
            )

    @property
    def used(self) -> dict[str, Any]:
        """The settings that this kind of network uses."""
        return {"kind": self.kind} | {name: getattr(self, name) for name in ARCHITECTURES[self.kind].settings}


class GlobalPooling(nn.Module):
    """[B, C, H, W] to [B, 2C]: mean and maximum over the image."""

    def forward(self, x: Tensor) -> Tensor:
        return pool(x)


def _flat_layers(config: ClassifierConfig, shape: Shape) -> list[nn.Module]:
    return [nn.Flatten()]


def _mlp_layers(config: ClassifierConfig, shape: Shape) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, neurons in pairwise((math.prod(shape), *config.hidden)):
        layers += [nn.Linear(inputs, neurons), nn.ReLU(), nn.Dropout(config.dropout)]
    return layers


def _lenet_layers(config: ClassifierConfig, shape: Shape) -> list[nn.Module]:
    first, second, third, fourth = (max(1, round(size * config.width)) for size in (6, 16, 120, 84))
    padding = 0 if min(shape[1:]) >= 12 else 2  # small images are padded where LeNet-5 shrinks them
    convolutions = [
        *(nn.Conv2d(shape[0], first, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(first, second, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
    ]
    dense = nn.Linear(_num_features(convolutions, shape), third), nn.ReLU(), nn.Linear(third, fourth), nn.ReLU()
    return [*convolutions, *dense, nn.Dropout(config.dropout)]


def _alexnet_layers(config: ClassifierConfig, shape: Shape) -> list[nn.Module]:
    """As in the paper from 128 pixels up. The first layer keeps the size of smaller images."""
    sizes = (96, 256, 384, 384, 256, 4096)
    a, b, c, d, e, dense = (max(1, round(size * config.width)) for size in sizes)
    large = min(shape[1:]) >= 128
    first = nn.Conv2d(shape[0], a, 11, stride=4, padding=2) if large else nn.Conv2d(shape[0], a, 5, padding=2)

    def response_norm() -> nn.Module:
        return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)  # torch divides alpha by the size

    layers = [
        *(first, nn.ReLU(), response_norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), response_norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, d, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(d, e, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
    ]
    for inputs in (_num_features(layers, shape), dense):
        layers += [nn.Dropout(config.dropout), nn.Linear(inputs, dense), nn.ReLU()]
    return layers


def _resnet_layers(config: ClassifierConfig, shape: Shape) -> list[nn.Module]:
    layers: list[nn.Module] = []
    inputs = shape[0]
    for stage, (channels, blocks) in enumerate(zip(config.channels, config.blocks)):
        layers += [nn.MaxPool2d(2)] if stage else []
        layers.append(Trunk(inputs, blocks=blocks, channels=channels, squeeze_excite=config.squeeze_excite))
        inputs = channels
    return [*layers, GlobalPooling(), nn.Dropout(config.dropout)]


class Architecture(NamedTuple):
    """One kind of network."""

    smallest: int  # side of an image in pixels
    trunk: Callable[[ClassifierConfig, Shape], list[nn.Module]]
    settings: tuple[str, ...] = ()


ARCHITECTURES = {
    "perceptron": Architecture(1, _flat_layers),
    "logistic": Architecture(1, _flat_layers),
    "mlp": Architecture(1, _mlp_layers, ("hidden", "dropout")),
    "lenet": Architecture(4, _lenet_layers, ("width", "dropout")),
    "alexnet": Architecture(15, _alexnet_layers, ("width", "dropout")),
    "resnet": Architecture(2, _resnet_layers, ("channels", "blocks", "squeeze_excite", "dropout")),
}


class Classifier(nn.Module):
    """Images [B, C, H, W] of bytes or floats in 0..255 to logits [B, K], normalised by ``mean`` and ``std`` [C]."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: ClassifierConfig, shape: Shape, num_outputs: int) -> None:
        """``num_outputs``: K classes, or 1 for a single neuron. ValueError for images that are too small."""
        super().__init__()
        smallest, trunk, _ = ARCHITECTURES[config.kind]
        if config.kind == "resnet":
            smallest = 2 ** len(config.channels) // 2
        if min(shape[1:]) < smallest:
            raise ValueError(
                f"pictures of {shape[1]} x {shape[2]}: {config.kind} needs {smallest} x {smallest} or more"
            )
        self.config, self.shape, self.num_outputs = config, shape, num_outputs
        self.register_buffer("mean", torch.zeros(shape[0]))
        self.register_buffer("std", torch.full((shape[0],), 255.0))
        self.trunk = nn.Sequential(*trunk(config, shape))
        self.head = nn.Linear(_num_features(self.trunk, shape), num_outputs)
        self.train()

    def features(self, images: Tensor) -> Tensor:
        """[B, F] features, the outputs of the trunk."""
        out: Tensor = self.trunk((images.float() - self.mean[:, None, None]) / self.std[:, None, None])
        return out

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.head(self.features(images))
        return out


def _num_features(layers: Iterable[nn.Module], shape: Shape) -> int:
    with torch.no_grad():
        return int(nn.Sequential(*layers).eval()(torch.zeros(1, *shape)).numel())
