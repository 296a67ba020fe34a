"""Hex: stones fill a rhombus of hexagons; x connects top and bottom, o connects left and right. Any size, swap rule.

Cells are numbered row by row. Each row lies half a cell further to the right, so that a cell touches its neighbours in
its row and column and those on one of the two diagonals (4 touches all but 0 and 8):

    0 1 2
     3 4 5
      6 7 8

**The mover's view.** Mirroring the board on its long diagonal (cell r, c to c, r) keeps neighbours and exchanges the
two pairs of sides. So the second player sees the board mirrored, in observations and in action numbers, and the player
to move always connects top and bottom: a convolutional network learns one task instead of two. Half a turn (180
degrees) maps each pair of sides to itself and is the only symmetry. Planes: own stones, the other's stones, the cells
on one's own sides, the cells on the other's sides and, with the swap rule, ones while swapping is allowed.

**The swap rule** (``swap=true``): the second player may answer the first stone with the extra action ``swap``. The
stone becomes the second player's, mirrored to the other pair of sides, and the first player moves. If a drawing has as
many x as o, its last line says who moves, and so whether the players swapped; without that line they did not.

**Many sizes in one game** (``smallest=5``): the first player chooses the size of the board before the first stone, by
naming its far corner: e5 makes the board 5 x 5 in the top left corner of the frame. Cells outside of it are drawn as #
and are no cells of the game. A fifth plane has ones on the board, so that a network with ``masked`` sees the same on a
frame of any size. Where ``smallest`` equals ``size``, the game has this plane and no choice.

**Connection** is a forest of joined stones (union-find; Tarjan, Journal of the ACM 1975) kept in the row: ``links``
holds a stone's parent, or -1 - sides at a root, with 1 in ``sides`` for the top (left) and 2 for the bottom (right). No
step searches the board. One player always connects, so there are no draws.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compilation.jit_cache import cached_njit
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter, SgfType
from games.game import ONGOING
from games.symmetry import Turn, cell_symmetries

LETTERS = "abcdefghijklmnopqrs"
EMPTY, MINE, THEIRS, OUTSIDE = 0, 1, 2, 3
HALF_TURN: tuple[Turn, ...] = (lambda grid: grid, lambda grid: grid[::-1, ::-1])
GLYPHS = (".", "x", "o", "#")
PIECES = (Piece("none"), Piece("stone", 0), Piece("stone", 1), Piece("block"))
RULES = "The players fill cells of a rhombus of hexagons in turn."
CHOICE = " The first player chooses the size of the board first, by naming its far corner."
CONNECTED = 3  # a tree of stones that touches both sides


@cached_njit
def place(view: NDArray[np.int8], links: NDArray[np.int16], size: int, lines: int, a: int, mirrored: bool) -> bool:
    """Join the mover's new stone ``a`` to its neighbours in ``links``; whether it connects top and bottom.

    ``view`` [size * size] is the frame as the mover sees it, of which the board has ``lines`` rows and columns;
    ``links`` is indexed as the first player sees it.
    """
    row, column = a // size, a % size
    sides = (1 if row == 0 else 0) | (2 if row == lines - 1 else 0)
    down, right = (1, size) if mirrored else (size, 1)  # what a step in the view is in ``links``
    own = row * down + column * right
    root = own
    for dr, dc in ((-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0)):
        r, c = row + dr, column + dc
        if not (0 <= r < lines and 0 <= c < lines) or view[r * size + c] != MINE:
            continue
        other = r * down + c * right
        while links[other] >= 0:
            above = links[other]
            if links[above] >= 0:
                links[other] = links[above]  # path halving keeps trees flat
            other = above
        if other != root:
            sides |= -1 - links[other]
            if root == own:
                root = other  # the new stone joins the first tree, then the other trees join it
            else:
                links[other] = root
    if root != own:
        links[own] = root
    links[root] = -1 - sides
    return sides == CONNECTED


@cached_njit
def stones_needed(view: NDArray[np.int8], size: int, lines: int, mine: int) -> int:
    """How many more stones connect the sides if the other player passes: top to bottom for MINE, else left to right.

    ``view`` [size * size] is the frame, of which the board has ``lines`` rows and columns.
    """
    need = np.full(size * size, size * size, np.int64)
    across, along = (size, 1) if mine == MINE else (1, size)  # a step from side to side, a step along the sides
    changed = True
    while changed:  # sweeps of relaxation: paths that never turn back take one
        changed = False
        for i in range(lines):
            for j in range(lines):
                cell = i * across + j * along
                stone = view[cell]
                if stone != EMPTY and stone != mine:
                    continue
                step = 0 if stone == mine else 1
                best = step if i == 0 else need[cell]
                for di, dj in ((-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0)):
                    if 0 <= i + di < lines and 0 <= j + dj < lines:
                        best = min(best, need[cell + di * across + dj * along] + step)
                if best < need[cell]:
                    need[cell] = best
                    changed = True
    last = (lines - 1) * across
    fewest = size * size
    for j in range(lines):
        fewest = min(fewest, need[last + j * along])
    return fewest


DESCRIPTION = Description(
    rules=RULES + " With swap the second player may take over the first stone.",
    goal="x connects top and bottom, o connects left and right. There are no draws.",
    moves="the cell, such as d4",
    parameters={"size": Parameter(2, 19), "swap": Parameter(choices=(False, True)), "smallest": Parameter(0, 19)},
    variants={"5": "size=5", "7": "size=7", "9": "size=9", "11": "size=11"},
    sgf=SgfType(11, "11", is_hex=True),
)


def game(size: int = 11, swap: bool = False, smallest: int = 0) -> CompiledGame:
    """Players place stones until one's own two sides are connected. ValueError for sizes that make no game.

    ``smallest``: the first player chooses a board of so many to ``size`` cells a side; 0: there is no choice.
    """
    if not 2 <= size <= 19:
        raise ValueError(f"hex: size={size}; boards have 2 to 19 cells a side")
    if smallest and not 2 <= smallest <= size:
        raise ValueError(f"hex: smallest={smallest}; it is 0, or from 2 to size, {size}")
    if smallest and swap:
        raise ValueError("hex: smallest and swap=true exclude each other")
    masked, chooses = smallest > 0, 0 < smallest < size
    area = size * size
    num_actions = area + swap
    mirror = np.arange(area, dtype=np.int64).reshape(size, size).T.ravel()
    state = np.dtype(
        [
            ("views", np.int8, (2, area)),  # the board as each player sees it: EMPTY, MINE, THEIRS
            ("links", np.int16, (area,)),  # as the first player sees it
            ("plies", np.int16),
            ("to_play", np.int8),
            ("won", np.int8),
            ("lines", np.int8),  # rows and columns of the board; 0 before they are chosen
        ],
        align=True,
    )

    def init(s: Any) -> None:
        s["lines"] = 0 if chooses else size

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        if chooses and s["lines"] == 0:
            for line in range(smallest - 1, size):
                legal[line * size + line] = True
            return
        view = s["views"][s["to_play"]]
        for a in range(area):
            legal[a] = view[a] == EMPTY
        if swap:
            legal[area] = s["plies"] == 1

    def step(s: Any, a: int) -> None:
        mover = s["to_play"]
        views = s["views"]
        if chooses and s["lines"] == 0:
            s["lines"] = a // size + 1
            for cell in range(area):
                if max(cell // size, cell % size) >= s["lines"]:
                    views[:, cell] = OUTSIDE
            return
        if swap and a == area:
            for cell in range(area):
                stone = views[0, cell]
                views[0, cell] = views[1, cell]
                views[1, cell] = stone
                if stone == MINE:
                    s["won"] = place(views[1], s["links"], size, size, cell, True)
        else:
            views[mover, a] = MINE
            views[1 - mover, a % size * size + a // size] = THEIRS
            s["won"] = place(views[mover], s["links"], size, s["lines"], a, mover == 1)
        s["plies"] += 1
        s["to_play"] = 1 - mover

    def outcome(s: Any) -> int:
        return -1 if s["won"] else ONGOING  # the player who just moved connected

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        view = s["views"][s["to_play"]]
        lines = s["lines"] if s["lines"] > 0 else size
        swapping = swap and s["plies"] == 1 and s["to_play"] == 1  # the first player, who waits, cannot swap
        for r in range(lines):
            for c in range(lines):
                stone = view[r * size + c]
                planes[0, r, c] = stone == MINE
                planes[1, r, c] = stone == THEIRS
                planes[2, r, c] = r == 0 or r == lines - 1
                planes[3, r, c] = c == 0 or c == lines - 1
                if swapping or masked:
                    planes[4, r, c] = 1

    def heuristic(s: Any) -> float:
        view, lines = s["views"][s["to_play"]], s["lines"]
        lead = stones_needed(view, size, lines, THEIRS) - stones_needed(view, size, lines, MINE)
        return math.tanh((lead + 0.5) / 4)  # the right to move is worth half a stone

    before_choice = np.where((np.diag(np.arange(size)) >= smallest - 1) & np.eye(size, dtype=bool), EMPTY, OUTSIDE)

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(s["views"][0].reshape(size, size) if s["lines"] else before_choice, np.int8)

    def fill(s: Any, cells: NDArray[np.int8]) -> int | None:
        """Place all stones of a drawing; return the player whose sides they connect, or None."""
        connected = None
        init(s)
        if chooses:
            lines = int((cells[0] != OUTSIDE).sum())
            outside = np.maximum(*np.indices(cells.shape)) >= lines
            if lines < smallest or ((cells == OUTSIDE) != outside).any():
                raise ValueError(
                    f"the cells that are no # must be a square of {smallest} to {size} lines at the top left"
                )
            step(s, (lines - 1) * (size + 1))
        for player in range(2):
            for a in np.flatnonzero((cells if player == 0 else cells.T).ravel() == player + 1):
                s["to_play"] = player
                step(s, int(a))
                connected = player if s["won"] else connected
        return connected

    def arrange(s: Any, cells: NDArray[np.int8], mover: int) -> None:
        if chooses and (cells == before_choice).all() and mover == 0:
            return
        connected = fill(s, cells)
        if connected == mover:
            raise ValueError(f"the board has {'xo'[mover]} connected and to move; a connection ends the game")
        # A stone that was set up is no move that could be answered with a swap.
        count = np.count_nonzero((cells == 1) | (cells == 2))
        s["to_play"], s["won"], s["plies"] = mover, connected is not None, count + (swap and count == 1)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        if chooses and (cells == before_choice).all():
            return
        first, second = int((cells == 1).sum()), int((cells == 2).sum())
        connected = fill(s, cells)
        if mover is None:
            mover = 1 - connected if swap and connected is not None else max(first - second, 0)
        swapped = swap and second > 0 and first - second == mover - 1
        if first - second != mover and not swapped:
            raise ValueError(f"the drawing has {first} x and {second} o; x moves first and the players alternate")
        if connected == mover:
            raise ValueError(f"the drawing has {'xo'[mover]} connected and to move; a connection ends the game")
        s["to_play"], s["won"], s["plies"] = mover, connected is not None, first + second + swapped

    parameters = [f"size={size}"] * (size != 11) + ["swap=true"] * swap + [f"smallest={smallest}"] * masked
    return from_rules(
        description=replace(DESCRIPTION, sgf=None, rules=RULES + CHOICE) if chooses else DESCRIPTION,
        name="hex" + (":" + ",".join(parameters) if parameters else ""),
        state=state,
        num_actions=num_actions,
        observation_shape=(4 + (swap or masked), size, size),
        max_plies=area + swap + chooses,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        arrange=arrange,
        write_action=lambda a: "swap" if a == area else f"{LETTERS[a % size]}{a // size + 1}",
        turned=np.append(mirror, [area] * swap).astype(np.int64),
        symmetries=cell_symmetries(size, size, HALF_TURN[: 1 if chooses else 2], extra_actions=int(swap)),
        has_board_plane=masked,
        action_layout=np.array([(0, a // size, a % size) for a in range(area)] + [(1, -1, -1)] * swap),
        board=Board(
            size,
            size,
            column_labels=tuple(LETTERS[:size]),
            row_labels=tuple(str(r + 1) for r in range(size)),
            clicks=np.arange(area).reshape(size, size),
            surface="hexagons",
            glyphs=GLYPHS if chooses else GLYPHS[:OUTSIDE],
            pieces=PIECES if chooses else PIECES[:OUTSIDE],
        ),
    )
