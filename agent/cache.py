"""A cache of evaluations by observation: a position met again costs a lookup, twins in one batch are judged once.

Knows hashes of observations and raw outputs. Does not know what computes them; masks come after, so an entry serves
every search. Observations are told apart by 64 bits.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent.evaluation import Evaluate, Evaluation
from games.game import Positions, States

PROBES = 4
"""Places an entry may stand in; the first of them is overwritten when all are taken."""


@njit(cache=True, nogil=True)
def hash_rows(data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    """[B] 64-bit hashes of the rows of ``data [B, N]``; 0 never comes out."""
    for b in range(len(data)):
        code = np.uint64(0x243F6A8885A308D3)
        for value in data[b]:
            code = (code ^ np.uint64(value)) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(29)
        out[b] = (code ^ (code >> np.uint64(32))) | np.uint64(1)


@njit(cache=True, nogil=True)
def look_up(codes: Any, keys: Any, logits: Any, values: Any, out_logits: Any, out_values: Any, hit: Any) -> None:
    """Fill the rows of ``out_*`` whose code is known; ``hit [B]`` says which."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        hit[b] = False
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if keys[place] == codes[b]:
                out_logits[b] = logits[place]
                out_values[b] = values[place]
                hit[b] = True
                break


@njit(cache=True, nogil=True)
def store(codes: Any, keys: Any, logits: Any, values: Any, in_logits: Any, in_values: Any) -> None:
    """Remember one evaluation a code, over older ones where there is no room."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        chosen = (codes[b] >> np.uint64(7)) & mask
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if keys[place] == codes[b] or keys[place] == 0:
                chosen = place
                break
        keys[chosen] = codes[b]
        logits[chosen] = in_logits[b]
        values[chosen] = in_values[b]


class Cache:
    """An ``Evaluate`` that remembers what another one said. Safe to call from several threads."""

    def __init__(self, evaluate: Evaluate, num_actions: int, *, entries: int = 1 << 18) -> None:
        """``entries`` is rounded up to a power of two; each takes 12 + 4 A bytes."""
        size = 1 << (entries - 1).bit_length()
        self.evaluate = evaluate
        self.keys = np.zeros(size, np.uint64)
        self.logits = np.zeros((size, num_actions), np.float32)
        self.values = np.zeros(size, np.float32)
        self.lock = threading.Lock()
        self.epoch = 0
        self.asked = self.evaluated = 0

    def clear(self) -> None:
        """Forget everything: the network has changed. What is being evaluated meanwhile is not stored."""
        with self.lock:
            self.keys[:] = 0
            self.epoch += 1

    @property
    def hit_rate(self) -> float:
        """The share of positions that cost no evaluation."""
        return 1 - self.evaluated / max(self.asked, 1)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        observation = np.ascontiguousarray(positions.observation)
        codes, hit = np.empty(len(observation), np.uint64), np.empty(len(observation), np.bool_)
        hash_rows(observation.reshape(len(observation), -1).view(np.uint8), codes)
        logits = np.empty((len(observation), self.logits.shape[1]), np.float32)
        values = np.empty(len(observation), np.float32)
        with self.lock:
            look_up(codes, self.keys, self.logits, self.values, logits, values, hit)
            epoch = self.epoch
        missed = np.flatnonzero(~hit)
        fresh, first, twin = np.unique(codes[missed], return_index=True, return_inverse=True)
        if len(missed):
            asked = missed[first]
            answer = self.evaluate(states[asked], positions.take(asked))
            logits[missed], values[missed] = answer.logits[twin], answer.value[twin]
        with self.lock:
            self.asked += len(codes)
            self.evaluated += len(fresh)
            if len(missed) and epoch == self.epoch:
                store(fresh, self.keys, self.logits, self.values, answer.logits, answer.value)
        return Evaluation(logits, values)
