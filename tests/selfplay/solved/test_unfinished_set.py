"""Positions that are being solved: what a kill leaves is used, and what is not whole is solved again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.solvers.registry import make_solver
from games import make
from games.game import Row
from selfplay.solved.grading import SolvedPosition, read_positions
from selfplay.solved.position_classes import draw_solved
from selfplay.solved.unfinished_set import UnfinishedSet

GAME = make("tic_tac_toe")


class Killed(Exception):
    """Stands for a kill after some positions."""


class CountingSolver:
    """Values of moves, and how often they were asked for."""

    def __init__(self) -> None:
        self.calls, self.solver = 0, make_solver(GAME)

    def values(self, row: Row) -> Mapping[int, int]:
        self.calls += 1
        return self.solver.values(row)


def draw(path: Path, solver: CountingSolver, *, stop_after: int = 1000) -> list[SolvedPosition]:
    """Ten positions for the file ``path``."""
    unfinished, kept = UnfinishedSet(path, GAME), 0

    def keep(position: SolvedPosition) -> None:
        nonlocal kept
        unfinished.add(position)
        kept += 1
        if kept == stop_after:
            raise Killed

    positions = draw_solved(GAME, solver.values, 10, seed=5, known=unfinished.known, keep=keep)
    unfinished.finish(positions)
    return positions


def test_what_a_kill_leaves_is_not_solved_again(tmp_path: Path) -> None:
    at_once, interrupted, path = CountingSolver(), CountingSolver(), tmp_path / "set"
    whole = draw(tmp_path / "whole", at_once)
    with pytest.raises(Killed):
        draw(path, interrupted, stop_after=6)
    assert not path.exists()
    assert draw(path, interrupted) == whole == read_positions(path)
    assert interrupted.calls == at_once.calls
    assert sorted(file.name for file in tmp_path.iterdir()) == ["set", "whole"]


def test_a_torn_line_is_solved_again(tmp_path: Path) -> None:
    path, part = tmp_path / "set", tmp_path / "set.part"
    with pytest.raises(Killed):
        draw(path, CountingSolver(), stop_after=6)
    part.write_bytes(part.read_bytes()[:-9])
    assert len(UnfinishedSet(path, GAME).known) == 5
    assert draw(path, CountingSolver()) == draw(tmp_path / "whole", CountingSolver())


def test_a_torn_line_does_not_damage_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "set.part").write_bytes(b'\n{"game": "tic_tac_toe", "moves": [0, ')
    UnfinishedSet(tmp_path / "set", GAME).add(SolvedPosition((4,), {0: 0}))
    assert list(UnfinishedSet(tmp_path / "set", GAME).known) == [(4,)]


def test_positions_of_another_game_are_refused(tmp_path: Path) -> None:
    UnfinishedSet(tmp_path / "set", GAME).add(SolvedPosition((4,), {0: 0}))
    with pytest.raises(ValueError, match=r"set.part has positions of tic_tac_toe, not of nim"):
        UnfinishedSet(tmp_path / "set", make("nim:heaps=1-3"))
