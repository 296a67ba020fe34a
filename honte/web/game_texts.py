"""What people read about a game before they play it: its title, rules, goal and how moves are written."""

from __future__ import annotations

from typing import NamedTuple


class GameText(NamedTuple):
    """The texts of one game."""

    title: str
    rules: str
    goal: str
    notation: str


GAME_TEXTS: dict[str, GameText] = {
    "amazons": GameText(
        "Amazons",
        "A turn has three steps: choose one of your amazons, move it like a chess queen, and let it shoot an arrow like"
        " a chess queen. The arrow blocks its cell for good. Nothing moves through amazons or arrows.",
        "The player who cannot move loses.",
        "A turn is three moves, each a cell, such as a2, then a5, then d5.",
    ),
    "animal_shogi": GameText(
        "Animal shogi",
        "Each piece steps one cell in the directions of its kind: chick forward, elephant diagonally, giraffe straight,"
        " lion everywhere, hen everywhere but diagonally backwards. A chick on the last rank becomes a hen. A captured"
        " piece changes sides and may be dropped on any empty cell in place of a move.",
        "Take the other lion, or bring your lion safely to the last rank.",
        "b2b3 is a step from b2 to b3, and C*b2 drops a chick on b2.",
    ),
    "breakthrough": GameText(
        "Breakthrough",
        "A piece moves one cell forward, straight or diagonally. It captures on a diagonal only.",
        "Bring one piece to the last row, or capture all pieces of the other player.",
        "a2b3 is a move from a2 to b3.",
    ),
    "connect_four": GameText(
        "Connect Four",
        "The players drop stones into columns in turn. A stone falls to the lowest empty cell.",
        "Get four stones of yours in a line: across, down or diagonally.",
        "A move is the letter of a column, such as d.",
    ),
    "dots_and_boxes": GameText(
        "Dots and boxes",
        "The players draw lines between neighbouring dots in turn. The player who draws the fourth line around a box"
        " owns it and moves again.",
        "Own more boxes than the other player when all lines are drawn.",
        "A line is written as its place in the drawn grid, such as b3.",
    ),
    "gardner_chess": GameText(
        "Gardner's minichess",
        "This is chess on five by five cells, without castling and without double steps of pawns. A pawn that reaches"
        " the last rank becomes another piece.",
        "Give checkmate.",
        "b2c3 is a move from b2 to c3; b4b5 makes a queen and b4b5r a rook.",
    ),
    "go": GameText(
        "Go",
        "Black and White place stones on crossings in turn. Chains without an empty neighbour are taken off the board."
        " No move may repeat an earlier position of the board. Two passes in a row end the game.",
        "Surround and occupy more points than the other player; White gets komi in addition.",
        "A move is a crossing, such as E5 (there is no column I), or pass.",
    ),
    "gomoku": GameText(
        "Gomoku",
        "The players place stones on crossings in turn. Stones never move.",
        "Get five stones of yours in a line.",
        "A move is a crossing, such as h8.",
    ),
    "hex": GameText(
        "Hex",
        "The players place stones on cells in turn. Stones never move.",
        "Connect your two sides of the board: the first player top and bottom, the second player left and right.",
        "A move is a cell, such as d4.",
    ),
    "nim": GameText(
        "Nim",
        "In your turn you take one or more objects from one heap.",
        "Take the last object; under the misère rule, leave it to the other player.",
        "b2 takes two objects from heap b.",
    ),
    "othello": GameText(
        "Othello",
        "A disc must close in at least one line of the other player's discs, and turns them over. A player who cannot"
        " do so passes.",
        "Have more discs than the other player when nobody can move.",
        "A move is a cell, such as d3, or pass.",
    ),
    "tic_tac_toe": GameText(
        "Tic-tac-toe",
        "The players place stones on cells in turn.",
        "Get three stones of yours in a line.",
        "A move is a cell, such as b2.",
    ),
}

OCCUPIED = "The cell is occupied."
ILLEGAL = {
    "amazons": "An amazon and its arrow go in a straight line over empty cells, and your own amazon comes first.",
    "animal_shogi": "No piece of yours can go there without leaving your lion to be taken.",
    "breakthrough": "A piece goes one cell forward, and captures only on a diagonal.",
    "connect_four": "This column is full.",
    "dots_and_boxes": "This line is drawn already.",
    "gardner_chess": "No piece of yours goes there, or it would leave your king in check.",
    "go": "That stone would have no liberty, or it would repeat an earlier position of the board.",
    "nim": "The heap does not hold so many objects.",
    "othello": "A disc must turn over at least one disc of the other player, and you pass only if you have no move.",
}
"""Why an action is not legal, by the family of the game, where an empty cell alone is not the reason."""


def describe_own(name: str, num_actions: int) -> GameText:
    """The texts of a user's own game."""
    return GameText(
        name.replace("_", " ").capitalize(),
        "This game comes from a file that was named when the page was started; legal moves are shown on the board.",
        "The rules in the file decide who wins.",
        f"There are {num_actions} moves, written as the game writes them.",
    )
