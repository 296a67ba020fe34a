"""Network blocks, and the policy-value ResNet built from them.

Knows tensors, depth and width. Does not know games: it gets the shape of an observation and an action layout.
The trunk is AlphaGo Zero's (Silver et al. 2017); squeeze-excite after Hu et al. 2018; global pooling after
KataGo (Wu 2019).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from agent.settings import Range, Settings, Width


class NetworkOutput(NamedTuple):
    """Raw outputs for B positions."""

    policy: Tensor  # [B, A] logits
    value: Tensor  # [B, 3] win, draw, loss logits, or [B] in (-1, 1)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Settings, called="network"):
    """The size of the policy-value network. ``pooled`` heads make it independent of the board's size."""

    blocks: Annotated[int, Range(0, 1000)] = 6  # residual blocks
    channels: Width = 64  # channels of each block
    squeeze_excite: bool = False  # a squeeze-and-excitation layer in each block
    global_pooling: bool = False  # every second block gets the mean and maximum of the whole board
    heads: Literal["dense", "pooled"] = "dense"  # dense: weights for each cell; pooled: the same for any board size
    value: Literal["wdl", "scalar"] = "wdl"  # wdl: probabilities of win, draw and loss; scalar: one number
    head_channels: Width = 32  # channels of the policy head and the value head
    hidden: Width = 64  # neurons of the hidden layer of the value head


def conv_norm(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """A convolution that keeps the board's size, and BatchNorm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def pool(x: Tensor) -> Tensor:
    """[B, C, H, W] to [B, 2C]: mean and maximum over the board."""
    return torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)


class SqueezeExcite(nn.Module):
    """Scales and shifts each channel by numbers computed from the mean over the board (squeeze-and-excitation)."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, reduced)
        self.excite = nn.Linear(reduced, 2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        scale, shift = self.excite(F.relu(self.squeeze(x.mean(dim=(2, 3))))).chunk(2, dim=1)
        out: Tensor = x * torch.sigmoid(scale)[:, :, None, None] + shift[:, :, None, None]
        return out


class GlobalBias(nn.Module):
    """Adds to each channel a bias computed from the globally pooled board."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        bias: Tensor = self.bias(pool(x))
        return x + bias[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two convolutions and a skip connection. ``between`` follows the first one, ``after`` the second one."""

    def __init__(self, channels: int, between: nn.Module | None = None, after: nn.Module | None = None) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels)
        self.between = between or nn.Identity()
        self.second = conv_norm(channels, channels)
        self.after = after or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.between(F.relu(self.first(x)))
        return F.relu(x + self.after(self.second(out)))


class Trunk(nn.Sequential):
    """[B, inputs, H, W] to [B, channels, H, W]: a first convolution and ``blocks`` residual blocks."""

    def __init__(
        self, inputs: int, *, blocks: int, channels: int, squeeze_excite: bool = False, global_pooling: bool = False
    ) -> None:
        layers: list[nn.Module] = [conv_norm(inputs, channels), nn.ReLU()]
        for index in range(blocks):
            between = GlobalBias(channels) if global_pooling and index % 2 == 1 else None
            after = SqueezeExcite(channels, max(channels // 4, 8)) if squeeze_excite else None
            layers.append(ResidualBlock(channels, between, after))
        super().__init__(*layers)


class DensePolicy(nn.Module):
    """Logits from a dense layer over the whole board: strongest on a board of one size."""

    def __init__(self, channels: int, height: int, width: int, num_actions: int, reduced: int) -> None:
        super().__init__()
        self.reduce = conv_norm(channels, reduced, kernel=1)
        self.logits = nn.Linear(reduced * height * width, num_actions)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(F.relu(self.reduce(x)).flatten(1))  # type: ignore[no-any-return]


class PooledPolicy(nn.Module):
    """Logits gathered from planes by an action layout [A, 3], which works on boards of every size.

    A row or column of -1 in the layout means the mean over that axis.
    """

    layout: Tensor

    def __init__(self, channels: int, layout: np.ndarray[Any, Any], reduced: int) -> None:
        super().__init__()
        self.register_buffer("layout", torch.as_tensor(layout).clone(), persistent=False)
        self.reduce = conv_norm(channels, reduced)
        self.planes = nn.Conv2d(reduced, int(max(layout[:, 0].max() + 1, 1)), 1)

    def forward(self, x: Tensor) -> Tensor:
        planes = self.planes(F.relu(self.reduce(x)))
        padded = torch.cat([planes, planes.mean(dim=2, keepdim=True)], dim=2)  # row -1 is the mean row
        padded = torch.cat([padded, padded.mean(dim=3, keepdim=True)], dim=3)
        plane, row, column = self.layout.unbind(1)
        return padded[:, plane.clamp(min=0), row, column]


class ValueHead(nn.Module):
    """Win, draw and loss logits, or a value in (-1, 1)."""

    def __init__(self, channels: int, cells: int | None, config: NetworkConfig) -> None:
        """``cells``: H * W of a board of fixed size. With None the head pools, for boards of every size."""
        super().__init__()
        self.reduce = conv_norm(channels, config.head_channels, kernel=1)
        self.pooled = cells is None
        self.hidden = nn.Linear(config.head_channels * (2 if cells is None else cells), config.hidden)
        self.wdl = config.value == "wdl"
        self.out = nn.Linear(config.hidden, 3 if self.wdl else 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.reduce(x))
        x = self.out(F.relu(self.hidden(pool(x) if self.pooled else x.flatten(1))))
        return x if self.wdl else torch.tanh(x[:, 0])


class PolicyValueNet(nn.Module):
    """From observation planes to policy logits and a value."""

    def __init__(
        self, config: NetworkConfig, observation_shape: tuple[int, int, int], action_layout: np.ndarray[Any, Any]
    ) -> None:
        """``observation_shape`` is (C, H, W). ``action_layout`` [A, 3] has the plane, row and column of each action."""
        super().__init__()
        inputs, height, width = observation_shape
        fixed = config.heads == "dense"
        self.config, self.observation_shape = config, observation_shape
        self.trunk = Trunk(
            inputs,
            blocks=config.blocks,
            channels=config.channels,
            squeeze_excite=config.squeeze_excite,
            global_pooling=config.global_pooling,
        )
        if fixed:
            self.policy: nn.Module = DensePolicy(
                config.channels, height, width, len(action_layout), config.head_channels
            )
        else:
            self.policy = PooledPolicy(config.channels, action_layout, config.head_channels)
        self.value = ValueHead(config.channels, height * width if fixed else None, config)

    def forward(self, observation: Tensor) -> NetworkOutput:
        x = self.trunk(observation)
        return NetworkOutput(self.policy(x), self.value(x))

    def describe(self) -> dict[str, Any]:
        """The entry ``network`` of a model folder's ``config.json``."""
        return asdict(self.config)


def expected_value(value: Tensor) -> Tensor:
    """[B] values in [-1, 1] from either kind of value output."""
    if value.ndim == 1:
        return value
    probabilities = value.float().softmax(dim=1)
    return probabilities[:, 0] - probabilities[:, 2]


def num_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def num_flops(model: nn.Module, shape: tuple[int, ...]) -> int:
    """Floating-point operations of one forward pass of one input. A multiplication and an addition count as two."""
    from torch.utils.flop_counter import FlopCounterMode

    was, device = model.training, next(model.parameters()).device
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, *shape, device=device))
    model.train(was)
    return int(counter.get_total_flops())
