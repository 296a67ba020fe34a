"""Schedules: values at hand-picked sample counts, and what YAML may say."""

from __future__ import annotations

import dataclasses
from typing import Any

import pydantic
import pytest

from training.schedules import Schedule, parse_schedule


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


YAML: list[tuple[Any, Schedule]] = [
    (0.02, Schedule(0.02)),
    (1, Schedule(1.0)),
    ("2e-4", Schedule(2e-4)),
    ({"value": 0.1, "warm_up": 10}, Schedule(0.1, warm_up=10)),
    ({"value": 0.1, "cosine": "5e6", "end": 0.01}, Schedule(0.1, cosine=5_000_000, end=0.01)),
    ({"value": 0.1, "steps": [[100, 0.01]]}, Schedule(0.1, steps=((100, 0.01),))),
    (Schedule(0.3), Schedule(0.3)),
]


@pytest.mark.parametrize(("text", "schedule"), YAML)
def test_parse(text: Any, schedule: Schedule) -> None:
    assert parse_schedule(text) == schedule
    assert parse_schedule(dataclasses.asdict(schedule)) == schedule


def test_pydantic_takes_the_short_form_too() -> None:
    adapter = pydantic.TypeAdapter(Schedule)
    assert adapter.validate_python(0.02) == Schedule(0.02)
    assert adapter.validate_python({"value": 0.1, "steps": [[100, 0.01]]}) == Schedule(0.1, steps=((100, 0.01),))
    assert adapter.validate_python(Schedule(0.3)) == Schedule(0.3)
    with pytest.raises(pydantic.ValidationError, match="must be a number from 0 to 1,000,000,000"):
        adapter.validate_python(-1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "must be a number, or a mapping"),
        (True, "must be a number, or a mapping"),
        ("fast", "must be a number, or a mapping"),
        ({"warm_up": 3}, "with 'value' in it"),
        ({"value": 1, "warmup": 3}, r"learning_rate\.warmup is unknown: a schedule has value, warm_up"),
        (-0.1, "schedule.value is -0.1: it must be a number from 0 to"),
        (float("nan"), "schedule.value is nan: it must be a number from 0 to"),
        ({"value": 1, "end": float("inf")}, "schedule.end is inf: it must be a number from 0 to"),
        ({"value": "much"}, "learning_rate is"),
        ({"value": 1, "warm_up": 1.5}, "1.5 is not a whole number of samples"),
        ({"value": 1, "warm_up": -1}, "schedule.warm_up is -1: it must be a whole number from 0 to"),
        ({"value": 1, "cosine": 5, "warm_up": 5}, "more samples than warm_up"),
        ({"value": 1, "cosine": 5, "steps": [[1, 1]]}, "choose one"),
        ({"value": 1, "steps": [[5, 1], [5, 2]]}, "must be ascending"),
        ({"value": 1, "steps": [[0, 1]]}, "above 0"),
        ({"value": 1, "steps": 3}, "learning_rate is"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse_schedule(text, "learning_rate")
    assert "learning_rate" in str(error.value)
