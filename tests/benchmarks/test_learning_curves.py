"""Learning curves: which checkpoints are measured, at which minute, and that measured points are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import learning_curves
from benchmarks.learning_curves import chosen, minute_of
from tests.agent.test_players import made, save


def test_the_first_and_the_last_checkpoint_are_among_those_measured() -> None:
    assert chosen([5, 10], 8) == [5, 10]
    found = chosen(list(range(0, 1000, 10)), 5)
    assert (found[0], found[-1], len(found)) == (0, 990, 5)


def test_the_minute_of_a_step_is_that_of_the_last_metrics_before_it() -> None:
    known = {10: 1.0, 20: 2.0}
    assert [minute_of(step, known) for step in (5, 10, 15, 30)] == [0.0, 1.0, 1.0, 2.0]


def test_curves_are_measured_once_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    for step in (4, 8):
        save(run / "checkpoints" / str(step), made("tic_tac_toe"), seed=step)
    lines = [{"step": step, "time": 0, "minutes": step / 4} for step in (4, 8)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = [
        "x",
        str(run),
        "--anchor",
        "random",
        "--games",
        "4",
        "--simulations",
        "2",
        "--out",
        str(tmp_path / "curves"),
    ]
    monkeypatch.setattr("sys.argv", words)
    assert learning_curves.main() == 0
    points = json.loads((tmp_path / "curves.json").read_text())["points"]
    assert [(each["step"], each["minutes"], each["games"]) for each in points] == [(4, 1.0, 4), (8, 2.0, 4)]
    picture = (tmp_path / "curves.svg").read_text()
    assert "<svg" in picture
    monkeypatch.setattr(learning_curves, "measure", None)  # nothing is measured again
    assert learning_curves.main() == 0
    assert (tmp_path / "curves.svg").read_text() == picture
    stored = json.loads((tmp_path / "curves.json").read_text())
    other = {**stored["points"][0], "run": "another"}  # as a second process does at the same time
    learning_curves.add_point(tmp_path / "curves.json", stored["config"], other)
    assert json.loads((tmp_path / "curves.json").read_text())["points"] == [*stored["points"], other]
    monkeypatch.setattr("sys.argv", [*words[:3], "mcts:2", *words[4:]])
    with pytest.raises(ValueError, match="choose another --out"):
        learning_curves.main()
