"""Files and streams of text from other programs, with any byte order mark and any line ends.

Editors and shells of Windows begin files and pipes with a byte order mark, or write UTF-16. Old programs end lines with
a carriage return only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

MARKS = (  # the longer ones first, because the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LINE_END = re.compile(r"\r\n|\n|\r")


def marked_encoding(content: bytes) -> str | None:
    """The encoding of the byte order mark at the beginning of ``content``. None without a mark."""
    return next((encoding for mark, encoding in MARKS if content.startswith(mark)), None)


def decode(content: bytes, what: str, encodings: Sequence[str] = ("utf-8",)) -> str:
    """The text of ``content`` by its byte order mark, or else by the first of ``encodings`` that fits.

    ValueError where it is not text. The message names ``what`` it is, for example a file.
    """
    marked = marked_encoding(content)
    if marked is None and _looks_like_utf16(content):
        raise ValueError(f"{what} seems to be UTF-16 without a byte order mark; save it as UTF-8")
    for encoding in (marked,) if marked else encodings:
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    raise ValueError(f"{what} is not text in {(marked or 'utf-8').removesuffix('-sig').upper()}; save it as UTF-8")


def _looks_like_utf16(content: bytes) -> bool:
    """Whether every other byte is 0, as in ASCII letters in UTF-16."""
    start = content[:64]
    halves = start[0::2], start[1::2]
    return len(start) >= 4 and any(half.count(0) >= 0.8 * len(half) for half in halves)


def read_text(path: str | Path, largest: int) -> str:
    """The text of a file of at most ``largest`` bytes.

    ValueError where it is too large, is not text or contains NUL. OSError where it cannot be read.
    """
    path = Path(path)
    if path.stat().st_size > largest:
        raise ValueError(f"{path} is larger than {largest} bytes")
    text = decode(path.read_bytes(), str(path))
    if "\x00" in text:
        line = len(split_lines(text.partition("\x00")[0]))
        raise ValueError(f"{path}:{line}: there is a NUL character; the file must be plain text in UTF-8")
    return text


def read_lines(path: str | Path, largest: int, what: str) -> list[tuple[str, str]]:
    """(FILE:LINE, line) of a file of ``what``, such as openings, without blank lines and those that begin with #.

    ValueError where there is no file, no line or no text.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no file {str(path)!r} of {what}")
    lines = enumerate(split_lines(read_text(path, largest)), 1)
    found = [(f"{path}:{n}", line.strip()) for n, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise ValueError(f"{path} holds no {what}")
    return found


def split_lines(text: str) -> list[str]:
    """The lines without their ends. Only CR LF, LF and CR are line ends; ``str.splitlines`` has more."""
    return LINE_END.split(text)


class StreamDecoder:
    """Converts a stream, piece by piece, into UTF-8 bytes without a byte order mark and without NUL."""

    def __init__(self) -> None:
        self.start: bytes | None = b""  # the bytes before the encoding is known; None afterwards
        self.decoder: codecs.IncrementalDecoder | None = None

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """The converted bytes of ``piece``. ``final``: it is the last piece."""
        if self.start is not None:
            self.start += piece
            if not final and any(mark.startswith(self.start) and mark != self.start for mark, _ in MARKS):
                return b""
            piece, self.start = self.start, None
            encoding = marked_encoding(piece)
            if encoding == "utf-8-sig":
                piece = piece.removeprefix(codecs.BOM_UTF8)
            elif encoding is not None:
                self.decoder = codecs.getincrementaldecoder(encoding)("replace")
        if self.decoder is not None:
            piece = self.decoder.decode(piece, final).encode("utf-8", "replace")
        return piece.replace(b"\x00", b"")
