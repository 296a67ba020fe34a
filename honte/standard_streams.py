"""Standard streams that are closed or cannot be written.

Knows the operating system. Does not know commands.
"""

from __future__ import annotations

import atexit
import os
import sys

NAMES = ("stdin", "stdout", "stderr")


def open_closed_streams() -> None:
    """Connect each standard stream that the caller has closed to the null device.

    Otherwise the next file that is opened would get the number of the stream, and messages would be written into it.
    """
    for number, name in enumerate(NAMES):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


def flush_output() -> None:
    """Write what was printed. If that fails, later output is dropped, and the OSError names standard output."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise OSError(error.errno, error.strerror, "standard output") from error


def silence() -> None:
    """Drop everything that is printed from now on."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def stop_colorama() -> None:
    """Stop colorama, which Numba starts where it is installed, from writing an escape sequence as the program ends.

    It writes to every terminal, also to those that show the sequence as text.
    """
    colorama = sys.modules.get("colorama.initialise")
    if colorama is not None:
        atexit.unregister(colorama.reset_all)
