"""An engine over torch.compile: kernels made for this machine by its C++ compiler, seconds for each batch shape.

Knows torch.compile. Does not know search or learning. It is used only when asked for: what it gains on a CPU is less
than what OpenVINO does, and its start costs most of a minute.
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
"""Each costs seconds: fewer of them."""


class TorchCompileBackend(TorchBackend):
    """An ``Evaluate`` over torch.compile. Weights are copied into the compiled module, so it is compiled once."""

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
    def _prepared(self) -> nn.Module:
        fresh = super()._prepared()
        if self.module is None:
            self.module = fresh
            self.compiled: Any = torch.compile(fresh, dynamic=False)
        for mine, new in zip(self.module.parameters(), fresh.parameters(), strict=True):
            mine.copy_(new)
        return self.compiled  # type: ignore[no-any-return]
