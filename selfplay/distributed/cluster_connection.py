"""Joining or starting a Ray cluster: what must be done around ``ray.init`` so that a run starts or says why it cannot.

Knows Ray's environment variables and messages. Does not import Ray.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def keep_signal_handlers() -> Iterator[None]:
    """Keep this process's SIGTERM handler, which saves the run first; Ray installs one that exits at once."""
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM) if is_main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGTERM, handler)


def retry_start(start: Callable[[], Any], clear: Callable[[], Any] = lambda: None) -> Any:
    """Return what ``start`` returns. Up to three starts that time out are tried again, each after ``clear``.

    Ray waits half a minute for a node; a busy machine may take longer.
    """
    for _ in range(3):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            clear()
    return start()


def show_cluster_token() -> None:
    """Make Ray present this user's token to a cluster, if the user has one. ``ray start`` makes one and requires it.

    Ray reads this variable only when it is imported. A cluster without tokens accepts a client that has one.
    """
    named = "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def check_address(address: str) -> None:
    """Raise OSError if nobody listens at HOST:PORT, where Ray would end the whole process. Other addresses pass."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "//" not in host:
        socket.create_connection((host, int(port)), timeout=5.0).close()


def error_line(error: BaseException) -> str:
    """The most informative line of an error's message, at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines()]
    candidates = [line for line in lines if "exit" in line.lower() and ":" in line] or [line for line in lines if line]
    return (candidates or [type(error).__name__])[0][:200]
