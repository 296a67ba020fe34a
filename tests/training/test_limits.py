"""Limits: what ends a run, and how far it is; work is counted alike on every machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import games
from training.alphazero import AlphaZeroRun
from training.config import TrainConfig, parse_config
from training.limits import Spent, count_work, limit_reached, progress
from training.optimization.schedules import cooldown_scale


def config(**values: Any) -> TrainConfig:
    return TrainConfig(game="tic_tac_toe", **values)


def test_work_counts_three_passes_for_a_trained_sample() -> None:
    assert count_work(1_000_000, 2_000_000, 1_000_000) == 5.0


def test_progress_is_that_of_the_nearest_limit() -> None:
    limits = config(max_samples=1000, max_minutes=10, max_work=8.0)
    assert progress(limits, Spent(500, 1.0, 1.0)) == 0.5
    assert progress(limits, Spent(100, 1.0, 6.0)) == 0.75
    assert progress(limits, Spent(100, 9.0, 1.0)) == 0.9
    assert progress(limits, Spent(100, 1.0, 99.0)) == 1.0
    assert (
        progress(config(deterministic=True, max_minutes=10, max_work=8.0, grade_minutes=0), Spent(0, 9.0, 2.0)) == 0.25
    )
    assert progress(config(), Spent(100, 1.0, 1.0)) == 0.0


def test_the_limit_is_named() -> None:
    limits = config(max_samples=1000, max_minutes=10, max_work=2.5)
    assert limit_reached(limits, Spent(999, 9.0, 2.4), learner_is_behind=False) == ""
    assert limit_reached(limits, Spent(999, 9.0, 2.5), learner_is_behind=False) == "max_work 2.5"
    assert limit_reached(limits, Spent(1000, 9.0, 0.0), learner_is_behind=True) == "max_samples 1000"
    assert limit_reached(limits, Spent(0, 10.0, 0.0), learner_is_behind=False) == "max_minutes 10"
    waits = config(max_samples=1000, deterministic=True)
    assert limit_reached(waits, Spent(1000, 0.0, 0.0), learner_is_behind=True) == ""


@pytest.fixture
def settings() -> TrainConfig:
    made: TrainConfig = parse_config(
        {
            "game": "tic_tac_toe",
            "deterministic": True,
            "max_work": 0.0001,
            "network": {"blocks": 1, "channels": 8, "head_channels": 4, "hidden": 8},
            "engine": {"kind": "torch", "precision": "fp32", "cache_entries": 1024},
            "self_play": {"num_games": 16, "quantum": 64, "search": {"num_simulations": 8}},
            "learn": {"batch_size": 32, "first_samples": 100, "reuse": 1.0, "cooldown": 0.5},
            "grade_minutes": 0,
        }
    )
    return made


def test_a_run_ends_with_its_work_and_its_schedule_follows_it(tmp_path: Path, settings: TrainConfig) -> None:
    torch.set_num_threads(1)
    run = AlphaZeroRun(games.make("tic_tac_toe"), settings, tmp_path)
    assert run.go() == "finished"
    assert run.limit_reached() == "max_work 0.0001"
    assert run.work == count_work(run.flops, run.runner.evaluator.evaluated, run.trainer.samples_seen)
    assert 0.0001 <= run.work < 0.00012  # a quantum and its training at most are too much
    assert run.report.work == run.work
    assert run.trainer.learning_rate_scale < cooldown_scale(0.8, 0.5)

    again = AlphaZeroRun(games.make("tic_tac_toe"), settings, tmp_path)  # what was spent before is not forgotten
    assert again.work == run.work
    again.close()


def test_a_stopped_run_goes_on_to_the_same_work(tmp_path: Path, settings: TrainConfig) -> None:
    torch.set_num_threads(1)
    weights, works = [], []
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
        run = AlphaZeroRun(games.make("tic_tac_toe"), settings, tmp_path / name)
        if name == "stopped":
            run.stopping = lambda: run.work > 0.00004  # noqa: B023 - called in this iteration only
            assert run.go() == "stopped"
            run = AlphaZeroRun(games.make("tic_tac_toe"), settings, tmp_path / name)
        assert run.go() == "finished"
        weights.append(run.weights)
        works.append(run.work)
    assert works[0] == works[1]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_grading_is_no_work(tmp_path: Path, settings: TrainConfig) -> None:
    torch.set_num_threads(1)

    def grade(evaluate: Any) -> dict[str, float]:
        game = games.make("tic_tac_toe")
        states = game.new(64)
        game.init(states)
        evaluate(states, game.describe_new(states))
        return {"mistakes/all/raw": 0.5}

    overlapping = replace(settings, deterministic=False, grade_minutes=1)
    run = AlphaZeroRun(games.make("tic_tac_toe"), overlapping, tmp_path, grade=grade)
    run.grade_if_due()
    assert run.report.grades == {"mistakes/all/raw": 0.5}
    assert run.runner.evaluator.evaluated > 0
    assert run.work == 0
    run.close()


def test_a_deterministic_run_of_work_is_not_graded() -> None:
    with pytest.raises(ValueError, match="grade_minutes must be 0"):
        config(deterministic=True, max_work=1.0)
    assert config(deterministic=True, max_work=1.0, grade_minutes=0).max_work == 1.0
