"""GNU Go against honte: as a player in a match, and over the table with a referee, in both roles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import honte
from benchmarks import gtp_referee

PROGRAM = shutil.which("gnugo") or "/usr/games/gnugo"
GNUGO = f"{PROGRAM} --mode gtp --level 1 --never-resign --chinese-rules --positional-superko --capture-all-dead"
HONTE = "{python} -m honte gtp mcts:10 --game go:size={size}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(PROGRAM).is_file(), reason="GNU Go is not installed; apt install gnugo"),
]


def test_a_match_in_both_roles() -> None:
    result = honte.match("random", f"gtp:engines=1 {GNUGO}", "go:size=5", games=2, opening_plies=0, num_slots=2)
    assert result.losses == 2
    assert not any(record.reason for record in result.records)  # every move was legal, to the end


def test_a_referee_sees_nothing_wrong() -> None:
    try:
        for sides in ((HONTE, GNUGO), (GNUGO, HONTE)):
            record = gtp_referee.play(sides, 5, 7.0, seconds=300, main_time=600)
            assert record["reason"] == ""
            assert record["score"][0] in "BW0"
            assert 2 <= record["plies"] <= 50
    finally:
        for engine in gtp_referee.LIVING.values():
            engine.close()
        gtp_referee.LIVING.clear()
