"""Text from outside: byte order marks, encodings and line ends, of files and of streams cut anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.storage.text_files import StreamDecoder, decode, read_text, split_lines

TEXT = "a1 b2\n本手 é\n{}"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_marked_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT.encode(encoding))
    assert read_text(path, 1000) == TEXT


def test_both_byte_orders_are_read() -> None:
    for order in ("le", "be"):
        for width in ("16", "32"):
            encoding = f"utf-{width}-{order}"
            assert decode(("\ufeff" + TEXT).encode(encoding), "it") == TEXT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a1 b2".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("a1 b2".encode("utf-16-be"), "UTF-16 without a byte order mark"),
        (b"caf\xe9", "is not text in UTF-8; save it as UTF-8"),
        (b"\xff\xfea", "is not text in UTF-16"),
        (b"one\ntwo\x00\n", "file:2: there is a NUL"),
        (b"x" * 101, "larger than 100 bytes"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as error:
        read_text(path, 100)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_lines_end_as_on_any_system_and_nowhere_else() -> None:
    assert split_lines("a\r\nb\rc\nd\n") == ["a", "b", "c", "d", ""]
    assert split_lines('{"a": "\u2028\x0b\x85"}') == ['{"a": "\u2028\x0b\x85"}']


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_stream_may_be_cut_anywhere(encoding: str, size: int) -> None:
    content, decoder = TEXT.encode(encoding), StreamDecoder()
    found = b"".join(decoder.feed(content[i : i + size]) for i in range(0, len(content), size))
    assert (found + decoder.feed(b"", final=True)).decode() == TEXT


def test_a_stream_that_ends_within_a_mark_keeps_its_bytes() -> None:
    decoder = StreamDecoder()
    assert decoder.feed(b"\xef") == b""
    assert decoder.feed(b"", final=True) == b"\xef"
    assert StreamDecoder().feed(b"na\x00me\n") == b"name\n"
