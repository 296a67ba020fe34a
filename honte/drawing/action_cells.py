"""The cells of actions: those that a person clicks for an action, and those that show which action was played.

Knows ``Board``, cell codes and the verbs of a game. Does not know any rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.game import Game, States

Cells = NDArray[np.int8]
"""[H, W] cell codes of a drawing."""


def marked_cells(board: Board, before: Cells | None, now: Cells, action: int) -> list[int]:
    """The cells that the last action changed; of several, those that one clicks for it. An occupied cell comes last."""
    if before is None:
        return []
    changed = changed_cells(board, before, now)
    if board.clicks.shape == changed.shape:
        clicked = changed & (board.clicks == action)
        changed = clicked if clicked.any() else changed
    cells = np.flatnonzero(changed.ravel())
    occupied = now.ravel()[cells] != 0
    return [int(cell) for cell in (*cells[~occupied], *cells[occupied])]


def changed_cells(board: Board, before: Cells, now: Cells) -> NDArray[np.bool_]:
    """[H, W] where the drawing changed. Marks that only say whose turn it is do not count."""
    turn = np.array([piece.shape in ("dot", "mark") for piece in board.pieces])
    beside = np.isin(np.arange(board.width), list(beside_columns(board)))
    silent = turn[before] & turn[now] | (beside & (turn[before] | turn[now]))
    out: NDArray[np.bool_] = (before != now) & ~silent
    return out


def action_steps(game: Game, states: States, actions: Sequence[int]) -> list[list[int]]:
    """The cells that a person clicks one after the other for each of the legal ``actions`` in ``states`` [1].

    Where the board says which cell plays an action, that is the answer. Else it follows from the drawings before and
    after the action: first the cell that a piece of the mover leaves, then the one where it arrives. A list is empty
    for an action without a cell, such as a pass.
    """
    board = game.board
    clickable = board.clicks.shape == (board.height, board.width)
    no_cells = np.empty(0, np.int64)
    cells_of = [np.flatnonzero(board.clicks.ravel() == action) if clickable else no_cells for action in actions]
    unclear = [i for i, cells in enumerate(cells_of) if len(cells) != 1]
    steps = [[int(cells[0])] if len(cells) == 1 else [] for cells in cells_of]
    if not unclear:
        return steps
    before, mover = game.cells(states[0]), int(game.describe_new(states).to_play[0])
    rows = game.new(len(unclear))
    game.copy(rows, np.repeat(states, len(unclear)))
    game.step(rows, np.array([actions[i] for i in unclear]))
    for row, i in enumerate(unclear):
        after = game.cells(rows[row])
        if len(cells_of[i]):  # several cells play the action: the one that it changes
            changed = [cell for cell in cells_of[i] if before.ravel()[cell] != after.ravel()[cell]]
            steps[i] = [int((changed or cells_of[i].tolist())[0])]
        else:
            found = _moving_steps(board, before, after, mover)
            steps[i] = found if len(found) == 2 or not clickable else []  # on a board with clicks, a pass has no cell
    return steps


def alternative_steps(board: Board, action: int, steps: Sequence[int]) -> list[list[int]]:
    """Other cells that one may click for ``action`` in place of ``steps``, such as the rest of a column."""
    if board.clicks.shape != (board.height, board.width) or len(steps) != 1:
        return []
    return [[int(cell)] for cell in np.flatnonzero(board.clicks.ravel() == action) if cell != steps[0]]


def beside_columns(board: Board) -> set[int]:
    """The columns beside the board, whose label is neither a letter nor a digit: pieces in hand, the side to move."""
    columns = {c for c, label in enumerate(board.column_labels) if not label.isalnum()}
    return columns if len(columns) < board.width else set()


def _moving_steps(board: Board, before: Cells, after: Cells, mover: int) -> list[int]:
    owners = np.array([piece.owner for piece in board.pieces])
    beside = np.isin(np.arange(board.width), list(beside_columns(board)))[None].repeat(board.height, axis=0)
    changed = changed_cells(board, before, after)
    left = np.flatnonzero(changed & (owners[before] == mover) & (owners[after] != mover))
    arrived = changed & ~beside & (owners[after] == mover)
    new = np.flatnonzero(arrived & (before == 0))  # where several cells become the mover's, such as turned discs
    places = new if len(new) else np.flatnonzero(arrived)
    steps = [*left[:1], *places[:1]] or [*np.flatnonzero(changed & ~beside)[:1]]
    return [int(cell) for cell in steps]
