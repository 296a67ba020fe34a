"""Symmetries of rectangular boards as index maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Symmetries:
    """S maps of the board onto itself that leave the rules unchanged; the first is the identity.

    ``cells[s]`` gathers: the turned observation's cell i is the old cell ``cells[s, i]`` (cells count row by row).
    ``actions[s]`` moves: action a of the old board is action ``actions[s, a]`` of the turned board.
    """

    cells: NDArray[np.int64]  # [S, H * W]
    actions: NDArray[np.int64]  # [S, A]

    def turn(self, observation: NDArray[Any], s: int) -> NDArray[Any]:
        """The observation [..., H, W] as symmetry ``s`` shows it."""
        flat = observation.reshape(*observation.shape[:-2], self.cells.shape[1])
        return flat[..., self.cells[s]].reshape(observation.shape)

    def turn_policy(self, policy: NDArray[Any], s: int) -> NDArray[Any]:
        """The policy, mask or logits [..., A] as symmetry ``s`` shows it."""
        turned = np.empty_like(policy)
        turned[..., self.actions[s]] = policy
        return turned


Turn = Callable[[NDArray[Any]], NDArray[Any]]

MIRROR: tuple[Turn, ...] = (lambda grid: grid, lambda grid: grid[:, ::-1])
"""Left-right mirror."""

RECTANGLE: tuple[Turn, ...] = (*MIRROR, lambda grid: grid[::-1], lambda grid: grid[::-1, ::-1])
"""The four symmetries of a rectangle."""

SQUARE: tuple[Turn, ...] = (*RECTANGLE, *(lambda grid, turn=turn: turn(grid).T for turn in RECTANGLE))
"""The eight symmetries of a square."""


def identity_symmetry(height: int, width: int, num_actions: int) -> Symmetries:
    """No symmetry but the board itself."""
    return Symmetries(np.arange(height * width)[None], np.arange(num_actions)[None])


def cell_symmetries(height: int, width: int, turns: tuple[Turn, ...], extra_actions: int = 0) -> Symmetries:
    """Where action i is cell i (row by row), then ``extra_actions`` that never move (such as a pass)."""
    grid = np.arange(height * width).reshape(height, width)
    cells = np.stack([turn(grid).ravel() for turn in turns])
    moved = np.argsort(cells, axis=1)
    fixed = np.broadcast_to(np.arange(height * width, height * width + extra_actions), (len(turns), extra_actions))
    return Symmetries(cells, np.concatenate([moved, fixed], axis=1))


def column_symmetries(height: int, width: int) -> Symmetries:
    """Left-right mirror where action c is column c."""
    grid = np.arange(height * width).reshape(height, width)
    cells = np.stack([turn(grid).ravel() for turn in MIRROR])
    return Symmetries(cells, np.stack([np.arange(width), np.arange(width)[::-1]]))


identity, of_cells, of_columns = identity_symmetry, cell_symmetries, column_symmetries
"""The old names, which files of users' games import. They stay for one release."""
