"""Gardner's minichess: chess on 5 x 5 (Martin Gardner, 1969), without castling, double steps and en passant.

Knows the game as people see it: drawings, texts, names. Does not know how pieces move (``gardner_rules`` does) or how
rules are compiled and searched.

White begins. Every piece moves as in chess; a pawn that reaches the last rank becomes a queen, or a rook, bishop or
knight. Checkmate wins. Draws: stalemate; a position that occurs for the third time with the same player to move; 100
plies without a capture or pawn move; 256 plies in all; and bare material: king against king, a single bishop or knight
besides the kings, or nothing but bishops on cells of one colour. Mate counts before any of them. All this is as in pgx
2.6, whose starting position it is, too.

**The mover's view.** Black sees the board upside down, its ranks in reverse order and its files unchanged, in
observations and in action numbers, so that the mover's pawns always go up. Planes: own pawns, knights, bishops, rooks,
queens, king; the other's; whether this position has occurred before; the plies without progress in 7 binary digits and
all plies in 8, lowest first. The planes do not show which earlier positions could occur again.

Moves are written ``b2c3``, or ``b4b5r`` where a pawn becomes a rook; a pawn's ``b4b5`` makes a queen.

The drawing has a sixth column, in which a star stands beside the player to move. Reading a drawing resets the number of
plies, the plies without progress and the earlier positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description
from games.rules.kernels import gardner_rules as rules
from games.rules.kernels.gardner_rules import KING, MOVES, PAWN
from games.uci_notation import UciNotation

STAR = 13
"""The cell code of the mark beside the player to move; 1 to 12 are white's and black's pieces."""


def draw(s: Any) -> NDArray[np.int8]:
    cells = np.zeros((5, 6), np.int8)
    cells[:, :5] = s["cells"].reshape(5, 5)
    cells[0 if s["to_play"] else 4, 5] = STAR
    return cells


def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
    board, marks = cells[:, :5].ravel(), [int(r) for r in np.flatnonzero(cells[:, 5])]
    if marks not in ([0], [4]) or cells[marks[0], 5] != STAR or (board == STAR).any():
        raise ValueError("the drawing needs one * in the last column: at the bottom if white moves, else at the top")
    to_play = int(marks == [0])
    for player, name in enumerate(("white", "black")):
        own = (board > 6 * player) & (board <= 6 * player + KING)
        if (board == 6 * player + KING).sum() != 1 or own.sum() > 10:
            raise ValueError(f"the drawing has {name} with one king and at most ten pieces, or it is no position")
    if (board.reshape(5, 5)[[0, 4]] % 6 == PAWN).any():
        raise ValueError("the drawing has a pawn on the first or last rank; pawns never stand there")
    king = int(np.flatnonzero(board == 6 * (1 - to_play) + KING)[0])
    if rules.is_attacked(board, king, to_play, king):
        raise ValueError("the drawing has the player in check whose turn it is not")
    s["cells"], s["to_play"] = board, to_play
    rules.update_status(s)


def write_action(a: int) -> str:
    _, start, end, kind = MOVES[a]
    return "".join(f"{'abcde'[q % 5]}{5 - q // 5}" for q in (start, end)) + " nbr"[max(kind - 1, 0)].strip()


def write_uci(s: Any, a: int) -> str:
    _, start, end, kind = MOVES[a]
    queens = kind == 0 and s["cells"][start] % 6 == PAWN and end // 5 in (0, 4)
    return write_action(a) + ("q" if queens else "")


DESCRIPTION = Description(
    rules="Chess on 5 x 5 cells without castling, double steps and en passant.",
    goal=(
        "Checkmate. Stalemate, the third repetition, 100 plies without a capture or pawn move, 256 plies and"
        " bare material are draws."
    ),
    moves="from and to, such as b2c3; b4b5 makes a queen, b4b5r a rook, b4b5b a bishop and b4b5n a knight",
    title="Gardner's minichess",
    illegal="No piece of yours goes there, or it would leave your king in check.",
)


def game() -> CompiledGame:
    """White (capitals) and black on 5 x 5."""
    letters = "PNBRQK"
    return from_rules(
        description=DESCRIPTION,
        name="gardner_chess",
        state=rules.STATE,
        num_actions=len(MOVES),
        observation_shape=(rules.NUM_PLANES, 5, 5),
        max_plies=rules.MAX_PLIES,
        init=rules.init,
        legal_actions=rules.legal_actions,
        step=rules.step,
        outcome=rules.outcome,
        observe=rules.observe,
        heuristic=rules.heuristic,
        draw=draw,
        read=read,
        write_action=write_action,
        uci=UciNotation("gardner", write_uci),
        action_layout=np.array([(plane, start // 5, start % 5) for plane, start, _, _ in MOVES]),
        turned=np.array([rules.ACTION[1, m[1], m[2], 1 + rules.ROOK - m[3] if m[3] else 0] for m in MOVES]),
        board=Board(
            5,
            6,
            glyphs=(".", *letters, *letters.lower(), "*"),
            pieces=(
                Piece("none"),
                *(Piece("figure", player, letter) for player in range(2) for letter in letters),
                Piece("mark"),
            ),
            surface="checkers",
            names=("white", "black"),
            column_labels=(*"abcde", "*"),
            row_labels=tuple("54321"),
        ),
    )
