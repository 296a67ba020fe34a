"""Animal shogi (dobutsu shogi; Madoka Kitao, 2008): shogi on 3 x 4, with five pieces and drops.

Sente (capitals) begins. Ways that a sente piece may step, one cell a move; gote's are turned:

    C chick  . | .    E elephant  \\ . /    G giraffe  . | .    L lion  \\ | /    H hen  \\ | /
             . C .                . E .               - G -           - L -          - H -
             . . .                / . \\               . | .           / | \\          . | .

A chick that steps onto the last rank becomes a hen; captured, it is a chick again. A captured piece changes sides and
may be dropped on any empty cell instead of a move; a chick dropped on the last rank stays there as a chick.

A player wins by capturing the lion, or by moving its own lion to the last rank where it cannot be captured (the try).
As in pgx 2.6, a move after which the own lion could be captured is illegal, so that lions are never captured: a player
without a legal action has lost, in check or not, and a lion on the last rank is always safe. A position that occurs for
the third time, with the same hands and player to move, is a draw, and so is a game of 256 plies. Here every repetition
counts; pgx's key of a position overlooks those after an odd number of moves of each player.

**The mover's view.** Gote sees the board turned by half a turn, in observations and in action numbers. Planes: the
mover's chicks, elephants, giraffes, lion, hens; the other's; for the mover's chicks, elephants and giraffes in hand,
then the other's, one plane for the first and one for the second; whether this position has occurred before; and the
number of plies in 8 binary digits, lowest first. The planes do not show which earlier positions could occur again.

Actions are the steps on the board, cell after cell and for each cell direction after direction (clockwise from up), and
then the drops of a chick, an elephant and a giraffe, cell after cell. They are written ``b2b3`` and ``C*b2``.

The drawing has gote's hand on the left and sente's on the right, and a star there beside the player to move. Reading a
drawing resets the number of plies and the earlier positions.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description
from games.game import ONGOING
from games.rules.kernels.animal_shogi_moves import (
    ACTION,
    CHICK,
    DRAW,
    FROM,
    HEN,
    LION,
    MAX_PLIES,
    MOVES,
    NUM_ACTIONS,
    NUM_STEPS,
    REACH,
    STATE,
    TO,
    update_status,
)
from games.uci_notation import UciNotation

NO_PIECE, STAR = 11, 12  # codes of the drawing only: an empty place of a hand, the mark beside the player to move
REPEATED, FIRST_PLY, NUM_PLANES = 22, 23, 31
FIRST = np.array([8, 9, 7, 0, 6, 0, 0, 1, 0, 2, 4, 3], np.int8)
WORTH = np.array([0, 1, 3, 3, 0, 4])


def init(s: Any) -> None:
    for q in range(12):  # Numba takes seconds to compile the assignment of one array to another
        s["cells"][q] = FIRST[q]
    update_status(s)


def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
    moves = s["moves"]
    for i in range(s["num_moves"]):
        legal[moves[i]] = True


def step(s: Any, a: int) -> None:
    me, cells, hands = s["to_play"], s["cells"], s["hands"]
    if a < NUM_STEPS:
        q, t = FROM[me, a], TO[me, a]
        if cells[t] != 0:
            piece = cells[t] - 5 * (1 - me)
            hands[me, 0 if piece == HEN else piece - 1] += 1
        cells[t] = cells[q]
        if cells[q] == CHICK + 5 * me and t // 3 == (3 if me else 0):
            cells[t] = HEN + 5 * me
        cells[q] = 0
    else:
        piece, t = (a - NUM_STEPS) // 12, (a - NUM_STEPS) % 12
        cells[11 - t if me else t] = 1 + piece + 5 * me
        hands[me, piece] -= 1
    s["to_play"] = 1 - me
    s["plies"] += 1
    update_status(s)


def outcome(s: Any) -> int:
    if s["ending"] == 0:
        return ONGOING
    return 0 if s["ending"] == DRAW else -1


def observe(s: Any, planes: NDArray[np.uint8]) -> None:
    cells, hands, me = s["cells"], s["hands"], s["to_play"]
    for q in range(12):
        if cells[q]:
            view = 11 - q if me else q
            planes[(cells[q] - 1 + 5 * me) % 10, view // 3, view % 3] = 1
    for i in range(12):
        planes[10 + i] = hands[me if i < 6 else 1 - me, i // 2 % 3] > i % 2
    planes[REPEATED] = min(s["repeated"], 1)
    for i in range(NUM_PLANES - FIRST_PLY):
        planes[FIRST_PLY + i] = s["plies"] >> i & 1


def heuristic(s: Any) -> float:
    cells, hands = s["cells"], s["hands"]
    sente = 0
    for code in cells:
        sente += WORTH[code] if code <= HEN else -WORTH[code - 5]
    for i in range(3):
        sente += WORTH[1 + i] * (hands[0, i] - hands[1, i])
    return float(np.tanh((-sente if s["to_play"] else sente) / 8))


def draw(s: Any) -> NDArray[np.int8]:
    cells = np.zeros((4, 7), np.int8)
    cells[:, 2:5] = s["cells"].reshape(4, 3)
    cells[:, [0, 1, 5, 6]] = NO_PIECE
    for piece, i in itertools.product(range(3), range(2)):
        if s["hands"][1, piece] > i:
            cells[1 + piece, 1 - i] = 6 + piece
        if s["hands"][0, piece] > i:
            cells[piece, 5 + i] = 1 + piece
    cells[(0, 1) if s["to_play"] else (3, 5)] = STAR
    return cells


def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
    s["cells"] = cells[:, 2:5].ravel()
    stars = [(int(r), int(c)) for r, c in np.argwhere(cells == STAR)]
    if stars not in ([(0, 1)], [(3, 5)]):
        raise ValueError("the drawing needs one *: right of sente's lowest rank or left of gote's, for who is to move")
    me = s["to_play"] = int(stars == [(0, 1)])
    for piece in range(3):
        s["hands"][:, piece] = (cells[piece, 5:] == 1 + piece).sum(), (cells[1 + piece, :2] == 6 + piece).sum()
    board = [int(code) for code in s["cells"]]
    held = s["hands"].sum(axis=0)
    counts = [sum(board.count(code + 5 * player) for player in range(2)) for code in range(6)]
    if max(board) > 10 or counts[CHICK] + counts[HEN] + held[0] > 2 or max(counts[2:4] + held[1:]) > 2:
        raise ValueError("the drawing has more than two chicks and hens, elephants or giraffes, or a cell out of place")
    if board.count(LION) != 1 or board.count(LION + 5) != 1:
        raise ValueError("the drawing needs one L and one l, the players' lions")
    lions = board.index(LION + 5 * me), board.index(LION + 5 * (1 - me))
    if lions[0] // 3 == (3 if me else 0):
        raise ValueError("the drawing has the lion of the player to move on the last rank; that game was over before")
    if any(REACH[board[q], q] >> lions[1] & 1 for q in range(12) if (board[q] > 5) == bool(me)):
        raise ValueError("the drawing lets the player to move take the lion; no legal move leaves it so")
    if (draw(s) != cells).any():
        raise ValueError("the drawing has a piece in the wrong place of a hand; see the first position for the places")
    update_status(s)


def write_action(a: int) -> str:
    if a >= NUM_STEPS:
        piece, q = divmod(a - NUM_STEPS, 12)
        return f"{'CEG'[piece]}*{'abc'[q % 3]}{4 - q // 3}"
    return "".join(f"{'abc'[q % 3]}{4 - q // 3}" for q in MOVES[a][1:])


def write_uci(s: Any, a: int) -> str:
    if a >= NUM_STEPS:
        return write_action(a).replace("*", "@")
    _, q, t = MOVES[a]
    promotes = s["cells"][q] == CHICK + 5 * s["to_play"] and t // 3 == (3 if s["to_play"] else 0)
    return write_action(a) + ("+" if promotes else "")


DESCRIPTION = Description(
    rules=(
        "Shogi on 3 x 4 cells. Lion, giraffe, elephant and chick step one cell; a chick that steps onto the"
        " last rank becomes a hen. A captured piece may be dropped on an empty cell instead of a move."
    ),
    goal=(
        "Capture the lion, or bring your own lion safely to the last rank. The third repetition and 256 plies"
        " are a draw."
    ),
    moves="from and to, such as b2b3; a drop of a chick, elephant or giraffe is C*b2, E*b2 or G*b2",
    illegal="No piece of yours can go there without leaving your lion to be taken.",
)


def game() -> CompiledGame:
    """Sente (capitals) and gote on 3 x 4, as ``draw`` shows them: with a hand of two columns on either side."""
    letters = "CEGLH"
    drops = [(8 + piece, q // 3, q % 3) for piece in range(3) for q in range(12)]
    return from_rules(
        description=DESCRIPTION,
        name="animal_shogi",
        state=STATE,
        num_actions=NUM_ACTIONS,
        observation_shape=(NUM_PLANES, 4, 3),
        max_plies=MAX_PLIES,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=draw,
        read=read,
        write_action=write_action,
        uci=UciNotation("dobutsu", write_uci),
        action_layout=np.array([(way, q // 3, q % 3) for way, q, _ in MOVES] + drops),
        turned=np.array(
            [int(ACTION[1, q, t]) for _, q, t in MOVES]
            + [NUM_STEPS + 12 * piece + 11 - q for piece in range(3) for q in range(12)]
        ),
        board=Board(
            4,
            7,
            glyphs=(".", *letters, *letters.lower(), "-", "*"),
            pieces=(
                Piece("none"),
                *(Piece("animal", player, letter) for player in range(2) for letter in letters),
                Piece("none"),
                Piece("mark"),
            ),
            names=("sente", "gote"),
            column_labels=(*"--abc--",),
            row_labels=tuple("4321"),
        ),
    )
