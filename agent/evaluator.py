"""A network as players and runners use it: an engine behind a cache, with its version.

Knows which engines there are and how they are put together. Does not know search or learning.
"""

from __future__ import annotations

import importlib.util
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import torch

from agent.cache import Cache
from agent.engines import FEW, SHAPES, TorchEngine
from agent.evaluation import Evaluation
from agent.network import NetworkConfig
from games.game import Game, Positions, States

CHOSEN_HERE = ("auto", "fast")
"""Precisions that stand for the best one on this machine."""


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How a network is run for play; auto: the fastest one here, by measuring each for a moment.

    int8 (OpenVINO only) rounds: about one best action in a hundred differs. It is tried when the precision is ``fast``.
    """

    kind: Literal["auto", "torch", "openvino"] = "auto"
    precision: Literal["auto", "fast", "fp32", "bf16", "int8"] = "auto"
    device: str = "cpu"
    cache_entries: int = 1 << 18  # 0: no cache
    few: bool = False  # batches of a few rows stay small, for one game at a time: faster, bits may vary with company


class Engine(Protocol):
    """An ``Evaluate`` made of weights."""

    version: int
    precision: str

    def __call__(self, states: States, positions: Positions) -> Evaluation: ...

    def load(self, weights: Mapping[str, Any], version: int = 0) -> None: ...


def engine(game: Game, network: NetworkConfig, config: EngineConfig) -> Engine:
    """The engine that ``config`` asks for. ValueError for one that is not to be had."""
    makers = candidates(game, network, config)
    if not makers:
        raise ValueError(
            f"engine {config.kind} with {config.precision} on {config.device} is not to be had here;"
            " openvino needs its package (the extra 'fast') and device cpu, int8 needs openvino"
        )
    made = [make() for make in makers]
    if len(made) == 1:
        return made[0]
    return min(made, key=lambda engine: seconds(engine, game))


def candidates(game: Game, network: NetworkConfig, config: EngineConfig) -> list[Callable[[], Engine]]:
    """Makers of every engine that fits ``config`` on this machine."""
    on_cpu = config.device == "cpu"
    with_openvino = on_cpu and config.kind != "torch" and importlib.util.find_spec("openvino") is not None
    wanted: tuple[str, ...] = (config.precision,)
    if config.precision in CHOSEN_HERE:
        wanted = ("fp32", "bf16") if has_bf16(config.device) else ("fp32",)
    if config.precision == "fast":
        wanted = (*wanted, "int8")
    few = FEW if config.few else ()
    makers: list[Callable[[], Engine]] = []
    for precision in wanted:
        if config.kind != "openvino" and precision != "int8":
            shapes = (*few, *SHAPES)
            makers.append(partial(TorchEngine, game, network, precision=precision, device=config.device, shapes=shapes))
        if with_openvino:
            from agent.openvino_engine import COMPILED_SHAPES, OpenVinoEngine

            shapes = (*few, *COMPILED_SHAPES)
            makers.append(partial(OpenVinoEngine, game, network, precision=precision, shapes=shapes))
    return makers


def has_bf16(device: str) -> bool:
    """Whether bf16 is native there; emulated, it is not worth the time to measure it."""
    if device != "cpu":
        return True
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16") or not known)


def seconds(engine: Engine, game: Game, *, rows: int = 128, repeats: int = 8) -> float:
    """What a batch of ``rows`` first positions costs, the fastest of a few."""
    states = game.new(rows)
    game.init(states)
    positions = game.describe_new(states)
    engine(states, positions)
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        engine(states, positions)
        spans.append(time.perf_counter() - start)
    return min(spans)


class NetworkEvaluator:
    """An ``Evaluate`` whose weights can be swapped between calls; safe to share between threads."""

    def __init__(self, game: Game, network: NetworkConfig, config: EngineConfig, *, wait: bool = True) -> None:
        """With ``wait=False`` the first engine to be had starts at once; with its first answer a thread begins to
        make and measure the others, and puts the fastest in its place.
        """
        self.lock = threading.Lock()
        self.weights: tuple[Mapping[str, Any], int] | None = None
        makers = [] if wait else candidates(game, network, config)
        self.engine = makers[0]() if makers else engine(game, network, config)
        self.chooser = threading.Thread(target=self._choose, args=(makers[1:], game), name="engines")
        self.choosing = not makers[1:]  # nothing to choose from is chosen already
        self.cache = Cache(self._count, game.num_actions, entries=max(config.cache_entries, 1))
        self.cached = config.cache_entries > 0
        self.asked = self.evaluated = self.calls = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        self.asked += len(states)
        answer = (self.cache if self.cached else self._count)(states, positions)
        if not self.choosing:
            self._begin()
        return answer

    def _begin(self) -> None:
        """Start the thread that tries the other engines, whoever asks first."""
        with self.lock:
            if not self.choosing:
                self.choosing = True
                self.chooser.start()

    def _count(self, states: States, positions: Positions) -> Evaluation:
        self.evaluated += len(states)
        self.calls += 1
        return self.engine(states, positions)

    def load(self, weights: Mapping[str, Any], version: int) -> None:
        """Take new weights, tensors or arrays, and forget what the old ones said."""
        weights = {name: torch.tensor(w) if isinstance(w, np.ndarray) else w for name, w in weights.items()}
        with self.lock:
            self.weights = weights, version
            self.engine.load(weights, version)
        self.cache.clear()

    def _choose(self, makers: list[Callable[[], Engine]], game: Game) -> None:
        """Put the fastest of the engine at work and those that ``makers`` make to work."""
        try:
            best = min([self.engine, *(make() for make in makers)], key=lambda engine: seconds(engine, game))
        except Exception as error:  # whatever another engine's library does, this one goes on
            warnings.warn(f"an engine could not be tried: {error}", stacklevel=1)
            return
        with self.lock:
            if best is not self.engine and self.weights is not None:
                best.load(*self.weights)
            self.engine = best

    @property
    def version(self) -> int:
        return self.engine.version
