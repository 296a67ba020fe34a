"""A network as players and runners use it: a backend behind a cache, with the version of its weights.

Knows how a backend, batching, cache and symmetries are put together. Does not know search or learning.
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
    list_candidates,
    make_backend,
    resolve_device,
    select_fastest,
    selection_key,
)
from agent.inference.batching import BatchingEvaluator
from agent.inference.evaluate import Evaluate, EvaluateFunction, Evaluation
from agent.inference.evaluation_cache import EvaluationCache
from agent.inference.symmetries import canonicalize_symmetries
from agent.networks.policy_value import NetworkConfig
from games.game import Game, Positions, States


class NetworkEvaluator(Evaluate):
    """An ``Evaluate`` whose weights can be replaced between calls. Threads may share it.

    ``asked`` counts the positions that callers sent, ``evaluated`` those that the network saw, and ``calls`` its
    batches.
    """

    reads_states = False

    def __init__(self, game: Game, network: NetworkConfig, config: BackendConfig, *, wait: bool = True) -> None:
        """``wait=False``: start with the first available backend instead of waiting until the fastest one is found.

        After the first answer a thread then makes and measures the other backends and switches to the fastest.
        """
        config = resolve_device(config)
        self.lock = threading.Lock()
        self.weights: tuple[Mapping[str, Any], int] | None = None
        candidates = [] if wait else list_candidates(game, network, config)
        self.backend = candidates[0].make() if candidates else make_backend(game, network, config)
        arguments = (candidates, game, selection_key(game, network, config))
        self.selection_thread = threading.Thread(target=self._select_backend, args=arguments, name="backends")
        self.selection_started = len(candidates) < 2  # with one candidate there is nothing to select
        evaluate: EvaluateFunction = self._run_backend
        if config.device != "cpu":  # all threads share one device
            evaluate = BatchingEvaluator(evaluate)
        self.cache = EvaluationCache(evaluate, game.num_actions, entries=max(config.cache_entries, 1))
        evaluate = self.cache if config.cache_entries > 0 else evaluate
        self.evaluate = canonicalize_symmetries(evaluate, game.symmetries) if config.canonical else evaluate
        self.asked = self.evaluated = self.calls = 0

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        self.asked += len(states)
        answer = self.evaluate(states, positions)
        if not self.selection_started:
            self._start_selection()
        return answer

    def load(self, weights: Mapping[str, Any], version: int) -> None:
        """Use new weights, tensors or arrays, and clear the cache."""
        weights = {name: torch.tensor(w) if isinstance(w, np.ndarray) else w for name, w in weights.items()}
        with self.lock:
            self.weights = weights, version
            self.backend.load(weights, version)
        self.cache.clear()

    @property
    def version(self) -> int:
        return self.backend.version

    def _run_backend(self, states: States, positions: Positions) -> Evaluation:
        self.evaluated += len(states)
        self.calls += 1
        return self.backend(states, positions)

    def _start_selection(self) -> None:
        """Start the thread that tries the other backends, once for all calling threads."""
        with self.lock:
            if not self.selection_started:
                self.selection_started = True
                self.selection_thread.start()

    def _select_backend(self, candidates: Sequence[BackendCandidate], game: Game, key: str) -> None:
        """Find the fastest backend and switch to it."""
        weights = self.weights[0] if self.weights is not None else None
        try:
            name, fastest = select_fastest(candidates, game, key, weights=weights, updates=True)
        except Exception as error:  # whatever fails in another backend's library, the present one keeps working
            warnings.warn(f"no other backend could be tried: {error}", stacklevel=1)
            return
        if name == candidates[0].name:
            return
        with self.lock:
            if self.weights is not None:
                fastest.load(*self.weights)
            self.backend = fastest
