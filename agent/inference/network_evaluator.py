"""A network as players and runners use it: an engine behind a cache, with its version.

Knows how an engine, merging, cache and symmetries are put together. Does not know search or learning.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from agent.inference.backend_selection import (
    BackendCandidate,
    BackendConfig,
    cache_entry,
    list_candidates,
    make_backend,
    placed,
    select_fastest,
)
from agent.inference.batching import BatchingEvaluator
from agent.inference.evaluate import Evaluate, Evaluation
from agent.inference.evaluation_cache import EvaluationCache
from agent.inference.symmetries import canonicalize_symmetries
from agent.networks.policy_value import NetworkConfig
from games.game import Game, Positions, States


class NetworkEvaluator:
    """An ``Evaluate`` whose weights can be swapped between calls; safe to share between threads."""

    def __init__(self, game: Game, network: NetworkConfig, config: BackendConfig, *, wait: bool = True) -> None:
        """With ``wait=False`` the first engine to be had starts at once; with its first answer a thread begins to
        make and measure the others, and puts the fastest in its place.
        """
        config = placed(config)
        self.lock = threading.Lock()
        self.weights: tuple[Mapping[str, Any], int] | None = None
        found = [] if wait else list_candidates(game, network, config)
        self.engine = found[0].make() if found else make_backend(game, network, config)
        choice = (found, game, cache_entry(game, network, config))
        self.chooser = threading.Thread(target=self._choose, args=choice, name="engines")
        self.choosing = len(found) < 2  # nothing to choose from is chosen already
        judge: Evaluate = self._count
        if config.device != "cpu":  # one device for all threads
            judge = BatchingEvaluator(judge)
        self.cache = EvaluationCache(judge, game.num_actions, entries=max(config.cache_entries, 1))
        judge = self.cache if config.cache_entries > 0 else judge
        self.judge = canonicalize_symmetries(judge, game.symmetries) if config.canonical else judge
        self.asked = self.evaluated = self.calls = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        self.asked += len(states)
        answer = self.judge(states, positions)
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

    def _choose(self, found: Sequence[BackendCandidate], game: Game, entry: str) -> None:
        """Put the fastest engine to work, if it is another than the one at work."""
        weights = self.weights[0] if self.weights is not None else None
        try:
            name, best = select_fastest(found, game, entry, weights=weights, updates=True)
        except Exception as error:  # whatever another engine's library does, this one goes on
            warnings.warn(f"no other engine could be tried: {error}", stacklevel=1)
            return
        if name == found[0].name:
            return
        with self.lock:
            if self.weights is not None:
                best.load(*self.weights)
            self.engine = best

    @property
    def version(self) -> int:
        return self.engine.version
