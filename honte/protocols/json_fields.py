"""Reads fields of a JSON object: a wrong value raises a ``FieldError`` that names the field and says what is allowed.

Knows types and ranges of values. Does not know what the fields mean.
"""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]

MAX_CHARACTERS = 1 << 20
"""A longer question is refused."""


class FieldError(ValueError):
    """The value of a field is not allowed."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


def parse_object(line: str) -> JsonObject:
    """The JSON object in ``line``. ValueError for anything else."""
    if len(line) > MAX_CHARACTERS:
        raise ValueError(f"the question has {len(line)} characters; {MAX_CHARACTERS} is the limit")
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this line is not valid JSON: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise ValueError('a question must be a JSON object, such as {"id": "1", "moves": []}')
    return content


def read_id(question: JsonObject) -> str:
    if not isinstance(question.get("id"), str):
        raise FieldError("id", "id is missing; write a string, which the answers repeat")
    return str(question["id"])


def read_int(question: JsonObject, key: str, default: int, *, low: int, high: int) -> int:
    value = question.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FieldError(key, f"{key} is {str(value)[:64]}; it must be a whole number from {low} to {high}")
    return value


def read_ints(question: JsonObject, key: str, default: list[int], *, low: int = 0, high: int) -> list[int]:
    values = question.get(key, default)
    if not isinstance(values, list) or not values:
        raise FieldError(key, f"{key} is {str(values)[:64]}; it must be a list of whole numbers")
    return [read_int({key: value}, key, 0, low=low, high=high) for value in values]


def read_bool(question: JsonObject, key: str) -> bool:
    value = question.get(key, False)
    if not isinstance(value, bool):
        raise FieldError(key, f"{key} is {str(value)[:64]}; it must be true or false")
    return value


def read_report_interval(question: JsonObject) -> float | None:
    """Seconds between reports during a search; None where the question asks for none."""
    value = question.get("reportDuringSearchEvery")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.001 <= value <= 1e6:
        raise FieldError(
            "reportDuringSearchEvery",
            f"reportDuringSearchEvery is {str(value)[:64]}; it must be a number of seconds from 0.001 to 1000000",
        )
    return float(value)
