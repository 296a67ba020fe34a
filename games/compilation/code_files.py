"""Files of compiled code: one for every entry, written whole, and used only if its checksums are right.

Knows folders, files and checksums. Does not know Numba, nor what an entry means.

A file begins with a line that holds the hashes of its entry and of its content. It is written under another name and
renamed, so that no process reads a part of a file; of several that are written at once, the last one stays.
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
"""The most bytes of compiled code in one folder; beyond them, the files that were not used for longest are removed."""
DAY = 24 * 3600.0


def read(function: FunctionType, entry: str) -> Iterator[bytes]:
    """The contents on disk for the ``entry``, a text that describes it, one from every folder that has one."""
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
                    os.utime(path)  # mark it as used


def write(function: FunctionType, entry: str, content: bytes) -> None:
    """Store ``content`` where the entry is read from; log a warning once if no folder can be written."""
    name = _file_name(function, entry)
    for place in _places(function, writing=True):
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
            if _is_trusted(place, function):
                _write_whole(place / name, _head(entry, content) + b"\n" + content)
                _trim(place)
                return
    _warn_not_stored()


@contextlib.contextmanager
def place_for_numba(source: Path) -> Iterator[None]:
    """Let ``@njit(cache=True)`` in the file ``source`` find a folder where Numba alone would end in a traceback."""
    home = os.path.expanduser("~")
    if _numba_cache_dir() or os.access(source.parent, os.W_OK) or os.access(home, os.W_OK):
        yield
        return
    with contextlib.suppress(OSError):
        setattr(config, "CACHE_DIR", str(private_folder() / "numba"))  # noqa: B010 (it has no type)
    try:
        yield
    finally:
        setattr(config, "CACHE_DIR", "")  # noqa: B010


def _write_whole(path: Path, data: bytes) -> None:
    """Write under another name, then rename."""
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
    """A name that is unique to the entry and tells people what is in the file."""
    name = re.sub(r"[^A-Za-z0-9_.]", "", f"{function.__module__}.{function.__qualname__}")[-80:]
    return f"{name}-{checksum(entry.encode()).decode()[:32]}{ENDING}"


def _places(function: FunctionType, *, writing: bool = False) -> Iterator[Path]:
    """The folders for the function's code, the best first.

    That is the folder in ``NUMBA_CACHE_DIR`` alone if it is set; else the one beside the source, the one among the
    user's caches, and the private one.
    """
    if told := _numba_cache_dir():
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


def _numba_cache_dir() -> str:
    """The folder in ``NUMBA_CACHE_DIR``, if any."""
    return str(getattr(config, "CACHE_DIR", ""))


def _is_trusted(place: Path, function: FunctionType) -> bool:
    """Whether code may be read from the folder: whoever can write there can make honte run any code."""
    if _numba_cache_dir():
        return True
    owners = []
    source = Path(function.__code__.co_filename)
    if place.parent == source.parent:
        owners.append(source.stat().st_uid)
    return is_guarded(place, *owners)


@cache
def _trim(place: Path) -> None:
    """Remove the files that were not used for longest if the folder is too large; once in each process."""
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
def _warn_not_stored() -> None:
    logging.getLogger("honte").warning(
        "honte: there is no folder to keep compiled code in, so every start compiles it anew; NUMBA_CACHE_DIR names one"
    )
