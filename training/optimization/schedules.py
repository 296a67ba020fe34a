"""The learning rate: a schedule over training samples, times a scale that follows the progress of the run.

The schedule is part of the trainer's configuration. The scale is what a run adds, because only the run knows when it
will end: self-play runs cool down, image classification runs go through one cycle. ``TrainingRun.train_step`` in
``training/training_run.py`` multiplies the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from agent.settings import Number, Range, Settings

Samples = Annotated[int, Range(0, 10**15)]


@dataclass(frozen=True)
class Schedule(Settings, called="schedule"):
    """A constant ``value``, unless a cosine or steps change it. In YAML a plain number is a constant schedule.

    Positions are counted in training samples since the run began, never in seconds.
    ``Schedule(0.02, warm_up=20_000, cosine=5_000_000, end=2e-4)`` rises linearly and then falls along half a cosine
    (Loshchilov & Hutter 2017). ``steps=((400_000, 2e-3),)`` drops to a new value at a given sample, as AlphaZero does.
    """

    number_field: ClassVar[str] = "value"
    value: Number  # the value without a cosine or steps, and the highest value with them
    _: KW_ONLY
    warm_up: Samples = 0  # length of a linear rise to `value`, in samples
    cosine: Samples = 0  # position where a cosine that starts after the warm-up reaches `end`, in samples; 0: no cosine
    end: Number = 0.0  # the value at the end of the cosine and after it
    steps: tuple[tuple[Samples, Number], ...] = ()  # (position in samples, value from there on), ascending

    def agree(self) -> None:
        """ValueError for fields that contradict each other."""
        if self.cosine and self.steps:
            raise ValueError("schedule.cosine and schedule.steps are both given: choose one")
        if self.cosine and self.cosine <= self.warm_up:
            raise ValueError(f"schedule.cosine is {self.cosine}: it must be more samples than warm_up, {self.warm_up}")
        at = [samples for samples, _ in self.steps]
        if any(later <= earlier for earlier, later in zip([0, *at], at, strict=False)):
            raise ValueError(f"schedule.steps are at {at}: they must be ascending numbers of samples above 0")

    def at(self, samples: int) -> float:
        """The value after ``samples`` training samples."""
        if samples < self.warm_up:
            # The rise begins at one sample, not at zero: an update with a learning rate of 0 would be wasted.
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
        """Lets pydantic read a plain number, too. The schema is a plain dict, so that pydantic is not imported here."""
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": _expand},
            "schema": handler(source),
        }


def _expand(value: Any) -> Any:
    """The mapping that one number stands for; anything else as it is."""
    return {"value": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def cooldown_scale(progress: float, share: float) -> float:
    """The scale of a self-play run: 1, then a linear fall to 0.1 over the last ``share`` of the run.

    ``progress`` is how much of the run is done, from 0 to 1.
    """
    left = 1 - progress
    return 1.0 if left >= share else 0.1 + 0.9 * left / share


def drops_scale(progress: float, drops: Sequence[tuple[float, float]]) -> float:
    """The scale of a learning rate that drops, as those of AlphaGo Zero and AlphaZero: 1 before the first drop.

    ``progress`` is how much of the run is done, from 0 to 1; ``drops`` are (progress, scale from there on), ascending.
    """
    return next((scale for start, scale in reversed(drops) if progress >= start), 1.0)


def one_cycle_scale(progress: float, warm_up: float) -> float:
    """The scale of one cycle (Smith & Topin 2019): a linear rise to 1, then half a cosine down to nearly 0.

    ``progress`` is how much of the run is done, and ``warm_up`` the share of the run that the rise takes, both from 0
    to 1. The scale is never 0: a step with a learning rate of 0 would be wasted.
    """
    if progress < warm_up:
        return max(progress / warm_up, 0.01)
    return max(0.5 + 0.5 * float(np.cos(np.pi * (progress - warm_up) / (1 - warm_up))), 1e-3)
