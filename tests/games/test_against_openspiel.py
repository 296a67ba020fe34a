"""Random games in step with OpenSpiel: the same legal actions, player and result at every position."""

from __future__ import annotations

import numpy as np
import pytest

from tests.games.made import made
from tests.games.oracles import OPENSPIEL, sides_in_step, table

pytest.importorskip("pyspiel")
pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("name", OPENSPIEL)
def test_the_rules_agree(name: str) -> None:
    found = sides_in_step(made(name), OPENSPIEL[name], 6000, seed=7, num_games=16)
    assert found.differences == 0, found.first
    assert found.games >= 16
    assert found.excused < 0.05 * found.positions or name.startswith("go:size=3")


@pytest.mark.parametrize("name", OPENSPIEL)
def test_no_two_actions_share_a_number(name: str) -> None:
    numbers = table(made(name), OPENSPIEL[name])
    assert all(len(np.unique(row)) == len(row) for row in numbers)


def test_a_difference_is_found() -> None:
    found = sides_in_step(made("connect_four"), OPENSPIEL["connect_four:rows=5,columns=8,k=3"], 64, num_games=32)
    assert found.differences > 0
    assert "only they allow [7]" in found.first
