"""Which games of users' this machine has tried: each is tried once, until its file or what it calls changes.

Knows the user's cache folder. Does not know what a trial is made of.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from games.cache_folders import cache_folder
from games.game import Game
from games.user_rules.trial import try_rules

VERSION = 1
"""Another number: games are tried again."""


def try_once(game: Game, file: Path, name: str, key: str | None) -> None:
    """Try the game ``name`` of ``file`` unless this machine has seen it with the same content.

    ``key`` says what its rules are made of. ``GameFault`` where they are wrong.
    """
    made_of = hashlib.sha256(repr((VERSION, name, key)).encode() + file.read_bytes()).hexdigest()
    mark = None
    with contextlib.suppress(RuntimeError, OSError):
        mark = cache_folder() / "tried_games" / made_of[:32]
        if mark.exists():
            return
    try_rules(game)
    if mark is not None:
        with contextlib.suppress(OSError):  # no place for it: tried each time
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
