"""Schedules are values: a number that depends on how many samples have been trained on, never on the clock.

Knows constants, a linear warm-up, a cosine and steps. Does not know what the number is for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any

from agent.settings import Number, Range, Settings

Samples = Annotated[int, Range(0, 10**15)]


@dataclass(frozen=True)
class Schedule(Settings, called="schedule"):
    """``value`` throughout, unless a cosine or steps follow; in YAML a plain number means the same.

    Counts are in samples since training began. ``Schedule(0.02, warm_up=20_000, cosine=5_000_000, end=2e-4)``
    rises, then follows half a cosine (Loshchilov & Hutter 2017, one cycle); ``steps=((400_000, 2e-3),)`` drops as in
    AlphaZero.
    """

    value: Number  # the value without a cosine or steps, and the highest value with them
    _: KW_ONLY
    warm_up: Samples = 0  # samples of a linear rise that precedes `value`
    cosine: Samples = 0  # samples at which a cosine that starts after the warm-up reaches `end`; 0 = none
    end: Number = 0.0  # where the cosine ends, and stays
    steps: tuple[tuple[Samples, Number], ...] = ()  # (samples, value from there on), ascending

    def agree(self) -> None:
        if self.cosine and self.steps:
            raise ValueError("schedule.cosine and schedule.steps are both given: choose one")
        if self.cosine and self.cosine <= self.warm_up:
            raise ValueError(f"schedule.cosine is {self.cosine}: it must be more samples than warm_up, {self.warm_up}")
        at = [samples for samples, _ in self.steps]
        if any(later <= earlier for earlier, later in zip([0, *at], at, strict=False)):
            raise ValueError(f"schedule.steps are at {at}: they must be ascending numbers of samples above 0")

    def at(self, samples: int) -> float:
        """The value when ``samples`` samples have been seen."""
        if samples < self.warm_up:
            # The first update is not wasted on a zero: the rise begins one sample in.
            return self.value * (samples + 1) / self.warm_up
        if self.cosine:
            progress = min(1.0, (samples - self.warm_up) / (self.cosine - self.warm_up))
            return self.end + (self.value - self.end) * 0.5 * (1.0 + math.cos(math.pi * progress))
        value = self.value
        for start, later in self.steps:
            if samples >= start:
                value = later
        return value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Lets pydantic read the short form, too; a plain dict, so nothing needs to be imported."""
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": _expanded},
            "schema": handler(source),
        }


def parse_schedule(text: Any, field: str = "schedule") -> Schedule:
    """The schedule that a YAML value stands for: a number, or a mapping of ``Schedule``'s fields.

    Raises ValueError that names ``field`` and what would be right.
    """
    if isinstance(text, Schedule):
        return text
    fields = _expanded(text)
    known = [each.name for each in dataclasses.fields(Schedule)]
    if not isinstance(fields, Mapping) or "value" not in fields:
        raise ValueError(f"{field} is {text!r}: it must be a number, or a mapping with 'value' in it")
    for name in fields:
        if name not in known:
            raise ValueError(f"{field}.{name} is unknown: a schedule has {', '.join(known)}")
    try:
        return Schedule(
            _number(fields["value"]),
            warm_up=_count(fields.get("warm_up", 0)),
            cosine=_count(fields.get("cosine", 0)),
            end=_number(fields.get("end", 0.0)),
            steps=tuple((_count(samples), _number(value)) for samples, value in fields.get("steps", ())),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{field} is {text!r}: {error}") from error


def _expanded(value: Any) -> Any:
    if isinstance(value, str):  # YAML 1.1 reads 2e-4 as text
        with contextlib.suppress(ValueError):
            value = float(value)
    return {"value": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _count(value: Any) -> int:
    number = _number(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is not a whole number of samples")
    return int(number)
