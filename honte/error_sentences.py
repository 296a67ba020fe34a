"""An error as one sentence that names the file, and the exit code of a program that ends with it.

Does not know any command.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable

from honte.standard_streams import flush_output, silence

USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141

FULL = [getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)]
"""Errors of a write to a full or a write-protected disk."""


def sentence(error: Exception) -> str:
    """``FILE: No space left on device`` for an error of the operating system; the message of any other error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def exit_code(name: str, run: Callable[[], int | None]) -> int:
    """Run a program; its exit code (``None`` is 0). An error is printed as one sentence after the program's ``name``.

    2: a ``ValueError`` or ``OSError``, which is a mistake of the user; 130: interrupted; 141: nobody reads the output.
    With ``HONTE_TRACEBACK=1`` in the environment, an error that would be printed is raised.
    """
    try:
        code = run() or 0
        flush_output()
        return code
    except BrokenPipeError:
        silence()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        if os.environ.get("HONTE_TRACEBACK"):
            raise
        message = sentence(error)
        if isinstance(error, OSError) and not error.filename and error.errno in FULL:
            message = f"standard output: {message}"  # errors of files name the file
        print(f"{name}: {message}", file=sys.stderr)
        with contextlib.suppress(OSError):  # the error above was that the output is full
            flush_output()
        return USAGE_ERROR
