"""Writes whose errors name their file. By itself an error of a full disk or a quota names none.

Knows bytes and open files. Complete files are written by ``agent.storage.durable_files``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def name_in_errors(path: str | Path) -> Iterator[None]:
    """Make an OSError of the body name ``path``."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def check_folder(path: str | Path) -> None:
    """ValueError unless the folder of ``path`` exists. A mistake in a path that a person types creates no folder."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder} for the file {Path(path).name}")


def append(file: IO[bytes], data: bytes, path: str | Path, *, durably: bool = True) -> None:
    """Append ``data`` to ``file``, opened without a buffer. An OSError names ``path``, and a part may be written."""
    with name_in_errors(path):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file.fileno(), rest) :]
        if durably:
            os.fsync(file.fileno())
