"""The PyTorch backend.

Knows torch, precision and batch shapes. Does not know search or learning. Weights are copied, BatchNorm is folded into
the convolutions before it, and batches are padded to a few fixed shapes, so that a position's result never depends on
the other positions of its batch.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from agent.inference.evaluate import Evaluate, Evaluation
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, expected_value
from games.game import Game, Positions, States

SHAPES = tuple(range(32, 513, 16))
"""Batches are padded to the next of these sizes, and larger ones are split. Below 32 rows fp32 results may vary."""

FEW = (1, 2, 3, 4, 5, 6, 8, 12, 16)
"""Smaller sizes, for a player of one game at a time whose results need not be the same in other batches."""

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """A copy of ``model`` for inference with each BatchNorm folded into the convolution before it."""
    model = copy.deepcopy(model).eval()
    for module in list(model.modules()):
        if (
            isinstance(module, nn.Sequential)
            and len(module) == 2
            and isinstance(module[0], nn.Conv2d)
            and isinstance(module[1], nn.BatchNorm2d)
        ):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = nn.Identity()
    return model


class TorchBackend(Evaluate):
    """Runs the network in PyTorch. Several threads may call it, and ``load`` replaces the weights between calls."""

    def __init__(
        self, game: Game, config: NetworkConfig, *, precision: str = "fp32", device: str = "cpu", shapes: Any = SHAPES
    ) -> None:
        """``precision`` is fp32 or bf16, ``device`` a name of torch's. ValueError for other precisions."""
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}")
        self.dtype, self.device, self.shapes = PRECISIONS[precision], torch.device(device), tuple(shapes)
        self.precision = precision
        with torch.random.fork_rng(devices=[]):  # the initial weights are never used, so the global random state stays
            self.network = PolicyValueNet(config, game.observation_shape, game.action_layout)
        self.version = -1
        self._model = self._inference_model()

    def load(self, weights: Mapping[str, Tensor], version: int = 0) -> None:
        """Use new weights in later calls. Their names and shapes must be those of the network."""
        self.network.load_state_dict(weights, strict=True)
        self._model = self._inference_model()
        self.version = version

    def _inference_model(self) -> nn.Module:
        model = fold_batch_norm(self.network).to(self.device, self.dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model  # type: ignore[no-any-return]

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        parts = [
            self._forward(positions.observation[start : start + self.shapes[-1]])
            for start in range(0, len(positions.observation), self.shapes[-1])
        ]
        if len(parts) == 1:
            return parts[0]
        return Evaluation(np.concatenate([p.logits for p in parts]), np.concatenate([p.value for p in parts]))

    def _forward(self, observation: Any) -> Evaluation:
        count = len(observation)
        size = next(shape for shape in self.shapes if shape >= count)
        # Write NHWC memory directly: there are few planes, so this is the cheapest place to change the layout.
        padded = np.zeros((size, *observation.shape[2:], observation.shape[1]), observation.dtype)
        padded[:count] = observation.transpose(0, 2, 3, 1)
        with torch.inference_mode():
            x = torch.from_numpy(padded).permute(0, 3, 1, 2).to(self.device, self.dtype)
            policy, value = self._model(x)
            logits = policy[:count].float().cpu().numpy()
            return Evaluation(logits, expected_value(value[:count]).float().cpu().numpy())
