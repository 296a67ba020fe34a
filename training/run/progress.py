"""What a run says of itself, a few times a minute.

Knows names, smoothing and rates. Does not know the run, nor who reads the reports.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from training.evaluation.solved_positions import BY_CLASS, MISTAKES, split_rate_name

if TYPE_CHECKING:
    from training.evaluation.rating_curve import RatedCheckpoint

SMOOTHING = 0.05


HOW = {"raw": "network only", "search": "with search"}
"""How the moves were chosen whose mistakes are counted, by the key in the names of rates, as people read it."""

STAGES = {"begin": "opening", "middle": "middle-game", "end": "endgame"}


def set_title(name: str) -> str:
    """What people read of a set of solved positions, or of pictures: "middle_easy" is "easy middle-game positions"."""
    stage, _, level = name.partition("_")
    if stage in STAGES and level:
        return f"{level.replace('_', ' ')} {STAGES[stage]} positions"
    text = name.replace("_", " ")
    return text if text.endswith(("positions", "pictures")) else f"{text} positions"


def grade_title(name: str) -> str:
    """What people read of a rate: "mistakes/all/raw" is "mistakes on all positions, network only"."""
    if not name.startswith(MISTAKES):
        return name.replace("_", " ")
    rate = split_rate_name(name)
    return f"mistakes on {set_title(rate.set_name)}, {HOW.get(rate.how, rate.how)}"


@dataclass
class ProgressReport:
    """Where a run stands. Rates are a second, over the last half minute or so."""

    step: int = 0
    games: int = 0
    samples: int = 0
    trained: int = 0
    minutes: float = 0.0
    progress: float = 0.0  # 0 to 1
    window: int = 0
    version: int = 0
    games_per_second: float = 0.0
    moves_per_second: float = 0.0
    simulations_per_second: float = 0.0
    evaluations_per_second: float = 0.0
    trained_per_second: float = 0.0
    cache_hits: float = 0.0  # share of simulations that met the cache
    rows_per_call: float = 0.0  # positions that the network judges at once
    losses: dict[str, float] = field(default_factory=dict)
    grades: dict[str, float] = field(default_factory=dict)
    by_class: dict[str, float] = field(default_factory=dict)  # the same, apart for each class of positions
    ratings: list[RatedCheckpoint] = field(default_factory=list)  # of checkpoints, by step
    notes: list[str] = field(default_factory=list)

    def smooth(self, losses: dict[str, float]) -> None:
        """Let the losses of one more step in."""
        for name, value in losses.items():
            old = self.losses.get(name, value)
            self.losses[name] = old + SMOOTHING * (value - old)

    def numbers(self) -> dict[str, float]:
        """All of it but the step, which a record has by itself, as one flat record."""
        names = [name for name, value in vars(self).items() if name != "step" and isinstance(value, int | float)]
        plain = {name: float(getattr(self, name)) for name in names}
        return plain | self.losses | self.grades | self.by_class

    def graded(self, rates: dict[str, float]) -> None:
        """New rates of mistakes, of whole sets and of classes."""
        self.grades = {name: rate for name, rate in rates.items() if not name.startswith(BY_CLASS)}
        self.by_class = {name: rate for name, rate in rates.items() if name.startswith(BY_CLASS)}

    def rating(self) -> dict[str, float]:
        """The newest rating as a flat record: of an earlier step than now, which it names."""
        return {"elo_step": float(self.ratings[-1].step)} | self.ratings[-1].metrics() if self.ratings else {}


class Rates:
    """Differences of counters by the second, over about the last ``seconds``: games come in bursts."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self.last: dict[str, float] = {}
        self.when = time.monotonic()
        self.span = 0.0
        self.sums: dict[str, float] = {}

    def mark(self, counts: dict[str, float]) -> None:
        """Count from here: what happened since the last look is not counted."""
        self.last, self.when = dict(counts), time.monotonic()

    def look(self, counts: dict[str, float]) -> dict[str, float]:
        """The rates now; what happened longer ago counts less and less."""
        span = max(time.monotonic() - self.when, 1e-9)
        kept = math.exp(-span / self.seconds)
        self.span = kept * self.span + span
        for name, value in counts.items():
            self.sums[name] = kept * self.sums.get(name, 0.0) + value - self.last.get(name, 0.0)
        self.mark(counts)
        return {name: total / self.span for name, total in self.sums.items()}
