"""A cache of evaluations by observation: known positions cost a lookup, and equal ones in a batch are evaluated once.

Knows hashes of observations and raw outputs. Does not know what computes them. Illegal actions are masked later, so an
entry serves every search. Observations are told apart by a hash of 64 bits.

No thread waits for another. An entry holds a checksum of its code and its answer, so that an entry that another thread
has half overwritten matches nothing (Hyatt and Mann, A lock-less transposition table implementation, 2002). The code
also contains the epoch: when the network changes, all older entries stop matching at once.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluate import EvaluateFunction, Evaluation
from games.compilation.jit_cache import cached_njit
from games.game import Positions, States

PROBES = 4
"""Number of slots where an entry may be. When all hold entries of this epoch, the first one is overwritten."""


@cached_njit
def hash_rows(data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    """[B] 64-bit hashes of the rows of ``data [B, N]``, never 0."""
    for b in range(len(data)):
        code = np.uint64(0x243F6A8885A308D3)
        for value in data[b]:
            code = (code ^ np.uint64(value)) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(29)
        out[b] = (code ^ (code >> np.uint64(32))) | np.uint64(1)


@cached_njit
def row_checksum(code: np.uint64, words: NDArray[np.uint32]) -> np.uint64:
    """64 bits that change with ``code`` and with any of the ``words [W]``."""
    for word in words:
        code = (code ^ np.uint64(word)) * np.uint64(0xD6E8FEB86659FD93)
    return code ^ (code >> np.uint64(32))


@cached_njit
def look_up(codes: Any, keys: Any, checksums: Any, words: Any, out: Any, hit: Any) -> None:
    """Fill the rows of ``out [B, W]`` whose code is stored, and set ``hit [B]`` there. Other rows are undefined."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        hit[b] = False
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if keys[place] != codes[b]:
                continue
            for w in range(words.shape[1]):  # the copy is checked, because another thread may change the original
                out[b, w] = words[place, w]
            if checksums[place] == row_checksum(codes[b], out[b]):
                hit[b] = True
                break


@cached_njit
def store(codes: Any, epoch: np.uint32, keys: Any, checksums: Any, words: Any, epochs: Any, new: Any) -> None:
    """Store ``new [B, W]``, one evaluation per code, in slots of an older epoch or else over other entries."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        chosen = (codes[b] >> np.uint64(7)) & mask
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if epochs[place] != epoch or keys[place] == codes[b]:
                chosen = place
                break
        for w in range(words.shape[1]):
            words[chosen, w] = new[b, w]
        keys[chosen], checksums[chosen], epochs[chosen] = codes[b], row_checksum(codes[b], new[b]), epoch


class EvaluationCache:
    """Calls ``evaluate`` only for positions that are not stored. Several threads may call it."""

    def __init__(self, evaluate: EvaluateFunction, num_actions: int, *, entries: int = 1 << 18) -> None:
        """``entries`` is rounded up to a power of two. Each takes 24 + 4 A bytes once it is used."""
        size = 1 << (entries - 1).bit_length()
        self.evaluate = evaluate
        self.keys = np.zeros(size, np.uint64)
        self.checksums = np.zeros(size, np.uint64)
        self.words = np.zeros((size, num_actions + 1), np.uint32)  # the bits of the logits, then of the value
        self.epochs = np.zeros(size, np.uint32)
        self.epoch = 1
        self.counter_lock = threading.Lock()
        self.asked = self.evaluated = 0

    def clear(self) -> None:
        """Drop all entries, because the network has changed. Evaluations under way now will not be found later."""
        self.epoch += 1

    @property
    def hit_rate(self) -> float:
        """The fraction of positions that needed no evaluation."""
        return 1 - self.evaluated / max(self.asked, 1)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        observation = np.ascontiguousarray(positions.observation)
        epoch = np.uint32(self.epoch)
        codes, hit = np.empty(len(observation), np.uint64), np.empty(len(observation), np.bool_)
        hash_rows(observation.reshape(len(observation), -1).view(np.uint8), codes)
        codes ^= np.uint64(epoch) << np.uint64(32)
        words = np.empty((len(observation), self.words.shape[1]), np.uint32)
        look_up(codes, self.keys, self.checksums, self.words, words, hit)
        missed = np.flatnonzero(~hit)
        num_evaluated = 0
        if len(missed):
            unique_codes, first, unique_row = np.unique(codes[missed], return_index=True, return_inverse=True)
            rows = missed[first]
            answer = self.evaluate(states.take(rows), positions.take(rows))
            new = np.column_stack([answer.logits, answer.value]).astype(np.float32, copy=False).view(np.uint32)
            words[missed] = new[unique_row]
            store(unique_codes, epoch, self.keys, self.checksums, self.words, self.epochs, new)
            num_evaluated = len(unique_codes)
        with self.counter_lock:
            self.asked += len(codes)
            self.evaluated += num_evaluated
        floats = words.view(np.float32)
        return Evaluation(np.ascontiguousarray(floats[:, :-1]), np.ascontiguousarray(floats[:, -1]))
