"""A record of the users' games that were tried on this machine, so that each is tried once until its code changes.

Knows the user's cache folder. Does not know how a game is tried.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from games.cache_folders import cache_folder
from games.game import Game
from games.user_rules.trial import try_rules

VERSION = 1
"""A new number lets all games be tried again."""


def try_once(game: Game, file: Path, name: str, key: str | None) -> None:
    """Try the game ``name`` of ``file``, unless it was tried on this machine with the same content.

    ``key``: a hash of its rules. ``GameFault`` if they are wrong.
    """
    content_hash = hashlib.sha256(repr((VERSION, name, key)).encode() + file.read_bytes()).hexdigest()
    marker = None
    with contextlib.suppress(RuntimeError, OSError):
        marker = cache_folder() / "tried_games" / content_hash[:32]
        if marker.exists():
            return
    try_rules(game)
    if marker is not None:
        with contextlib.suppress(OSError):  # no folder for the record: the game is tried each time
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
