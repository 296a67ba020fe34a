"""What somebody may have meant who wrote a player that there is not.

Knows how players, games and folders are called. Does not know what any of them does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from agent import weights
from agent.player_identity import OTHERS
from games.registry import NAMES, is_game

NUMBERED = re.compile(r"(mcts|minimax)[-_ ]?(\d+)")


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean NAME? `` with the one of ``known`` that is like ``name``; nothing where none is."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def nearest_player(head: str) -> str | None:
    """The player that is written much like ``head``; None where none is."""
    kind, colon, number = head.partition(":")
    if match := NUMBERED.fullmatch(head.lower()):
        return ":".join(match.groups())
    places = [*(each.name for each in weights.folders()), *_beside(Path(head))]
    for known, rest in ((OTHERS, colon + number), (places, "")):
        if near := difflib.get_close_matches(kind.lower() if known is OTHERS else head, known, n=1, cutoff=0.7):
            return near[0] + rest
    return None


def nearest_game(head: str) -> str | None:
    """The game that is written much like ``head``; None where none is."""
    name, colon, parameters = head.partition(":")
    near = difflib.get_close_matches(name.lower(), NAMES, n=1, cutoff=0.7)
    return near[0] + colon + parameters if near else None


def _beside(path: Path) -> list[str]:
    """The folders beside ``path``, written as it is."""
    try:
        return [str(path.with_name(each.name)) for each in path.parent.iterdir() if each.is_dir()]
    except (OSError, ValueError):
        return []


def without_network(head: str) -> str | None:
    """What to write where ``head`` is a game and no network ships for it; None where it is no game."""
    if not is_game(head):
        return None
    return (
        f"{head!r} is a game, and no network ships for it: name another player with the game, such as"
        f" honte play mcts:400 --game {head}, or learn it first by honte train --game {head}"
    )
