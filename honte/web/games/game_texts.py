"""What people read about a game before they play it: its title, rules, goal and how moves are written."""

from __future__ import annotations

from typing import NamedTuple

from games.game import Game


class GameText(NamedTuple):
    """The texts of one game."""

    title: str
    rules: str
    goal: str
    notation: str


def describe_game(game: Game, name: str) -> GameText:
    """The texts of ``game``, which the page calls ``name``."""
    title, words = name.replace("_", " ").capitalize(), game.description
    if words is not None:
        return GameText(words.title or title, words.rules, words.goal, f"A move is written as {words.moves}.")
    return GameText(
        title,
        "This game comes from a file that was named when the page was started; legal moves are shown on the board.",
        "The rules in the file decide who wins.",
        f"There are {game.num_actions} moves, written as the game writes them.",
    )
