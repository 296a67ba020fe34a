"""Numbers in the text of protocols: what counts as one, and what does not."""

from __future__ import annotations

import pytest

from honte.number_text import parse_digits, parse_finite


@pytest.mark.parametrize("text", ["", " 1", "1 ", "-1", "+1", "1_0", "1.0", "²", "٣", "x", "12345"])
def test_only_ascii_digits_make_a_whole_number(text: str) -> None:
    assert parse_digits(text, 4) is None


def test_whole_numbers_are_read() -> None:
    assert [parse_digits(text, 4) for text in ("0", "007", "1234")] == [0, 7, 1234]


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-inf", "1e999", "1" * 33, "٣", "1,5"])
def test_what_is_no_finite_number(text: str) -> None:
    assert parse_finite(text) is None


def test_finite_numbers_are_read() -> None:
    assert [parse_finite(text) for text in ("6.5", "-1", "1e3")] == [6.5, -1.0, 1000.0]
