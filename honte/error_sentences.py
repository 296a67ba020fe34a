"""What went wrong, as a sentence that names the file where there is one.

Knows exceptions. Does not know who shows the sentence.
"""

from __future__ import annotations


def sentence(error: Exception) -> str:
    """``FILE: No space left on device`` of an error of the system; what any other error says."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
