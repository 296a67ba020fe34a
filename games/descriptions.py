"""The rules of every game that honte ships, in a few sentences, for ``honte describe GAME``.

Knows words only. The rules themselves are in ``games/rules/``, and docs/games.md says more.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import NamedTuple

from games.registry import NAMES


class Description(NamedTuple):
    """A game in words."""

    rules: str
    goal: str
    moves: str  # how people write them


DESCRIPTIONS = {
    "amazons": Description(
        "A turn is three actions: choose one of your four amazons, move it like a chess queen, and let it shoot an"
        " arrow, which also goes like a queen and blocks its cell for the rest of the game.",
        "A player who cannot move loses.",
        "each of the three actions is a cell: a2, then a4, then c4",
    ),
    "animal_shogi": Description(
        "Shogi on 3 x 4 cells. Lion, giraffe, elephant and chick step one cell; a chick that steps onto the last"
        " rank becomes a hen. A captured piece may be dropped on an empty cell instead of a move.",
        "Capture the lion, or bring your own lion safely to the last rank. The third repetition and 256 plies are"
        " a draw.",
        "from and to, such as b2b3; a drop of a chick, elephant or giraffe is C*b2, E*b2 or G*b2",
    ),
    "ataxx": Description(
        "A stone grows onto an empty cell beside it, or jumps to an empty cell two away. Either turns over the"
        " opponent's stones around that cell. A player who cannot move passes.",
        "Have more stones when nobody can move, or take all of the opponent's.",
        "the cell that is filled, such as b2; a jump is from and to, such as a1c3; pass",
    ),
    "breakthrough": Description(
        "A piece steps one cell ahead, straight or diagonally, and captures diagonally only.",
        "Reach the far row, or capture all pieces. There are no draws.",
        "the cell a piece leaves and the column where it goes: e2d is e2 to d3",
    ),
    "clobber": Description(
        "The board begins full. A stone moves onto an opponent's stone beside it (up, right, down or left) and"
        " takes it.",
        "A player who cannot move loses. There are no draws.",
        "from and to, such as a6a5",
    ),
    "connect_four": Description(
        "The players drop stones into columns in turn.",
        "Be the first to have k stones in a line. A full board is a draw.",
        "the column, a to g",
    ),
    "dots_and_boxes": Description(
        "The players draw lines between dots in turn. A player who completes a box owns it and moves again.",
        "Own more boxes when every line is drawn.",
        "the place of the line in the drawing, such as b1; columns are letters and rows are numbers",
    ),
    "gardner_chess": Description(
        "Chess on 5 x 5 cells without castling, double steps and en passant.",
        "Checkmate. Stalemate, the third repetition, 100 plies without a capture or pawn move, 256 plies and bare"
        " material are draws.",
        "from and to, such as b2c3; b4b5 makes a queen, b4b5r a rook, b4b5b a bishop and b4b5n a knight",
    ),
    "go": Description(
        "Stones without liberties are captured. No move may repeat an earlier board (positional superko). Two"
        " passes end the game.",
        "Have the larger area (Tromp-Taylor): your stones and the points that only they reach; White also gets komi.",
        "a point as in GTP, such as D4 (there is no column I), or pass",
    ),
    "gomoku": Description(
        "The players put stones on empty points in turn.",
        "Be the first to have k stones in a line. A full board is a draw.",
        "the point, such as h8",
    ),
    "hex": Description(
        "The players fill cells of a rhombus of hexagons in turn. With swap the second player may take over the"
        " first stone.",
        "x connects top and bottom, o connects left and right. There are no draws.",
        "the cell, such as d4",
    ),
    "nim": Description(
        "A player takes one or more objects from one heap.",
        "Take the last object; with misere=true, do not take it.",
        "the heap and how many objects it loses: b2 takes two from heap b",
    ),
    "othello": Description(
        "A disc must enclose a line of the opponent's discs, and turns all of them over. A player who cannot do"
        " that passes.",
        "Have more discs when neither player can move.",
        "the cell, such as d3 (rows are counted from the top), or pass",
    ),
    "tic_tac_toe": Description(
        "The players claim cells in turn.",
        "Be the first to have k cells in a line. A full board is a draw.",
        "the cell, such as b2",
    ),
}
"""By the name of the game without parameters."""

assert set(DESCRIPTIONS) == set(NAMES)


def parameters_of(family: str) -> str:
    """The parameters of a game and their defaults, such as ``rows=6, columns=7, k=4``; ``none`` if it has none."""
    known = inspect.signature(import_module(f"games.rules.{family}").game).parameters.values()
    return ", ".join(f"{each.name}={str(each.default).lower()}" for each in known) or "none"
