"""Commands that honte prints for people to copy. They work as printed, with any name of a folder or file.

Knows shells. Does not know any command.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

USER_FILE = ".py:"
"""Part of the name of every game that is a file of the user's."""


def command(*words: str) -> str:
    """``honte WORDS``, quoted for the shell of this system."""
    line = ["honte", *words]
    return subprocess.list2cmdline(line) if sys.platform == "win32" else shlex.join(line)


def place(folder: str | Path) -> str:
    """The folder of a run, written so that it is not mistaken for a game or another player of the same name."""
    text = str(folder)
    return text if Path(text).is_absolute() or len(Path(text).parts) > 1 else os.path.join(os.curdir, text)


def game_flag(name: str) -> list[str]:
    """``--game NAME`` if the game is a file of the user's, which honte runs only if it is named; otherwise nothing."""
    return ["--game", name] if USER_FILE in name else []
