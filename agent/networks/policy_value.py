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
    masked: bool = False  # the last plane is 1 on the board; other cells are 0 in every layer, for boards of many sizes
    value: Literal["wdl", "scalar"] = "wdl"  # wdl: probabilities of win, draw and loss; scalar: one number
    head_channels: Width = 32  # channels of the policy head and the value head
    hidden: Width = 64  # neurons of the hidden layer of the value head

    def agree(self) -> None:
        if self.masked and self.heads != "pooled":
            raise ValueError("network.masked is on: network.heads must be 'pooled', which fit boards of every size")


def conv_norm(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """A convolution that keeps the board's size, and BatchNorm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def keep_board(x: Tensor, board: Tensor | None) -> Tensor:
    """``x`` [B, C, H, W] with zeros where ``board`` [B, 1, H, W] is 0; None: the board fills the tensor."""
    return x if board is None else x * board


def board_mean(x: Tensor, board: Tensor | None) -> Tensor:
    """[B, C, H, W] to [B, C]: the mean over the board's cells; ``x`` is 0 elsewhere."""
    mean = x.mean(dim=(2, 3))
    return mean if board is None else mean / board.mean(dim=(2, 3))


def pool(x: Tensor, board: Tensor | None = None) -> Tensor:
    """[B, C, H, W] to [B, 2C]: mean and maximum over the board. ``x`` >= 0 is 0 on other cells."""
    largest = F.adaptive_max_pool2d(x, 1).flatten(1)  # on a CPU the gradient of ``x.amax`` takes four times as long
    return torch.cat([board_mean(x, board), largest], dim=1)


class SqueezeExcite(nn.Module):
    """Scales and shifts each channel by numbers computed from the mean over the board (squeeze-and-excitation)."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, reduced)
        self.excite = nn.Linear(reduced, 2 * channels)

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        scale, shift = self.excite(F.relu(self.squeeze(board_mean(x, board)))).chunk(2, dim=1)
        out: Tensor = x * torch.sigmoid(scale)[:, :, None, None] + shift[:, :, None, None]
        return out


class GlobalBias(nn.Module):
    """Adds to each channel a bias computed from the globally pooled board."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        bias: Tensor = self.bias(pool(x, board))
        return x + bias[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two convolutions and a skip connection. ``between`` follows the first one, ``after`` the second one."""

    def __init__(self, channels: int, between: nn.Module | None = None, after: nn.Module | None = None) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels)
        self.between = between
        self.second = conv_norm(channels, channels)
        self.after = after

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        out = keep_board(F.relu(self.first(x)), board)
        if self.between is not None:
            out = keep_board(self.between(out, board), board)
        out = keep_board(self.second(out), board)
        if self.after is not None:
            out = keep_board(self.after(out, board), board)
        return F.relu(x + out)


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

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        """``board`` [B, 1, H, W]: 1 on the cells of the board; None: all cells."""
        for layer in self:
            x = layer(x, board) if isinstance(layer, ResidualBlock) else keep_board(layer(x), board)
        return x


class DensePolicy(nn.Module):
    """Logits from a dense layer over the whole board: strongest on a board of one size."""

    def __init__(self, channels: int, height: int, width: int, num_actions: int, reduced: int) -> None:
        super().__init__()
        self.reduce = conv_norm(channels, reduced, kernel=1)
        self.logits = nn.Linear(reduced * height * width, num_actions)

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
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

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        planes = keep_board(self.planes(keep_board(F.relu(self.reduce(x)), board)), board)
        row_mean = planes.mean(dim=2, keepdim=True)
        if board is not None:  # of the rows of the board only
            row_mean = row_mean / board.amax(dim=3, keepdim=True).mean(dim=2, keepdim=True)
        padded = torch.cat([planes, row_mean], dim=2)  # row -1 is the mean row
        column_mean = padded.mean(dim=3, keepdim=True)
        if board is not None:
            column_mean = column_mean / board.amax(dim=2, keepdim=True).mean(dim=3, keepdim=True)
        padded = torch.cat([padded, column_mean], dim=3)
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

    def forward(self, x: Tensor, board: Tensor | None = None) -> Tensor:
        x = keep_board(F.relu(self.reduce(x)), board)
        x = self.out(F.relu(self.hidden(pool(x, board) if self.pooled else x.flatten(1))))
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
        board = self.board(observation)
        x = self.trunk(observation, board)
        return NetworkOutput(self.policy(x, board), self.value(x, board))

    def board(self, observation: Tensor) -> Tensor | None:
        """[B, 1, H, W]: the plane of the board's cells; None where the board fills every plane."""
        return observation[:, -1:] if self.config.masked else None

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
