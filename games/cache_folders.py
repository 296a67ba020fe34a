"""Folders for what honte stores between processes.

Knows the operating system. Does not know what is stored.
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
"""The environment variable that names another cache folder."""


def cache_folder() -> Path:
    """The folder in ``HONTE_CACHE``, or honte's among the user's caches. RuntimeError if there is no home folder."""
    if folder := os.environ.get(PLACE):
        return Path(folder)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "honte"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honte"


def private_path() -> Path:
    """The usual path of ``private_folder``. OSError if there is no temporary folder."""
    return Path(tempfile.gettempdir()) / f"honte-{os.geteuid() if hasattr(os, 'geteuid') else 'user'}"


def private_folder() -> Path:
    """A folder below the temporary one that only this user may enter, the same in all processes of the user.

    If its path is taken by something else, this process gets a new folder of its own. OSError if there is no temporary
    folder that can be written.
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
