"""Grading against positions whose mistakes are known by hand, and against a perfect player."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.player import Player, RandomPlayer
from agent.players import make_player
from agent.solvers import positions
from games import Game, make
from selfplay.solved.grading import (
    Grade,
    SolvedPosition,
    count_mistakes,
    find_mistakes,
    is_mistake,
    parse_positions,
    read_positions,
)

LINE = '{"moves": [3, 3], "scores": {"0": -2, "1": 0, "2": 0, "3": 1, "4": 5, "5": -1, "6": 0}}\n'

known_games = functools.cache(make)


def grade(game: Game, player: Player, known: Sequence[SolvedPosition], **given: Any) -> Grade:
    return count_mistakes(known, find_mistakes(game, player, known, **given))


def test_a_mistake_lowers_the_outcome() -> None:
    position = SolvedPosition((3, 3), {0: -2, 1: 0, 3: 1, 4: 5})
    assert [is_mistake(position, action) for action in (0, 1, 3, 4)] == [True, True, False, False]
    drawn = SolvedPosition((), {0: -2, 1: 0})
    assert [is_mistake(drawn, action) for action in (0, 1)] == [True, False]


def test_a_solver_makes_no_mistake_and_a_random_player_does() -> None:
    game, known = known_games("connect_four"), parse_positions(positions("end_easy")[:60])
    perfect = grade(game, make_player("perfect", game, num_slots=16), known, num_slots=16)
    assert (perfect.count, perfect.mistakes, perfect.mistake_rate) == (60, 0, 0)
    steps: list[int] = []
    uniform = grade(game, RandomPlayer(game), known, num_slots=7, progress=steps.append)
    assert 0 < uniform.mistakes <= uniform.could_err < 60
    assert uniform.could_err == perfect.could_err
    assert uniform.mistake_rate == uniform.mistakes / 60
    assert sum(steps) == 60


def test_mistakes_do_not_depend_on_the_slots() -> None:
    game, known = known_games("connect_four"), parse_positions(positions("end_easy")[:40])
    found = {grade(game, RandomPlayer(game), known, num_slots=slots, seed=2) for slots in (1, 16, 64)}
    assert len(found) == 1


def test_more_simulations_make_fewer_mistakes() -> None:
    game, known = known_games("connect_four"), parse_positions(positions("end_easy")[:40])
    search = make_player("mcts:200", game, num_slots=40, seed=0)
    few, many = (grade(game, search, known, num_slots=40, num_simulations=n).mistakes for n in (2, 200))
    assert many < few


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "positions.jsonl"
    file.write_text(LINE + "\n" + LINE)
    first, second = read_positions(file)
    assert first == second == SolvedPosition((3, 3), {0: -2, 1: 0, 2: 0, 3: 1, 4: 5, 5: -1, 6: 0})


@pytest.mark.parametrize(
    "line", ["{", "[1]", "{}", '{"moves": [1]}', '{"moves": 3, "scores": {"0": 1}}', '{"moves": [], "scores": {}}', "3"]
)
def test_an_error_names_the_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "positions.jsonl"
    file.write_text(LINE + line + "\n")
    with pytest.raises(ValueError, match=r"positions\.jsonl:2: a line must be"):
        read_positions(file)


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        read_positions(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="holds no solved positions"):
        read_positions(tmp_path / "empty.jsonl")


def test_positions_that_break_the_rules_are_refused() -> None:
    game = known_games("connect_four")
    all_columns = dict.fromkeys(range(7), 0)
    with pytest.raises(ValueError, match="position 2: action 9 is not legal at ply 0"):
        grade(game, RandomPlayer(game), [SolvedPosition((), all_columns), SolvedPosition((9,), all_columns)])
    with pytest.raises(ValueError, match="position 1: its scores are not those of the legal actions"):
        grade(game, RandomPlayer(game), [SolvedPosition((), {0: 1})])
    with pytest.raises(ValueError, match="no positions"):
        grade(game, RandomPlayer(game), [])
