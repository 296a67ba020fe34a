"""The torch.compile backend: kernels that a C++ compiler builds for this machine, in seconds for each batch shape.

It is used only when asked for: on a CPU it gains less than OpenVINO, and its start takes most of a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from agent.inference.backends.torch import TorchBackend
from agent.networks.policy_value import NetworkConfig
from games.game import Game, Positions, States

FIXED_SHAPES = (128, 256, 512)
"""Batch sizes; fewer than the PyTorch backend's, because compiling each takes seconds."""


class TorchCompileBackend(TorchBackend):
    """Runs the network by torch.compile. Weights are copied into the compiled module, so it is compiled once."""

    def __init__(self, game: Game, config: NetworkConfig, *, precision: str = "fp32") -> None:
        """``precision`` is fp32 or bf16. ValueError for others."""
        self.lock = threading.Lock()
        self.module: nn.Module | None = None
        super().__init__(game, config, precision=precision, shapes=FIXED_SHAPES)

    def load(self, weights: Mapping[str, Tensor], version: int = 0) -> None:
        with self.lock:
            super().load(weights, version)

    def __call__(self, states: States, positions: Positions) -> Any:
        with self.lock:
            return super().__call__(states, positions)

    @torch.no_grad()
    def _inference_model(self) -> nn.Module:
        module = super()._inference_model()
        if self.module is None:
            self.module = module
            self.compiled: Any = torch.compile(module, dynamic=False)
        for compiled, new in zip(self.module.parameters(), module.parameters(), strict=True):
            compiled.copy_(new)
        return self.compiled  # type: ignore[no-any-return]
