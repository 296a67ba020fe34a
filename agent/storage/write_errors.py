"""Writes whose errors name their file: a full disk, a quota or a limit of a file's size names none by itself.

Knows bytes and open files. Does not know what makes a file whole; that is ``agent.storage.durable_files``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """An OSError of the body names ``path``: one of a write (a full disk, a quota) names no file by itself."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def append(file: IO[bytes], data: bytes, path: str | Path, *, durably: bool = True) -> None:
    """Add ``data`` to the end of ``file``, opened without a buffer. OSError names ``path``; a part may be written."""
    with naming(path):
        left = memoryview(data)
        while left:
            left = left[os.write(file.fileno(), left) :]
        if durably:
            os.fsync(file.fileno())
