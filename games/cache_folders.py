"""Folders for what honte keeps between processes.

Knows the operating system. Does not know what is kept.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path

PLACE = "HONTE_CACHE"
"""The variable that names another folder for what honte keeps."""


def cache_folder() -> Path:
    """What ``HONTE_CACHE`` says, or honte's own folder among the user's caches. RuntimeError where there is no home."""
    if said := os.environ.get(PLACE):
        return Path(said)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "honte"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honte"


def private_path() -> Path:
    """Where ``private_folder`` should be. OSError where there is no temporary folder."""
    return Path(tempfile.gettempdir()) / f"honte-{os.geteuid() if hasattr(os, 'geteuid') else 'user'}"


def private_folder() -> Path:
    """A folder below the temporary one that only this user may enter, the same in every process of the user's.

    Where something else stands in its place, the folder is a new one for this process alone. OSError where there is
    no temporary folder that can be written.
    """
    path = private_path()
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return _folder_of_this_process()
    return path if is_private(path) else _folder_of_this_process()


def is_private(path: Path) -> bool:
    """Whether ``path`` is a folder, not a link to one, that belongs to this user and that no other user may enter."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)


def is_guarded(path: Path, *owners: int) -> bool:
    """Whether only this user, the system's administrator and ``owners`` can put files into the folder ``path``."""
    try:
        found = path.stat()
    except OSError:
        return False
    if not hasattr(os, "geteuid"):
        return stat.S_ISDIR(found.st_mode)
    trusted = found.st_uid in (os.geteuid(), 0, *owners)
    return stat.S_ISDIR(found.st_mode) and trusted and not found.st_mode & stat.S_IWOTH


@cache
def _folder_of_this_process() -> Path:
    made = tempfile.mkdtemp(prefix="honte-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
