"""What people read about a game before they play it: its title, rules, goal and how moves are written."""

from __future__ import annotations

from typing import NamedTuple

from games.descriptions import DESCRIPTIONS


class GameText(NamedTuple):
    """The texts of one game."""

    title: str
    rules: str
    goal: str
    notation: str


TITLES = {"gardner_chess": "Gardner's minichess", "connect_four": "Connect Four", "tic_tac_toe": "Tic-tac-toe"}
"""Titles that differ from the name of the game."""


def describe_shipped(family: str) -> GameText | None:
    """The texts of a game that ships with honte; None where it has no description."""
    known = DESCRIPTIONS.get(family)
    if known is None:
        return None
    notation = f"A move is written as {known.moves}."
    return GameText(TITLES.get(family, _title(family)), known.rules, known.goal, notation)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


OCCUPIED = "The cell is occupied."
ILLEGAL = {
    "amazons": "An amazon and its arrow go in a straight line over empty cells, and your own amazon comes first.",
    "animal_shogi": "No piece of yours can go there without leaving your lion to be taken.",
    "ataxx": "A stone grows onto an empty cell beside it or jumps to one two cells away.",
    "breakthrough": "A piece goes one cell forward, and captures only on a diagonal.",
    "clobber": "A stone takes a stone of the other player beside it: up, right, down or left.",
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
        _title(name),
        "This game comes from a file that was named when the page was started; legal moves are shown on the board.",
        "The rules in the file decide who wins.",
        f"There are {num_actions} moves, written as the game writes them.",
    )
