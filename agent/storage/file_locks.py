"""Locks of open files, which the system releases when the process ends, on POSIX systems and on Windows."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def lock_file(file: IO[bytes]) -> bool:
        """Lock an open file for this process; False if another one holds it."""
        file.seek(
            1 << 20
        )  # a byte after the text, because locks on Windows are mandatory and the text must stay readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

    def unlock_file(file: IO[bytes]) -> None:
        """Release the lock, also for child processes that have a copy of the file."""
        file.seek(1 << 20)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        file.seek(0)
else:
    import fcntl

    def lock_file(file: IO[bytes]) -> bool:
        """Lock an open file for this process; False if another one holds it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock_file(file: IO[bytes]) -> None:
        """Release the lock, also for child processes that have a copy of the file."""
        fcntl.flock(file, fcntl.LOCK_UN)
