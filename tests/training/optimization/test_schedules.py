"""The learning rate: schedules at chosen sample counts, what YAML may say of them, and the scales of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import pydantic
import pytest

from training import yaml_files
from training.config import parse_config
from training.optimization.schedules import Schedule, cooldown_scale, drops_scale, one_cycle_scale
from training.trainer import TrainerConfig


def test_constant() -> None:
    assert [Schedule(0.02).at(samples) for samples in (0, 1, 10**9)] == [0.02] * 3


def test_warm_up_rises_linearly_and_never_starts_at_zero() -> None:
    schedule = Schedule(1.0, warm_up=4)
    assert [schedule.at(samples) for samples in (0, 1, 3, 4, 100)] == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_cosine_falls_from_value_to_end_and_stays() -> None:
    schedule = Schedule(1.0, cosine=200, warm_up=100, end=0.2)
    assert schedule.at(100) == pytest.approx(1.0)
    assert schedule.at(150) == pytest.approx(0.6)
    assert schedule.at(125) == pytest.approx(0.2 + 0.8 * 0.5 * (1 + 0.5**0.5))
    assert schedule.at(200) == schedule.at(10**9) == pytest.approx(0.2)


def test_steps_drop_where_they_say() -> None:
    schedule = Schedule(0.2, steps=((100, 0.02), (300, 0.002)))
    assert [schedule.at(samples) for samples in (0, 99, 100, 299, 300, 10**9)] == [0.2, 0.2, 0.02, 0.02, 0.002, 0.002]


YAML: list[tuple[str, Schedule]] = [
    ("0.02", Schedule(0.02)),
    ("1", Schedule(1.0)),
    ("2e-4", Schedule(2e-4)),
    ("{value: 0.1, warm_up: 10}", Schedule(0.1, warm_up=10)),
    ("{value: 0.1, cosine: 5e6, end: 0.01}", Schedule(0.1, cosine=5_000_000, end=0.01)),
    ("{value: 0.1, steps: [[100, 0.01]]}", Schedule(0.1, steps=((100, 0.01),))),
]


def from_config(value: Any) -> Schedule:
    config: TrainerConfig = parse_config({"learning_rate": value}, TrainerConfig)
    return config.learning_rate


@pytest.mark.parametrize(("text", "schedule"), YAML)
def test_what_yaml_may_say(text: str, schedule: Schedule) -> None:
    assert from_config(yaml_files.parse(f"learning_rate: {text}".encode(), "test")["learning_rate"]) == schedule
    assert from_config(dataclasses.asdict(schedule)) == schedule
    assert from_config(schedule) == schedule


def test_pydantic_takes_the_short_form_too() -> None:
    adapter = pydantic.TypeAdapter(Schedule)
    assert adapter.validate_python(0.02) == Schedule(0.02)
    assert adapter.validate_python({"value": 0.1, "steps": [[100, 0.01]]}) == Schedule(0.1, steps=((100, 0.01),))
    assert adapter.validate_python(Schedule(0.3)) == Schedule(0.3)
    with pytest.raises(pydantic.ValidationError, match="must be a number from 0 to 1,000,000,000"):
        adapter.validate_python(-1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "learning_rate is None: it must be a number from 0 to 1,000,000,000, or a group of settings"),
        (True, "learning_rate is True: it must be a number from 0 to 1,000,000,000"),
        ("fast", "learning_rate is 'fast': it must be a number from 0 to 1,000,000,000, or a group of settings"),
        ({"warm_up": 3}, r"learning_rate\.value is missing"),
        ({"value": 1, "warmup": 3}, r"learning_rate\.warmup is unknown; did you mean warm_up"),
        (-0.1, "learning_rate is -0.1: it must be a number from 0 to"),
        (float("nan"), "learning_rate is nan: it must be a number from 0 to"),
        ({"value": 1, "end": float("inf")}, "learning_rate.end is inf: it must be a number from 0 to"),
        ({"value": "much"}, "learning_rate.value is 'much'"),
        ({"value": 1, "warm_up": 1.5}, "learning_rate.warm_up is 1.5: it must be a whole number"),
        ({"value": 1, "warm_up": -1}, "learning_rate.warm_up is -1: it must be a whole number from 0 to"),
        ({"value": 1, "cosine": 5, "warm_up": 5}, "schedule.cosine is 5: .* more samples than warm_up"),
        ({"value": 1, "cosine": 5, "steps": [[1, 1]]}, "schedule.cosine and schedule.steps .* choose one"),
        ({"value": 1, "steps": [[5, 1], [5, 2]]}, "schedule.steps .* must be ascending"),
        ({"value": 1, "steps": [[0, 1]]}, "schedule.steps .* above 0"),
        ({"value": 1, "steps": 3}, "learning_rate.steps is 3"),
    ],
)
def test_what_is_wrong_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_config(value)


def test_a_cooldown_falls_to_a_tenth_over_the_last_share_of_the_run() -> None:
    assert [cooldown_scale(progress, 0.5) for progress in (0.0, 0.25, 0.5)] == [1.0] * 3
    assert cooldown_scale(0.75, 0.5) == pytest.approx(0.55)
    assert cooldown_scale(1.0, 0.5) == pytest.approx(0.1)
    assert cooldown_scale(1.0, 0.0) == 1.0  # no cooldown at all


def test_drops_hold_until_the_next_one() -> None:
    drops = ((0.25, 0.1), (0.75, 0.01))
    assert [drops_scale(x, drops) for x in (0.0, 0.2, 0.25, 0.7, 0.75, 1.0)] == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]


def test_one_cycle_rises_and_falls_and_is_never_zero() -> None:
    assert one_cycle_scale(0.0, 0.2) == 0.01
    assert one_cycle_scale(0.1, 0.2) == pytest.approx(0.5)
    assert one_cycle_scale(0.2, 0.2) == pytest.approx(1.0)
    assert one_cycle_scale(0.6, 0.2) == pytest.approx(0.5)
    assert one_cycle_scale(1.0, 0.2) == 1e-3
    assert one_cycle_scale(0.0, 0.0) == 1.0  # no warm-up
