"""A network as players and runners use it: an engine behind a cache, with its version.

Knows how the two are put together. Does not know search or learning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agent.cache import Cache
from agent.engines import TorchEngine, best_precision
from agent.evaluation import Evaluation
from agent.network import NetworkConfig
from games.game import Game, Positions, States


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How a network is run for play."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: the faster one here, by measuring
    device: str = "cpu"
    cache_entries: int = 1 << 18  # 0: no cache


class NetworkEvaluator:
    """An ``Evaluate`` whose weights can be swapped between calls; safe to share between threads."""

    def __init__(self, game: Game, network: NetworkConfig, config: EngineConfig) -> None:
        precision = best_precision(game, network) if config.precision == "auto" else config.precision
        self.engine = TorchEngine(game, network, precision=precision, device=config.device)
        self.cache = Cache(self._count, game.num_actions, entries=max(config.cache_entries, 1))
        self.cached = config.cache_entries > 0
        self.asked = self.evaluated = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        self.asked += len(states)
        return (self.cache if self.cached else self._count)(states, positions)

    def _count(self, states: States, positions: Positions) -> Evaluation:
        self.evaluated += len(states)
        return self.engine(states, positions)

    def load(self, weights: Mapping[str, Any], version: int) -> None:
        """Take new weights and forget what the old ones said."""
        self.engine.load(weights, version)
        self.cache.clear()

    @property
    def version(self) -> int:
        return self.engine.version
