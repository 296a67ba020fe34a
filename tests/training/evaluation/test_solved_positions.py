"""What a run is graded by: positions that ship or are drawn, whole sets and classes, and how many are behind a rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.inference.evaluate import uniform_evaluate
from agent.search.search import SearchConfig
from agent.solvers.registry import make_solver
from games import make
from games.playouts import state_after
from selfplay.solved.grading import read_positions
from training.evaluation import solved_positions
from training.evaluation.solved_positions import BY_CLASS, RateName, split_rate_name
from training.run.progress import ProgressReport


@pytest.mark.parametrize("name", ["nim", "hex:size=3"])
def test_positions_are_drawn_once_and_solved(name: str, tmp_path: Path) -> None:
    game = make(name)
    assert solved_positions.solved_sets(game, tmp_path) == {}
    assert solved_positions.make_grader(game, SearchConfig(), tmp_path) is None
    solved_positions.draw_positions(game, tmp_path)
    before = (tmp_path / solved_positions.SOLVED).read_bytes()
    solved_positions.draw_positions(game, tmp_path)
    assert (tmp_path / solved_positions.SOLVED).read_bytes() == before
    (positions,) = solved_positions.solved_sets(game, tmp_path).values()
    assert positions == read_positions(tmp_path / solved_positions.SOLVED)
    assert len(positions) == solved_positions.NUM_DRAWN
    solve = make_solver(game).values
    assert dict(positions[7].scores) == solve(state_after(game, positions[7].moves)[0])


def test_games_without_a_quick_solver_are_left_alone(tmp_path: Path) -> None:
    for name in ("breakthrough:rows=5,columns=5", "othello:size=6"):
        solved_positions.draw_positions(make(name), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["nim", "tic_tac_toe"])
def test_classes_add_up_to_their_set(name: str, tmp_path: Path) -> None:
    game = make(name)
    solved_positions.draw_positions(game, tmp_path)
    look = solved_positions.make_grader(game, SearchConfig(num_simulations=8), tmp_path, num_simulations=8)
    assert look is not None
    found, counts = look(uniform_evaluate), solved_positions.count_positions(game, tmp_path)
    assert found.keys() == counts.keys()
    (each,) = solved_positions.solved_sets(game, tmp_path)
    for how in ("raw", "search"):
        total = f"mistakes/{each}/{how}"
        classes = [key for key in found if key.startswith(f"{BY_CLASS}{each}/{how}/")]
        if classes:
            assert len(classes) > 1
            assert sum(counts[key] for key in classes) == counts[total]
            wrong = sum(found[key] * counts[key] for key in classes)
            assert wrong == pytest.approx(found[total] * counts[total])
    assert 0 < found[f"mistakes/{each}/raw"] < 1
    assert {key.split("/")[2] for key in found if key.startswith(BY_CLASS)} == {"raw", "search"}
    report = ProgressReport()
    report.set_grades(found)
    assert report.grades | report.by_class == found
    assert set(report.grades) == {f"mistakes/{each}/raw", f"mistakes/{each}/search"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mistakes/middle_easy/raw", ("middle_easy", "raw", "")),
        ("by_class/drawn/search/middle hard", ("drawn", "search", "middle hard")),
    ],
)
def test_names_of_rates_have_parts(name: str, parts: tuple[str, str, str]) -> None:
    assert split_rate_name(name) == parts
    assert RateName(*parts).text == name


@pytest.mark.parametrize(
    "name", ["policy_loss", "mistakes/all", "mistakes/all/raw/begin", "by_class/all/raw", "x/all/raw"]
)
def test_other_metrics_are_no_rates(name: str) -> None:
    with pytest.raises(ValueError, match="does not name a rate of mistakes"):
        split_rate_name(name)
