"""Which players there are: what ``honte play`` without a player lists, and the questions that it asks then.

Knows shipped networks, the runs in ``runs/`` and the players of any game. Does not know how a game is played.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from agent import weights
from agent.players import learned_game, learned_game_file
from agent.solvers.registry import find_solved_game
from agent.storage import model_folder
from games import NAMES, Game, make
from honte.error_sentences import sentence
from honte.terminal.saved_games import PERSON
from training.run.run_folder import list_runs

RUNS = "runs"
ROLLOUTS = "mcts:400"
NARROW = 60
"""On a terminal with fewer columns a description begins below the player."""

LARGEST_COLUMN = 40


class Choice(NamedTuple):
    """One player that can be chosen."""

    player: str
    about: str
    game: str | None = None  # the game that it has learned; None: it plays any game


ANY_GAME = (
    Choice(ROLLOUTS, "Monte Carlo tree search with random games, 400 simulations a move"),
    Choice("minimax:5", "alpha-beta search, 5 plies deep"),
    Choice("perfect", "makes no mistake, in games that have a solver"),
    Choice("random", "plays any legal move"),
    Choice(PERSON, "two people at this terminal"),
)


def list_choices(game: Game | None = None) -> list[Choice]:
    """All players, or those of ``game``: shipped networks, then runs, then the players of any game."""
    found = []
    for folder in weights.folders():
        name = model_folder.read(folder).game
        found.append(Choice(name, "the network that ships with honte", name))
    for run in list_runs(RUNS):
        text = str(run.path)
        try:
            own = learned_game(text) or learned_game_file(text)
        except (ValueError, OSError):  # no checkpoint yet, damaged, or an image classifier
            continue
        found.append(Choice(text, f"your run: {own}, step {run.step:,}, {run.status}", own))
    found += ANY_GAME
    if game is None:
        return found
    solved = find_solved_game(game) is not None
    return [each for each in found if each.game in (None, game.name) and (each.player != "perfect" or solved)]


def default_player(game: Game) -> str:
    """The player that gives hints where people play: the network that ships for ``game``, or rollouts."""
    return game.name if weights.folder(game.name) is not None else ROLLOUTS


def choices_text(choices: list[Choice], width: int) -> str:
    """The numbered list for a terminal of ``width`` columns."""
    digits = len(str(len(choices)))
    column = min(LARGEST_COLUMN, max(len(each.player) for each in choices))
    lines = []
    for number, each in enumerate(choices, 1):
        start = f"{number:>{digits}}  {each.player:<{column}}"
        if width < NARROW or len(each.player) > column:
            indent = " " * (digits + 4)
            lines.append(start.rstrip())
            lines.append(textwrap.fill(each.about, width - 1, initial_indent=indent, subsequent_indent=indent))
        else:
            lines.append(
                textwrap.fill(
                    each.about, width - 1, initial_indent=f"{start}  ", subsequent_indent=" " * (len(start) + 2)
                )
            )
    return "\n".join(lines)


def games_text(width: int) -> str:
    """The names of the games for a terminal of ``width`` columns."""
    return textwrap.fill("The games are " + ", ".join(NAMES) + ".", width - 1)


def ask_for_player(
    choices: list[Choice], game: Game | None, say: Callable[[str], None], prompt: Callable[[str], None]
) -> tuple[str, Game | None] | None:
    """The player and, if it plays any game, the game that a person types; None at the end of the input."""
    while True:
        prompt(f"player (1 to {len(choices)}, or any player's text): ")
        text = sys.stdin.readline()
        if not text:
            return None
        text = text.strip()
        if not text:
            continue
        try:
            if text.isascii() and text.isdecimal():
                if not 1 <= int(text[:9]) <= len(choices):
                    raise ValueError(f"there is no player {text}; the list has players 1 to {len(choices)}")
                text = choices[int(text) - 1].player
            own = learned_game(text) if text != PERSON else None
            if own is not None or game is not None:
                return text, game
            chosen = _ask_for_game(learned_game_file(text) if text != PERSON else "", say, prompt)
        except ValueError as error:
            say(sentence(error))
            continue
        return None if chosen is None else (text, chosen)


def _ask_for_game(file: str, say: Callable[[str], None], prompt: Callable[[str], None]) -> Game | None:
    """The game that a person types; None at the end of the input. ``file``: the user's file that a run has learned."""
    while True:
        prompt(f"game ({file or 'such as hex:size=7'}): ")
        text = sys.stdin.readline()
        if not text:
            return None
        try:
            if text.strip():
                return make(text.strip())
        except (ValueError, OSError) as error:
            say(sentence(error))
