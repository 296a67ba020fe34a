"""Suggestions for a misspelled player, game or setting."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from agent import weights
from agent.player_identity import NON_NETWORKS
from games.registry import NAMES, is_game, make

NUMBERED = re.compile(r"(mcts|minimax)[-_ ]?(\d+)")


def nearest_player(head: str) -> str | None:
    """The player whose text is most similar to ``head``. None where none is similar."""
    kind, colon, number = head.partition(":")
    if match := NUMBERED.fullmatch(head.lower()):
        return ":".join(match.groups())
    folders = [*weights.games(), *_neighbours(Path(head))]
    if near := difflib.get_close_matches(kind.lower(), NON_NETWORKS, n=1, cutoff=0.7):
        return near[0] + colon + number
    near = difflib.get_close_matches(head, folders, n=1, cutoff=0.7)
    return near[0] if near else None


def suggest_game(head: str) -> str | None:
    """How to play the game whose text is most similar to ``head``. None where none is similar."""
    name, colon, parameters = head.partition(":")
    near = difflib.get_close_matches(name.lower(), NAMES, n=1, cutoff=0.7)
    if not near:
        return None
    game = near[0] + colon + parameters
    return game if weights.folder(game) else f"the game {game}, as in honte play mcts:400 --game {game}"


def _neighbours(path: Path) -> list[str]:
    """The folders in the same folder as ``path``, with the same beginning of their path."""
    try:
        return [str(path.with_name(each.name)) for each in path.parent.iterdir() if each.is_dir()]
    except (OSError, ValueError):
        return []


def no_network_message(head: str) -> str | None:
    """The error message where ``head`` is a game without a shipped network. None where ``head`` is not a game.

    Where the game has no such parameters, as in ``othello:size=7``, the message says that.
    """
    if not is_game(head):
        return None
    family = head.partition(":")[0]
    if family in NAMES:
        try:
            make(head)
        except ValueError as error:
            return str(error)
    near = [game for game in weights.games() if game.partition(":")[0] == family]
    also = f" (there are networks for {', '.join(near)})" if near else ""
    return (
        f"{head!r} is a game, and no network ships for it{also}: name another player with the game, such as"
        f" honte play mcts:400 --game {head}, or train a network first by honte train --game {head}"
    )
