"""Commands that honte prints for people to copy: they work as printed, whatever a folder or file is called.

Knows shells. Does not know any command.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

OWN = ".py:"
"""In the name of every game that is a user's file."""


def command(*words: str) -> str:
    """``honte WORDS``, quoted for the shell of this system."""
    line = ["honte", *words]
    return subprocess.list2cmdline(line) if sys.platform == "win32" else shlex.join(line)


def place(folder: str | Path) -> str:
    """A run's folder as a player is written: a bare name could be that of a game or another player."""
    text = str(folder)
    return text if Path(text).is_absolute() or len(Path(text).parts) > 1 else os.path.join(os.curdir, text)


def game_flag(name: str) -> list[str]:
    """``--game NAME`` where the game is a user's file, which runs only where it is named; else nothing."""
    return ["--game", name] if OWN in name else []
