"""The JSON bodies of requests: each field is read with its type and its limits, and a Problem names what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from honte.web.requests.problems import Problem, refuse

MOST_MOVES = 5000


class Body:
    """The fields of one request."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def text(self, name: str, *, longest: int, default: str | None = None) -> str:
        """A text; the default, if there is one, where the field is missing or null."""
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise refuse(f"{name} is {_shown(value)}; it must be a text")
        if len(value) > longest:
            raise refuse(f"{name} has {len(value)} characters; {longest} are the most")
        return value

    def optional_text(self, name: str, *, longest: int) -> str | None:
        return None if self.fields.get(name) is None else self.text(name, longest=longest)

    def texts(self, name: str, *, longest: int = 64, most: int = MOST_MOVES) -> list[str]:
        """A list of texts; empty where the field is missing."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, str) for v in value):
            raise refuse(f"{name} is {_shown(value)}; it must be a list of texts")
        if len(value) > most or any(len(each) > longest for each in value):
            raise refuse(f"{name} may have {most} texts of {longest} characters each at most")
        return list(value)

    def whole(self, name: str, *, minimum: int, maximum: int, default: int) -> int:
        """A whole number; the default where the field is missing or null."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise refuse(f"{name} is {_shown(value)}; it must be a whole number from {minimum} to {maximum}")
        return value

    def number(self, name: str, *, minimum: float, maximum: float, default: float) -> float:
        value = self.fields.get(name)
        if value is None:
            return default
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not fits or not minimum <= value <= maximum:
            raise refuse(f"{name} is {_shown(value)}; it must be a number from {minimum:g} to {maximum:g}")
        return float(value)

    def cells(self, name: str) -> list[int] | None:
        """A short list of cell numbers; None where the field is missing."""
        value = self.fields.get(name)
        if value is None:
            return None
        whole = isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        if not whole or len(value) > 8 or any(abs(cell) > 1 << 20 for cell in value):
            raise refuse(f"{name} is {_shown(value)}; it must be a list of at most 8 cell numbers")
        return list(value)

    def query(self) -> tuple[str, str | None, list[str]]:
        """game, setup and moves: the whole position, as every request carries it."""
        return (
            self.text("game", longest=200),
            self.optional_text("setup", longest=8192),
            self.texts("moves"),
        )


async def read_body(request: Request) -> Body:
    """The JSON object of a request. A Problem if it is anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "the content-type must be application/json")
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Problem(400, "the body is not JSON") from error
    if not isinstance(content, dict):
        raise refuse("the body must be a JSON object")
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise refuse("the body has half a character (a surrogate); it must be valid Unicode") from None
    return Body(content)


def _shown(value: Any) -> str:
    """A value as a short text for an error."""
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."
