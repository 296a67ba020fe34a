"""Tic-tac-toe: three in a row on a board of 3 x 3, or k in a row on any board (m,n,k-games)."""

from __future__ import annotations

import numpy as np

from games.compiled import CompiledGame
from games.descriptions import Description, Parameter
from games.rules.k_in_a_row import k_in_a_row

DESCRIPTION = Description(
    rules="The players claim cells in turn.",
    goal="Be the first to have k cells in a line. A full board is a draw.",
    moves="the cell, such as b2",
    title="Tic-tac-toe",
    parameters={"rows": Parameter(1, 19), "columns": Parameter(1, 19), "k": Parameter(1, 19)},
)


def game(rows: int = 3, columns: int = 3, k: int = 3) -> CompiledGame:
    """Two players place stones; the first with ``k`` in a line wins. ValueError for sizes that make no game."""
    if not (1 <= rows <= 19 and 1 <= columns <= 19 and 1 <= k <= max(rows, columns)):
        raise ValueError(f"tic_tac_toe: rows={rows}, columns={columns}, k={k}; sides are 1 to 19 and k fits the board")
    state = np.dtype(
        [("stones", np.int8, (rows * columns,)), ("to_play", np.int8), ("plies", np.int16), ("won", np.int8)]
    )
    name = f"tic_tac_toe:rows={rows},columns={columns},k={k}" if (rows, columns, k) != (3, 3, 3) else "tic_tac_toe"
    return k_in_a_row(name=name, description=DESCRIPTION, state=state, rows=rows, columns=columns, k=k)
