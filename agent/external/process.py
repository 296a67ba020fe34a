"""An engine in a process of its own, and lines of text to it and from it.

Knows processes, lines and their errors. Does not know any protocol.
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
    """The engine cannot be used any more: it ended, hangs or does not speak its protocol."""


class CommandRefused(RuntimeError):
    """The engine runs, but refuses a command."""


class Resigned(CommandRefused):
    """The engine resigns the game, as its protocol allows."""


class EngineProcess:
    """The process of one engine. It ends when the object is deleted, or before."""

    def __init__(self, command: str, *, seconds: float) -> None:
        """Start ``command`` without a shell. ``seconds`` limits each reply. EngineError if it cannot start."""
        words = [word.strip("\"'") for word in shlex.split(command, posix=False)] if os.name == "nt" else None
        try:
            self.words = shlex.split(command) if words is None else words
        except ValueError as error:
            raise EngineError(f"{command!r} cannot be read as a command: {error}") from None
        if not self.words:
            raise EngineError("the command of the engine is empty")
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
        self.last_errors: deque[str] = deque(maxlen=5)  # the last lines of its stderr
        stop = threading.Event()
        readers = [
            threading.Thread(target=_read_lines, args=(self.process.stdout, self.lines, stop), daemon=True),
            threading.Thread(target=_collect_errors, args=(self.process.stderr, self.last_errors), daemon=True),
        ]
        for reader in readers:
            reader.start()
        self.close = weakref.finalize(self, _end, self.process, stop, readers)

    def send(self, command: str) -> None:
        """Send a line and drop the lines that came before it. EngineError if the engine has ended."""
        while not self.lines.empty():
            if self.lines.get() is None:
                raise self._ended_error(command)
        try:
            self.input.write(command.encode() + b"\n")
            self.input.flush()
        except (OSError, ValueError):
            raise self._ended_error(command) from None

    def read_line(self, command: str, deadline: float, seconds: float) -> str:
        """The next line of the answer to ``command``, without its line end. EngineError when none comes in time.

        ``deadline`` is ``seconds`` after the command by ``time.monotonic``.
        """
        try:
            line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.process.kill()  # an engine that hangs would not read "quit"
            self.close()
            raise EngineError(f"no reply to {command!r} within {seconds:g} seconds") from None
        if line is None:
            raise self._ended_error(command)
        return line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").rstrip("\r\n")

    def _ended_error(self, command: str) -> EngineError:
        self.close()
        reason = f"; it said: {self.last_errors[-1]}" if self.last_errors else ""
        return EngineError(f"the engine ended (exit code {self.process.returncode}) at {command!r}{reason}")


def _read_lines(stream: IO[bytes], lines: queue.Queue[bytes | None], stop: threading.Event) -> None:
    """Put lines into the queue until the stream ends. A line that is too long is cut, and its reader refuses it."""
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


def _collect_errors(stream: IO[bytes], last_errors: deque[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while line := stream.readline(LONGEST_LINE):
            if text := line.decode("utf-8", "replace").strip():
                last_errors.append(text[:200])


def _end(process: subprocess.Popen[bytes], stop: threading.Event, readers: list[threading.Thread]) -> None:
    """Ask the engine to quit, and kill it if it does not."""
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
        reader.join(1)  # a child of the engine may hold the pipe open until the program ends
        if stream is not None and not reader.is_alive():
            stream.close()
