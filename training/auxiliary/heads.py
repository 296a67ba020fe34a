"""A policy-value network with outputs that only training uses. It plays as the plain network with the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from agent.networks.policy_value import DensePolicy, NetworkConfig, PolicyValueNet, PooledPolicy, ValueHead
from training.auxiliary.losses import POLICY_TARGETS

PREFIX = "auxiliary."
"""How the names of the weights begin that only training uses."""


class TrainingOutput(NamedTuple):
    """Raw outputs for B positions during training."""

    policy: Tensor  # [B, A] logits
    value: Tensor  # [B, 3] win, draw, loss logits, or [B] in (-1, 1)
    auxiliary: Tensor  # [B, K] of all auxiliary heads: A logits for a policy, one number in (-1, 1) for a value


class AuxiliaryNet(PolicyValueNet):
    """A ``PolicyValueNet`` with a head for each of ``targets``, which it computes in training mode only."""

    def __init__(
        self,
        config: NetworkConfig,
        observation_shape: tuple[int, int, int],
        action_layout: np.ndarray[Any, Any],
        targets: Sequence[str],
    ) -> None:
        super().__init__(config, observation_shape, action_layout)
        _, height, width = observation_shape
        fixed = config.heads == "dense"
        heads: dict[str, nn.Module] = {}
        for name in targets:
            if name not in POLICY_TARGETS:
                heads[name] = ValueHead(
                    config.channels, height * width if fixed else None, replace(config, value="scalar")
                )
            elif fixed:
                heads[name] = DensePolicy(config.channels, height, width, len(action_layout), config.head_channels)
            else:
                heads[name] = PooledPolicy(config.channels, action_layout, config.head_channels)
        self.auxiliary = nn.ModuleDict(heads)

    def forward(self, observation: Tensor) -> Any:
        if not self.training:
            return super().forward(observation)
        board = self.board(observation)
        x = self.trunk(observation, board)
        outputs = [head(x, board) for head in self.auxiliary.values()]
        flat = [out if out.ndim == 2 else out[:, None] for out in outputs]
        return TrainingOutput(self.policy(x, board), self.value(x, board), torch.cat(flat, dim=1))


def make_network(
    config: NetworkConfig,
    observation_shape: tuple[int, int, int],
    action_layout: np.ndarray[Any, Any],
    targets: Sequence[str],
) -> PolicyValueNet:
    """The network to train: the plain one where there are no auxiliary ``targets``."""
    if not targets:
        return PolicyValueNet(config, observation_shape, action_layout)
    return AuxiliaryNet(config, observation_shape, action_layout, targets)


def playing_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the plain network, which plays."""
    return {name: tensor for name, tensor in weights.items() if not name.startswith(PREFIX)}
