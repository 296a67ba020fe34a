"""GTP 2, the Go Text Protocol: lines in, framed replies out, and a reader that notices what arrives meanwhile.

Knows the protocol's syntax. Does not know its commands, games or players.

As in GNU Go, its reference implementation: control characters go, tabs are blanks, ``#`` begins a comment, lines
without a command get no reply, and an id is a number that fits 31 bits; anything longer is a word like any other.
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

LONGEST = 1 << 16
"""Bytes of a line; a longer one gets an error for a reply."""

CHUNK = 1 << 16

ID = re.compile(r"[0-9]{1,10}(?=\s|$)")
LARGEST_ID = 2**31 - 1


class GtpCommand(NamedTuple):
    """A command as it was sent."""

    id: str
    command: str  # "" where there is none
    arguments: list[str]
    too_long: bool = False


def read(content: bytes) -> GtpCommand:
    """One line, with or without its end."""
    text = content.decode("utf-8", "replace").rstrip("\r\n").replace("\t", " ")
    text = "".join(c for c in text.partition("#")[0] if c.isprintable()).strip()
    found = ID.match(text)
    name = found[0] if found is not None and int(found[0]) <= LARGEST_ID else ""
    words = text[len(name) :].split()
    return GtpCommand(name, words[0] if words else "", words[1:], len(content) > LONGEST)


def reply(to: GtpCommand, content: str, *, good: bool = True) -> str:
    """A reply: ``=`` or ``?`` and the id, the content without lines that would end it early, a blank line."""
    lines = [line.rstrip() for line in content.splitlines() if line.strip()]
    first, *rest = [""] * (content.startswith("\n") or not lines) + lines  # a drawing begins on a line of its own
    space = " " if lines else ""  # also before that line: GoGui takes what follows the first space
    return "\n".join([f"{head(to, good=good)}{space}{first}", *rest, "", ""])


def head(to: GtpCommand, *, good: bool = True) -> str:
    """How a reply begins."""
    return f"{'=' if good else '?'}{to.id}"


def parse_number(text: str, what: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from the protocol. ValueError in its words."""
    try:
        value = float(text) if len(text) <= 32 and text.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not low <= value <= high or math.isinf(value):
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a number")
    return value


def parse_whole_number(text: str, what: str, *, low: int = 0, high: int = 10**9) -> int:
    """A whole number from the protocol. ValueError in its words."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high):
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a whole number from {low} to {high}")
    return int(text)


class LineReader:
    """Lines from a stream, read in a thread of their own so that a command under way can see what comes next."""

    def __init__(self, stream: IO[bytes], longest: int = LONGEST, *, returns_end_lines: bool = False) -> None:
        """``stream`` is not buffered: its ``read`` gives what is there, and a program may end while it waits.

        ``longest``: bytes of a line; of a longer one that many and one more are given, the rest is thrown away.
        Lines come in UTF-8, without NUL or a byte order mark. ``returns_end_lines``: a carriage return alone ends a
        line, too; GTP wants it to be passed over.
        """
        self.stream, self.longest, self.returns_end_lines = stream, longest, returns_end_lines
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        self.interrupted = threading.Event()
        """Set by the comment ``# interrupt``, GoGui's wish that the command under way ends soon."""
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
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if not skipping:
                        self._hand_on(line)
                    skipping = False
                if len(rest) > self.longest:  # too long: its beginning is enough to say so
                    if not skipping:
                        self._hand_on(rest[: self.longest + 1])
                    rest, skipping = b"", True
        except (OSError, ValueError):  # closed under our hands
            pass
        rest += decoder.feed(b"", final=True)
        if rest and not skipping:
            self._hand_on(rest)
        self.lines.put(None)

    def _hand_on(self, line: bytes) -> None:
        if line.strip() == b"# interrupt":
            self.interrupted.set()
        else:
            self.lines.put(line)

    @property
    def pending(self) -> bool:
        """Whether something has arrived that is not yet read, the end of the input included."""
        return not self.lines.empty()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until something is pending; False when time ran out first."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return False
        with self.lines.mutex:
            self.lines.queue.appendleft(line)
        return True

    def get(self) -> bytes | None:
        """The next line; None at the end."""
        line = self.lines.get()
        self.interrupted.clear()
        if line is None:
            self.ended = True
            self.lines.put(None)  # whoever asks again gets the same answer
        return line


def standard_input() -> IO[bytes]:
    """Stdin without a buffer. A thread that waits inside of one, with its lock, breaks Python's way out."""
    return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


Write = Callable[[str], None]


def writer(stream: IO[bytes]) -> Write:
    """Text to a stream at once."""

    def write(text: str) -> None:
        stream.write(text.encode("utf-8", "replace"))
        stream.flush()

    return write
