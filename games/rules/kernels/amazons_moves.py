"""Moves of the queens of Amazons, on sets of cells: one bit for each cell, in words of 64 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit

DIRECTIONS = ((0, 1), (1, -1), (1, 0), (1, 1), (0, -1), (-1, 1), (-1, 0), (-1, -1))
"""(down, right); along the first four the cells' numbers grow, along the others they fall."""

AROUND = len(DIRECTIONS)
WORD = 64


def make_rays(size: int) -> NDArray[np.uint64]:
    """[cells, 9, words] bit sets of the cells in each direction and, last, of those next to the cell."""
    rays = np.zeros((size * size, AROUND + 1, -(-size * size // WORD)), np.uint64)
    for cell in range(size * size):
        for d, (down, right) in enumerate(DIRECTIONS):
            r, c, plane = cell // size + down, cell % size + right, AROUND
            while 0 <= r < size and 0 <= c < size:
                word, bit = divmod(r * size + c, WORD)
                for p in {plane, d}:
                    rays[cell, p, word] |= np.uint64(1 << bit)
                r, c, plane = r + down, c + right, d
    return rays


@cached_njit
def can_move(occupied: NDArray[np.uint64], rays: NDArray[np.uint64], cell: int) -> bool:
    """Whether a cell next to ``cell`` is empty."""
    for word in range(len(occupied)):
        if rays[cell, AROUND, word] & ~occupied[word]:
            return True
    return False


@cached_njit
def queen_reach(occupied: NDArray[np.uint64], rays: NDArray[np.uint64], cell: int, word: int) -> Any:
    """Word ``word`` of the cells that a queen on ``cell`` reaches in one move."""
    reach = np.uint64(0)
    for d in range(4):  # up to the lowest bit in the way
        ray = rays[cell, d, word]
        blockers = occupied[word] & ray
        if blockers:
            ray &= blockers ^ (blockers - np.uint64(1))
        for nearer in range(word):
            if occupied[nearer] & rays[cell, d, nearer]:
                ray = np.uint64(0)
        reach |= ray
    for d in range(4, 8):  # a piece in the way hides every lower bit
        ray = rays[cell, d, word]
        hidden = occupied[word] & ray
        hidden |= hidden >> np.uint64(1)
        hidden |= hidden >> np.uint64(2)
        hidden |= hidden >> np.uint64(4)
        hidden |= hidden >> np.uint64(8)
        hidden |= hidden >> np.uint64(16)
        hidden |= hidden >> np.uint64(32)
        ray &= ~hidden
        for nearer in range(word + 1, len(occupied)):
            if occupied[nearer] & rays[cell, d, nearer]:
                ray = np.uint64(0)
        reach |= ray
    return reach & ~occupied[word]


@cached_njit
def queen_distances(
    occupied: NDArray[np.uint64], rays: NDArray[np.uint64], starts: NDArray[np.int8]
) -> NDArray[np.int16]:
    """[cells] queen moves from the nearest of ``starts`` to each empty cell; the number of cells where none leads."""
    far = len(rays)
    distances, queue = np.empty(far, np.int16), np.empty(far, np.int16)
    for cell in range(far):
        distances[cell] = far
    head, tail = 0, len(starts)
    for i in range(tail):
        queue[i] = starts[i]
        distances[starts[i]] = 0
    while head < tail:
        cell = queue[head]
        head += 1
        for word in range(len(occupied)):
            reach = queen_reach(occupied, rays, cell, word)
            for to in range(word * WORD, min(far, (word + 1) * WORD)):
                if distances[to] == far and (reach >> np.uint64(to % WORD)) & np.uint64(1):
                    distances[to] = distances[cell] + 1
                    queue[tail] = to
                    tail += 1
    for start in starts:
        distances[start] = far
    return distances
