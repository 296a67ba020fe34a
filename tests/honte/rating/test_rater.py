"""A run that rates itself: it learns the same bits, nothing is lost or counted twice, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.storage import durable_files
from honte.__main__ import main
from honte.rating.rater import BackgroundRater
from training.evaluation import rating_curve
from training.evaluation.promotion import best_step
from training.evaluation.rating_curve import RatingConfig
from training.run import checkpoints, metrics

CLONE = Path(__file__).resolve().parents[3]
TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16", "--deterministic"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--learn.reuse", "1", "--grade-minutes", "0", "--self-play.quantum", "64"),
    *("--max-minutes", "0"),
]
RATED = [
    *("--rating.every-minutes", "0.0001", "--rating.anchors", "random", "minimax:2", "--rating.games", "6"),
    *("--rating.test-games", "8", "--rating.settings", "simulations=4", "--rating.no-give-way"),
]
RATE = ["--anchors", "random", "minimax:2", "--games", "6", "--test-games", "8", "--simulations", "4"]
OFF = ["--rating.every-minutes", "0"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine: it is the hung test that is ended, and not the rating."""
    monkeypatch.setattr("honte.rating.rater.FINISH_SECONDS", 1e6)


def words(folder: Path, samples: int, *more: str) -> list[str]:
    return ["train", "tic_tac_toe", "--run", str(folder), "--max-samples", str(samples), *TINY, *more]


def model(folder: Path) -> bytes:
    newest = max(checkpoints.list_steps(folder / "checkpoints"))
    return (folder / "checkpoints" / str(newest) / "model.safetensors").read_bytes()


def pairs(folder: Path) -> dict[tuple[int, int], int]:
    """How many games each two players have played."""
    base = sqlite3.connect(folder / "ratings" / "ratings.sqlite")
    try:
        rows = base.execute("SELECT MIN(first, second), MAX(first, second), COUNT(*) FROM games GROUP BY 1, 2")
        return {(a, b): count for a, b, count in rows.fetchall()}
    except sqlite3.OperationalError:  # its tables are still to come
        return {}
    finally:
        base.close()


@pytest.mark.slow
def test_a_run_rates_itself_and_learns_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, rated = tmp_path / "plain", tmp_path / "rated"
    assert main(words(plain, 400, *OFF)) == 0
    assert not (plain / "ratings").exists()
    capsys.readouterr()
    assert main([*words(rated, 400, *RATED), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert model(rated) == model(plain)
    assert metrics.read(rated)[-1]["elo"] == told["ratings"][-1]["elo"]
    points = rating_curve.read_curve(rated).points
    assert [vars(point) for point in points] == told["ratings"]
    assert points[-1].step == max(checkpoints.list_steps(rated / "checkpoints"))  # the last one is rated, too
    assert best_step(rated) is not None
    assert set(pairs(rated).values()) == {6}

    assert main(words(rated, 600, *RATED)) == 0  # goes on: what is known already is in the metrics
    assert main(words(plain, 600, *OFF)) == 0
    assert model(rated) == model(plain)
    shown = [record for record in metrics.read(rated) if "elo" in record]
    assert shown
    assert shown[0]["elo_step"] in [point.step for point in points]
    assert shown[0]["elo_low"] < shown[0]["elo"] < shown[0]["elo_high"]
    assert len(rating_curve.read_curve(rated).points) > len(points)
    assert set(pairs(rated).values()) == {6}
    assert "Elo" in capsys.readouterr().out

    assert main(["report", str(rated)]) == 0
    page = (rated / "report.html").read_text(encoding="utf-8")
    assert '"key":"elo"' in page
    assert "best checkpoint" in page


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    """The rater ends with its run, and no game is lost or played twice."""
    folder, log = tmp_path / "run", tmp_path / "log"
    command = [sys.executable, "-m", "honte", *words(folder, 100_000, *RATED)]
    seen: dict[tuple[int, int], int] = {}
    for wanted in (1, 12):
        with log.open("wb") as file:
            environment = {**os.environ, "PYTHONPATH": str(CLONE)}
            process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
        while not (folder / "ratings" / "ratings.sqlite").exists() or sum(pairs(folder).values()) < wanted:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        process.kill()
        process.wait()
        while durable_files.lock_holder(folder / "ratings") is not None:  # until the rater has seen it
            time.sleep(0.05)
        now = pairs(folder)
        assert all(now[pair] >= count for pair, count in seen.items())
        seen = now
    assert main(["rate", str(folder), *RATE]) == 0
    done = pairs(folder)
    assert all(seen[pair] <= done[pair] <= 6 for pair in seen)
    rated = {point.step for point in rating_curve.read_curve(folder).points}
    assert rated >= {*rating_curve.kept_steps(folder), *checkpoints.list_steps(folder / "checkpoints")}
    assert main(["rate", str(folder), *RATE]) == 0
    assert pairs(folder) == done


@pytest.mark.slow
def test_a_rater_that_fails_is_told_and_harms_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert main(words(folder, 300, *OFF)) == 0
    with BackgroundRater(
        folder, RatingConfig(every_minutes=0.0001, anchors=("nobody",), give_way=False), "tic_tac_toe"
    ) as rater:
        assert rater.poll() == []
        while rater.working:
            time.sleep(0.05)
        assert rater.finish(lambda: False) == []
        (note,) = rater.notes
    assert "the rater has stopped" in note
    assert "nobody" in note


def test_what_cannot_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tmp_path / "run", 300, "--rating.games", "7")) == 2
    assert "rating.games is 7" in capsys.readouterr().err
    assert main(["rate", str(tmp_path), "--rating", "5"]) == 2
    assert "--rating must be a JSON object" in capsys.readouterr().err
    assert main(["rate", str(tmp_path), "--rating", '{"gamez": 4}']) == 2
    assert "did you mean games" in capsys.readouterr().err
