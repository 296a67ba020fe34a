"""McNemar's exact test, on values computed by hand from the binomial distribution."""

from __future__ import annotations

import numpy as np
import pytest

from selfplay.solved.paired_mistakes import PairedMistakes, compare_mistakes


def errors(text: str) -> np.ndarray:
    """An array from a text in which x is a mistake."""
    return np.array([letter == "x" for letter in text])


def test_only_positions_in_which_one_errs_count() -> None:
    found = compare_mistakes(errors("xxxxxxxxx.xx.."), errors(".........xxx.."))
    assert found == PairedMistakes(9, 1, pytest.approx(2 * (1 + 10) / 1024))
    assert compare_mistakes(errors(".........xxx.."), errors("xxxxxxxxx.xx..")).p_value == found.p_value


def test_equal_players_are_not_told_apart() -> None:
    assert compare_mistakes(errors("x.x."), errors(".x.x")).p_value == 1
    assert compare_mistakes(errors("xx.."), errors("xx..")) == PairedMistakes(0, 0, 1.0)


def test_thousands_of_differences_have_a_p_value() -> None:
    many = np.ones(5000, np.bool_)
    assert compare_mistakes(many, ~many).p_value == pytest.approx(0, abs=1e-300)


def test_different_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 3 positions"):
        compare_mistakes(errors("xx"), errors("xxx"))
