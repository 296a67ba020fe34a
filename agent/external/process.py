"""An engine in a process of its own: lines out, lines in, and whatever can go wrong with that.

Knows processes and lines. Does not know any protocol.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import queue
import shlex
import subprocess
import threading
import time
import weakref
from collections import deque
from typing import IO

LONGEST_LINE = 1 << 16  # bytes
LONGEST_REPLY = 1 << 12  # lines
QUIT_SECONDS = 2.0


class EngineError(RuntimeError):
    """The engine is of no use any more: it died, hangs or does not speak its protocol."""


class CommandRefused(RuntimeError):
    """The engine lives, but does not do what it was told."""


class Resigned(CommandRefused):
    """The engine gives the game up, as its protocol allows."""


class EngineProcess:
    """One engine. It is ended with the object at the latest."""

    def __init__(self, command: str, *, seconds: float) -> None:
        """Start ``command``, without a shell. ``seconds``: how long a reply may take. EngineError if it cannot run."""
        words = [word.strip("\"'") for word in shlex.split(command, posix=False)] if os.name == "nt" else None
        try:
            self.words = shlex.split(command) if words is None else words
        except ValueError as error:
            raise EngineError(f"{command!r} cannot be read as a command: {error}") from None
        if not self.words:
            raise EngineError("no command is given to start an engine with")
        self.seconds = seconds
        try:
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise EngineError(f"{self.words[0]!r} cannot be started: {error.strerror}") from None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.input: IO[bytes] = self.process.stdin
        self.lines: queue.Queue[bytes | None] = queue.Queue(LONGEST_REPLY)
        self.complaints: deque[str] = deque(maxlen=5)  # the last lines of its stderr
        stop = threading.Event()
        readers = [
            threading.Thread(target=_read, args=(self.process.stdout, self.lines, stop), daemon=True),
            threading.Thread(target=_listen, args=(self.process.stderr, self.complaints), daemon=True),
        ]
        for reader in readers:
            reader.start()
        self.close = weakref.finalize(self, _end, self.process, stop, readers)

    def send(self, command: str) -> None:
        """A line to the engine; what it said unasked is no answer to it. EngineError when it is gone."""
        while not self.lines.empty():
            if self.lines.get() is None:
                raise EngineError(self.death(command))
        try:
            self.input.write(command.encode() + b"\n")
            self.input.flush()
        except (OSError, ValueError):
            raise EngineError(self.death(command)) from None

    def line(self, command: str, deadline: float, seconds: float) -> str:
        """The next line of the answer to ``command``, without its end; EngineError when none comes in time.

        ``deadline`` is ``seconds`` after the command, by the monotonic clock.
        """
        try:
            line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.close()
            raise EngineError(f"no reply to {command!r} within {seconds:g} seconds") from None
        if line is None:
            raise EngineError(self.death(command))
        return line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").rstrip("\r\n")

    def death(self, command: str) -> str:
        self.close()
        said = f"; it said: {self.complaints[-1]}" if self.complaints else ""
        return f"the engine ended (exit code {self.process.returncode}) at {command!r}{said}"


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None], stop: threading.Event) -> None:
    """Hand lines on until the stream ends; one that is too long goes on cut, which its reader will not like."""
    line: bytes | None = b""
    while line is not None and not stop.is_set():
        try:
            line = stream.readline(LONGEST_LINE + 1) or None
        except (OSError, ValueError):
            line = None
        while not stop.is_set():
            try:
                lines.put(line, timeout=0.1)
                break
            except queue.Full:
                continue


def _listen(stream: IO[bytes], complaints: deque[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while line := stream.readline(LONGEST_LINE):
            if text := line.decode("utf-8", "replace").strip():
                complaints.append(text[:200])


def _end(process: subprocess.Popen[bytes], stop: threading.Event, readers: list[threading.Thread]) -> None:
    """Ask it to quit, then make it: nothing of an engine outlives its client."""
    assert process.stdin is not None
    if process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(b"quit\n")
            process.stdin.flush()
    with contextlib.suppress(OSError, ValueError):
        process.stdin.close()
    try:
        process.wait(QUIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    stop.set()
    for stream, reader in zip((process.stdout, process.stderr), readers, strict=True):
        reader.join(1)  # longer only where a child of the engine holds the pipe open; it ends with the program then
        if stream is not None and not reader.is_alive():
            stream.close()
