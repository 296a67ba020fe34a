"""Compiled loops that turn the samples of a batch, each by a symmetry of its own.

Knows arrays and index maps (``games.game.Symmetries``). Does not know what the samples mean. The loops release the GIL,
so that self-play goes on while a batch is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit
from games.symmetry import Symmetries


@cached_njit
def _gather_cells(source: NDArray[Any], turns: NDArray[Any], cells: NDArray[Any], out: NDArray[Any]) -> None:
    """[B, C, H * W]: cell i of ``out`` is cell ``cells[turn, i]`` of ``source``."""
    for b in range(source.shape[0]):
        places = cells[turns[b]]
        for c in range(source.shape[1]):
            for i in range(source.shape[2]):
                out[b, c, i] = source[b, c, places[i]]


@cached_njit
def _move_actions(
    source: NDArray[Any], rows: NDArray[Any], turns: NDArray[Any], actions: NDArray[Any], out: NDArray[Any]
) -> None:
    """[B, A]: action a of row ``rows[b]`` of ``source`` becomes action ``actions[turn, a]`` of row b of ``out``."""
    for b in range(len(rows)):
        row, places = rows[b], actions[turns[b]]
        for a in range(source.shape[1]):
            out[b, places[a]] = source[row, a]


def turn_observations(observation: NDArray[Any], turns: NDArray[np.int64], symmetries: Symmetries) -> NDArray[Any]:
    """[B, C, H, W] observations, row b as symmetry ``turns[b]`` shows it."""
    shape = (*observation.shape[:2], symmetries.cells.shape[1])
    out = np.empty(shape, observation.dtype)
    _gather_cells(np.ascontiguousarray(observation).reshape(shape), turns, symmetries.cells, out)
    return out.reshape(observation.shape)


def turn_policies(
    source: NDArray[Any], rows: NDArray[np.int64], turns: NDArray[np.int64], symmetries: Symmetries
) -> NDArray[Any]:
    """[B, A]: the policies or masks ``source[rows]``, row b as symmetry ``turns[b]`` shows it."""
    out = np.empty((len(rows), source.shape[1]), source.dtype)
    _move_actions(source, rows, turns, symmetries.actions, out)
    return out
