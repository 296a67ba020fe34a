"""An exception as a sentence that names the file, if there is one."""

from __future__ import annotations


def sentence(error: Exception) -> str:
    """``FILE: No space left on device`` for an error of the operating system; the message of any other error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
