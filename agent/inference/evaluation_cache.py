"""A cache of evaluations by observation: a position met again costs a lookup, twins in one batch are judged once.

Knows hashes of observations and raw outputs. Does not know what computes them; masks come after, so an entry serves
every search. Observations are told apart by 64 bits.

No thread waits for another: an entry holds a seal made of its code and its answer, so that one half overwritten by
another thread answers nobody (Hyatt and Mann, A lock-less transposition table implementation, 2002). The code also
holds the epoch: when the network changes, every older entry stops to match at once.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.inference.evaluate import Evaluate, Evaluation
from games.game import Positions, States
from games.jit_cache import cached_njit

PROBES = 4
"""Places an entry may stand in; the first of them is overwritten when all hold answers of this epoch."""


@cached_njit
def hash_rows(data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    """[B] 64-bit hashes of the rows of ``data [B, N]``; 0 never comes out."""
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
def look_up(codes: Any, keys: Any, seals: Any, words: Any, out: Any, hit: Any) -> None:
    """Fill the rows of ``out [B, W]`` whose code is known; ``hit [B]`` says which. Others may hold rubbish."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        hit[b] = False
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if keys[place] != codes[b]:
                continue
            for w in range(words.shape[1]):  # the copy is what is checked: the original may change meanwhile
                out[b, w] = words[place, w]
            if seals[place] == row_checksum(codes[b], out[b]):
                hit[b] = True
                break


@cached_njit
def store(codes: Any, epoch: np.uint32, keys: Any, seals: Any, words: Any, epochs: Any, fresh: Any) -> None:
    """Remember ``fresh [B, W]``, one evaluation a code; where there is no place of an older epoch, over another."""
    mask = np.uint64(len(keys) - 1)
    for b in range(len(codes)):
        chosen = (codes[b] >> np.uint64(7)) & mask
        for probe in range(PROBES):
            place = (codes[b] >> np.uint64(7)) + np.uint64(probe) & mask
            if epochs[place] != epoch or keys[place] == codes[b]:
                chosen = place
                break
        for w in range(words.shape[1]):
            words[chosen, w] = fresh[b, w]
        keys[chosen], seals[chosen], epochs[chosen] = codes[b], row_checksum(codes[b], fresh[b]), epoch


class EvaluationCache:
    """An ``Evaluate`` that remembers what another one said. Safe to call from several threads."""

    def __init__(self, evaluate: Evaluate, num_actions: int, *, entries: int = 1 << 18) -> None:
        """``entries`` is rounded up to a power of two; each takes 24 + 4 A bytes once it is used."""
        size = 1 << (entries - 1).bit_length()
        self.evaluate = evaluate
        self.keys = np.zeros(size, np.uint64)
        self.seals = np.zeros(size, np.uint64)
        self.words = np.zeros((size, num_actions + 1), np.uint32)  # the bits of the logits, then of the value
        self.epochs = np.zeros(size, np.uint32)
        self.epoch = 1
        self.counting = threading.Lock()
        self.asked = self.evaluated = 0

    def clear(self) -> None:
        """Forget everything: the network has changed. What is being evaluated meanwhile is not found later."""
        self.epoch += 1

    @property
    def hit_rate(self) -> float:
        """The share of positions that cost no evaluation."""
        return 1 - self.evaluated / max(self.asked, 1)

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        observation = np.ascontiguousarray(positions.observation)
        epoch = np.uint32(self.epoch)
        codes, hit = np.empty(len(observation), np.uint64), np.empty(len(observation), np.bool_)
        hash_rows(observation.reshape(len(observation), -1).view(np.uint8), codes)
        codes ^= np.uint64(epoch) << np.uint64(32)
        words = np.empty((len(observation), self.words.shape[1]), np.uint32)
        look_up(codes, self.keys, self.seals, self.words, words, hit)
        missed = np.flatnonzero(~hit)
        num_fresh = 0
        if len(missed):
            fresh, first, twin = np.unique(codes[missed], return_index=True, return_inverse=True)
            asked = missed[first]
            answer = self.evaluate(states[asked], positions.take(asked))
            judged = np.column_stack([answer.logits, answer.value]).astype(np.float32, copy=False).view(np.uint32)
            words[missed] = judged[twin]
            store(fresh, epoch, self.keys, self.seals, self.words, self.epochs, judged)
            num_fresh = len(fresh)
        with self.counting:
            self.asked += len(codes)
            self.evaluated += num_fresh
        floats = words.view(np.float32)
        return Evaluation(np.ascontiguousarray(floats[:, :-1]), np.ascontiguousarray(floats[:, -1]))
