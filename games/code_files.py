"""Files of compiled code: one for every entry, written whole, believed only where it proves to be what was asked for.

Knows folders, files and checksums. Does not know Numba, nor what an entry means.

A file begins with a line that names the entry it is for and its content by their hashes. It is written under another
name and renamed, so that processes that write at once do not see each other's halves: the last one stays, whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType

from numba import config

from games.cache_folders import cache_folder, is_guarded, private_folder, private_path

ENDING = ".nbc"
LARGEST_FOLDER = 1 << 29
"""Bytes of compiled code in one folder; what was not used for the longest time is removed beyond them."""
DAY = 24 * 3600.0


def read(function: FunctionType, entry: str) -> Iterator[bytes]:
    """What is on disk for the ``entry``, a text that describes it, from every place where there is something."""
    for place in _places(function):
        path = place / _file_name(function, entry)
        with contextlib.suppress(OSError):
            if not _is_trusted(place, function):
                continue
            data = path.read_bytes()
            head, _, content = data.partition(b"\n")
            if head == _head(entry, content):
                yield content
                if time.time() - path.stat().st_mtime > DAY:
                    os.utime(path)  # it is in use


def write(function: FunctionType, entry: str, content: bytes) -> None:
    """Put ``content`` where the entry is read from; where there is no place for it, say so once."""
    name = _file_name(function, entry)
    for place in _places(function, writing=True):
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
            if _is_trusted(place, function):
                _write_whole(place / name, _head(entry, content) + b"\n" + content)
                _trim(place)
                return
    _say_that_nothing_is_kept()


@contextlib.contextmanager
def place_for_numba(source: Path) -> Iterator[None]:
    """Let ``@njit(cache=True)`` in the file ``source`` find a folder where Numba alone would end in a traceback."""
    home = os.path.expanduser("~")
    if _told() or os.access(source.parent, os.W_OK) or os.access(home, os.W_OK):
        yield
        return
    with contextlib.suppress(OSError):
        setattr(config, "CACHE_DIR", str(private_folder() / "numba"))  # noqa: B010 (it has no type)
    try:
        yield
    finally:
        setattr(config, "CACHE_DIR", "")  # noqa: B010


def _write_whole(path: Path, data: bytes) -> None:
    """Write under another name and rename."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _head(entry: str, content: bytes) -> bytes:
    """The first line of the entry's file."""
    return b" ".join((b"honte-code-1", checksum(entry.encode()), checksum(content)))


def _file_name(function: FunctionType, entry: str) -> str:
    """A name of the entry's own, which also tells people what is in the file."""
    name = re.sub(r"[^A-Za-z0-9_.]", "", f"{function.__module__}.{function.__qualname__}")[-80:]
    return f"{name}-{checksum(entry.encode()).decode()[:32]}{ENDING}"


def _places(function: FunctionType, *, writing: bool = False) -> Iterator[Path]:
    """Folders for the function's code, the best first: what ``NUMBA_CACHE_DIR`` says alone, or else beside the source,
    among the user's caches, in the temporary folder."""
    if told := _told():
        yield Path(told) / "honte"
        return
    source = Path(function.__code__.co_filename)
    if source.is_file():
        yield source.parent / "__pycache__"
    with contextlib.suppress(RuntimeError):  # no home
        yield cache_folder() / "code"
    with contextlib.suppress(OSError):  # no temporary folder
        if writing or private_path().exists():
            yield private_folder() / "code"


def _told() -> str:
    """The folder in ``NUMBA_CACHE_DIR``, if any."""
    return str(getattr(config, "CACHE_DIR", ""))


def _is_trusted(place: Path, function: FunctionType) -> bool:
    """Whether code may be taken from the folder: whoever can write there can make honte run what they like."""
    if _told():
        return True
    owners = []
    source = Path(function.__code__.co_filename)
    if place.parent == source.parent:
        owners.append(source.stat().st_uid)
    return is_guarded(place, *owners)


@cache
def _trim(place: Path) -> None:
    """Remove what was not used for the longest time where the folder has grown too large; once a process."""
    files = []
    for path in place.iterdir():
        with contextlib.suppress(OSError):
            if ENDING in path.name:
                files.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        left_over = path.suffix == ".tmp" and time.time() - used > DAY  # by a process that died while it wrote
        if left_over or total > LARGEST_FOLDER:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


@cache
def _say_that_nothing_is_kept() -> None:
    logging.getLogger("honte").warning(
        "honte: there is no folder to keep compiled code in, so every start compiles it anew; NUMBA_CACHE_DIR names one"
    )
