"""The syntax of GTP 2, the Go Text Protocol: parses command lines, formats replies, and reads lines in a thread.

Knows the syntax. Does not know the commands, games or players.

As in GNU Go, the reference implementation, control characters are removed, tabs are blanks, ``#`` starts a comment,
lines without a command get no reply, and an id is a number below 2^31; a larger number is an ordinary word.
"""

from __future__ import annotations

import math
import queue
import re
import sys
import threading
from collections.abc import Callable
from typing import IO, NamedTuple

from agent.storage.text_files import StreamDecoder
from honte.number_text import parse_digits, parse_finite

MAX_BYTES = 1 << 16
"""Bytes of a line; the reply to a longer one is an error."""

CHUNK = 1 << 16

ID = re.compile(r"[0-9]{1,10}(?=\s|$)")
LARGEST_ID = 2**31 - 1


class GtpCommand(NamedTuple):
    """A parsed command line."""

    id: str
    command: str  # empty for a line without a command
    arguments: list[str]
    too_long: bool = False


def parse_command(content: bytes) -> GtpCommand:
    """Parse one line, with or without its line end."""
    text = content.decode("utf-8", "replace").rstrip("\r\n").replace("\t", " ")
    text = "".join(c for c in text.partition("#")[0] if c.isprintable()).strip()
    match = ID.match(text)
    name = match[0] if match is not None and int(match[0]) <= LARGEST_ID else ""
    words = text[len(name) :].split()
    return GtpCommand(name, words[0] if words else "", words[1:], len(content) > MAX_BYTES)


def format_reply(command: GtpCommand, content: str, *, success: bool = True) -> str:
    """A reply: ``=`` or ``?`` and the id, the content without blank lines (they would end it), and a blank line."""
    lines = [line.rstrip() for line in content.splitlines() if line.strip()]
    first, *rest = [""] * (content.startswith("\n") or not lines) + lines  # a board starts on a new line
    space = " " if lines else ""  # also before a new line: GoGui reads what follows the first space
    return "\n".join([f"{reply_start(command, success=success)}{space}{first}", *rest, "", ""])


def reply_start(command: GtpCommand, *, success: bool = True) -> str:
    """The first characters of a reply."""
    return f"{'=' if success else '?'}{command.id}"


def parse_number(text: str, what: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number. ValueError with the text of a GTP error."""
    value = parse_finite(text)
    if value is None or not low <= value <= high:
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a number")
    return value


def parse_whole_number(text: str, what: str, *, low: int = 0, high: int = 10**9) -> int:
    """A whole number. ValueError with the text of a GTP error."""
    value = parse_digits(text, 9)
    if value is None or not low <= value <= high:
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a whole number from {low} to {high}")
    return value


class LineReader:
    """Lines of a stream, read in a thread, so that a running command can see whether the next line has arrived."""

    def __init__(self, stream: IO[bytes], max_bytes: int = MAX_BYTES, *, returns_end_lines: bool = False) -> None:
        """``stream`` must be unbuffered: its ``read`` returns what has arrived, and the program may end while it waits.

        Of a line with more than ``max_bytes`` the first ``max_bytes`` + 1 are returned. Lines are in UTF-8, without NUL
        and byte order mark. ``returns_end_lines``: a single carriage return ends a line, too; GTP ignores it.
        """
        self.stream, self.max_bytes, self.returns_end_lines = stream, max_bytes, returns_end_lines
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        self.interrupted = threading.Event()
        """Set by the comment ``# interrupt``, with which GoGui asks the running command to end soon."""
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest, skipping, decoder = b"", False, StreamDecoder()
        after_return = False
        try:
            while chunk := self.stream.read(CHUNK):
                chunk = decoder.feed(chunk)
                if self.returns_end_lines and chunk:
                    ended = chunk.endswith(b"\r")
                    chunk = chunk[1:] if after_return and chunk.startswith(b"\n") else chunk
                    chunk, after_return = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), ended
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if not skipping:
                        self._deliver(line)
                    skipping = False
                if len(rest) > self.max_bytes:  # too long: its start is enough for the error
                    if not skipping:
                        self._deliver(rest[: self.max_bytes + 1])
                    rest, skipping = b"", True
        except (OSError, ValueError):  # the stream was closed
            pass
        rest += decoder.feed(b"", final=True)
        if rest and not skipping:
            self._deliver(rest)
        self.lines.put(None)

    def _deliver(self, line: bytes) -> None:
        if line.strip() == b"# interrupt":
            self.interrupted.set()
        else:
            self.lines.put(line)

    @property
    def pending(self) -> bool:
        """Whether a line or the end of the input has arrived and was not read yet."""
        return not self.lines.empty()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until something is pending; False when ``seconds`` have passed first."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return False
        with self.lines.mutex:
            self.lines.queue.appendleft(line)
        return True

    def get(self) -> bytes | None:
        """The next line; None at the end of the input."""
        line = self.lines.get()
        self.interrupted.clear()
        if line is None:
            self.ended = True
            self.lines.put(None)  # later calls return None as well
        return line


def standard_input() -> IO[bytes]:
    """Stdin without a buffer: a thread that waits inside a buffer holds its lock, and Python cannot exit cleanly."""
    return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


Write = Callable[[str], None]


def writer(stream: IO[bytes]) -> Write:
    """A function that writes text to ``stream`` and flushes it."""

    def write(text: str) -> None:
        stream.write(text.encode("utf-8", "replace"))
        stream.flush()

    return write
