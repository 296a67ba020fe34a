"""The fields of a JSON question, read one by one: each is right, or a ``FieldError`` names it and says what would be.

Knows kinds of values. Does not know what a question is about.
"""

from __future__ import annotations

import json
from typing import Any

Answer = dict[str, Any]

LONGEST = 1 << 20
"""Characters of a question."""


class FieldError(ValueError):
    """A field of a question is not right."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


def whole_object(line: str) -> Answer:
    """A JSON object. ValueError in words for anything else."""
    if len(line) > LONGEST:
        raise ValueError(f"the question has {len(line)} characters; {LONGEST} at most are read")
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is no JSON: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise ValueError('a question is a JSON object, such as {"id": "1", "moves": []}')
    return content


def id_of(question: Answer) -> str:
    if not isinstance(question.get("id"), str):
        raise FieldError("id", "id is missing; write a text that the answer will carry")
    return str(question["id"])


def number(question: Answer, key: str, default: int, *, low: int, high: int) -> int:
    value = question.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FieldError(key, f"{key} is {str(value)[:64]}; it must be a whole number from {low} to {high}")
    return value


def numbers(question: Answer, key: str, default: list[int], *, low: int = 0, high: int) -> list[int]:
    values = question.get(key, default)
    if not isinstance(values, list) or not values:
        raise FieldError(key, f"{key} is {str(values)[:64]}; it must be a list of whole numbers")
    return [number({key: value}, key, 0, low=low, high=high) for value in values]


def flag(question: Answer, key: str) -> bool:
    value = question.get(key, False)
    if not isinstance(value, bool):
        raise FieldError(key, f"{key} is {str(value)[:64]}; it must be true or false")
    return value


def seconds(question: Answer) -> float | None:
    value = question.get("reportDuringSearchEvery")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.001 <= value <= 1e6:
        raise FieldError("reportDuringSearchEvery", f"reportDuringSearchEvery is {str(value)[:64]}; it must be seconds")
    return float(value)
