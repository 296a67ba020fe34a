"""The progress report of a run: its counters, speeds, losses and grades, a few times a minute.

The run fills the report; the live view, the metrics and the HTML report read it.
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
"""The weight of the newest step in the moving average of the losses."""

METHOD_TITLES = {"raw": "network only", "search": "with search"}
"""What people read of the method that chose the moves, by its key in the names of mistake rates."""

STAGES = {"begin": "opening", "middle": "middle-game", "end": "endgame"}
"""What people read of the stage of a game, by its key in the names of position sets."""


def set_title(name: str) -> str:
    """The readable name of a set of solved positions or pictures: "middle_easy" is "easy middle-game positions"."""
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
    return f"mistakes on {set_title(rate.set_name)}, {METHOD_TITLES.get(rate.how, rate.how)}"


@dataclass
class ProgressReport:
    """Where a run stands. Speeds are averages over about the last half minute."""

    step: int = 0  # of the trainer
    games: int = 0  # finished by self-play
    samples: int = 0  # positions that self-play has made
    trained: int = 0  # samples that the learner has trained on, counted with repetition
    minutes: float = 0.0  # of wall time, every start of the run together
    work: float = 0.0  # of the networks, in 10^12 operations; 0 in a run whose work is not limited
    progress: float = 0.0  # how much of the run is done, 0 to 1
    window: int = 0  # samples in the replay buffer
    version: int = 0  # the step whose weights self-play uses
    games_per_second: float = 0.0
    moves_per_second: float = 0.0
    simulations_per_second: float = 0.0
    evaluations_per_second: float = 0.0
    trained_per_second: float = 0.0
    cache_hits: float = 0.0  # share of evaluations that the cache answered
    rows_per_call: float = 0.0  # positions that the network evaluates at once
    losses: dict[str, float] = field(default_factory=dict)  # moving averages of the trainer's metrics
    grades: dict[str, float] = field(default_factory=dict)  # mistake rates on solved positions, or accuracies
    by_class: dict[str, float] = field(default_factory=dict)  # mistake rates of each class of positions
    ratings: list[RatedCheckpoint] = field(default_factory=list)  # of checkpoints, by step
    notes: list[str] = field(default_factory=list)  # sentences for people that have not been shown yet

    def smooth(self, losses: dict[str, float]) -> None:
        """Add the losses of one more step to the moving averages."""
        for name, value in losses.items():
            old = self.losses.get(name, value)
            self.losses[name] = old + SMOOTHING * (value - old)

    def numbers(self) -> dict[str, float]:
        """The report as one flat record of metrics, without the step, which every record has anyway."""
        names = [name for name, value in vars(self).items() if name != "step" and isinstance(value, int | float)]
        plain = {name: float(getattr(self, name)) for name in names}
        return plain | self.losses | self.grades | self.by_class

    def set_grades(self, rates: dict[str, float]) -> None:
        """Set new mistake rates, of whole sets and of classes of positions."""
        self.grades = {name: rate for name, rate in rates.items() if not name.startswith(BY_CLASS)}
        self.by_class = {name: rate for name, rate in rates.items() if name.startswith(BY_CLASS)}

    def rating(self) -> dict[str, float]:
        """The newest rating as a flat record, with the step of its checkpoint, which is earlier than ``step``."""
        return {"elo_step": float(self.ratings[-1].step)} | self.ratings[-1].metrics() if self.ratings else {}


class Rates:
    """How fast counters grow per second: an exponential average over about ``seconds``, because games end in bursts."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self._counts: dict[str, float] = {}
        self._time = time.monotonic()
        self._duration = 0.0  # weighted seconds behind ``_increases``
        self._increases: dict[str, float] = {}

    def skip_to(self, counts: dict[str, float]) -> None:
        """Leave out what happened since the last update: neither the increases nor the time are counted."""
        self._counts, self._time = dict(counts), time.monotonic()

    def update(self, counts: dict[str, float]) -> dict[str, float]:
        """The rates now; the longer ago something happened, the less it counts."""
        elapsed = max(time.monotonic() - self._time, 1e-9)
        decay = math.exp(-elapsed / self.seconds)
        self._duration = decay * self._duration + elapsed
        for name, count in counts.items():
            self._increases[name] = decay * self._increases.get(name, 0.0) + count - self._counts.get(name, 0.0)
        self.skip_to(counts)
        return {name: increase / self._duration for name, increase in self._increases.items()}
