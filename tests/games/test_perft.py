"""Published counts of action sequences: the rules, proven against tables that others made."""

from __future__ import annotations

import numpy as np
import pytest

from games import perft
from games.perft import estimated_counts
from tests.games.made import made

TIC_TAC_TOE = (1, 9, 72, 504, 3024, 15120, 54720, 148176, 200448, 127872, 0)
CONNECT_FOUR = (1, 7, 49, 343, 2401, 16807, 117649, 823536, 5673234)


def test_tic_tac_toe_to_its_end() -> None:
    game = made("tic_tac_toe")
    assert tuple(perft(game, depth) for depth in range(11)) == TIC_TAC_TOE


def test_connect_four() -> None:
    game = made("connect_four")
    assert tuple(perft(game, depth) for depth in range(8)) == CONNECT_FOUR[:8]


@pytest.mark.slow
def test_connect_four_deeper() -> None:
    assert perft(made("connect_four"), 8) == CONNECT_FOUR[8]


@pytest.mark.nojit
def test_shallow() -> None:
    assert [perft(made("connect_four"), depth) for depth in range(4)] == [1, 7, 49, 343]
    assert [perft(made("tic_tac_toe"), depth) for depth in range(4)] == [1, 9, 72, 504]


@pytest.mark.parametrize(("name", "depth"), [("connect_four", 7), ("tic_tac_toe", 9), ("nim", 5)])
def test_estimates_are_near_the_counts(name: str, depth: int) -> None:
    """Random games estimate the counts without bias; a game of tic-tac-toe that ended has no sequences."""
    game = made(name)
    counts = [perft(game, each) for each in range(depth + 1)]
    found = estimated_counts(game, depth, games=4096)
    assert found == pytest.approx(np.array(counts, float), rel=0.1)
    assert estimated_counts(game, game.max_plies)[-1] >= 0


def test_progress_counts_every_sequence() -> None:
    seen: list[int] = []
    assert perft(made("connect_four"), 6, seen.append) == sum(seen) == CONNECT_FOUR[6]
