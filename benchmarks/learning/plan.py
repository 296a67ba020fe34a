"""The plan of a screening: a game, a budget of work, seeds, and variants of the settings of a run.

    game: connect_four:rows=5,columns=6
    work: 20                  # of each run, in 10^12 operations of the networks (max_work)
    points: 4                 # the strength is measured after each quarter of the work
    seeds: [0, 1, 2]
    base: {network: {blocks: 3, channels: 32}}             # settings that all runs share
    variants:
      baseline: {}            # the first variant is the one that the others are compared with
      wide: {network: {channels: 48}}
      alphazero: {recipe: papers/alphazero}              # a paper's recipe at the scale of this work

Every run is deterministic: it follows from its settings and its seed on one machine, however busy that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.learning.paper_variants import paper_values
from games import make
from training.config import TrainConfig, merge_values, parse_config
from training.game_defaults import default_values
from training.yaml_files import read_yaml

SHARED: dict[str, Any] = {
    "deterministic": True,
    "max_minutes": 0.0,
    "engine": {"kind": "torch", "precision": "auto"},
    "checkpoint_steps": 400,
    "keep_checkpoints": 1,
    "grade_minutes": 0.0,
    "rating": {"every_minutes": 0.0},
}
"""What every run of the laboratory has; a plan may replace it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained and measured."""

    game: str
    work: float  # of each run, in 10^12 operations
    points: int = 4  # measurements of each run, at equal distances of work
    seeds: tuple[int, ...] = (0, 1, 2)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"baseline": {}})
    base: Mapping[str, Any] = field(default_factory=dict)
    simulations: int = 32  # for each move when the strength is measured
    stop_from: float = 0.5  # share of the work from which a variant that is clearly worse is stopped; above 1: never
    anchors: tuple[str, ...] = ("mcts:100", "random", "minimax:3")  # for a game without solved positions
    games: int = 40  # against each anchor, for a game without solved positions

    def __post_init__(self) -> None:
        for name, value, least in (("work", self.work, 0), ("points", self.points, 1), ("games", self.games, 2)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least or not value:
                raise ValueError(f"the plan's {name} is {value!r}: it must be a number above 0 and at least {least}")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"the plan's seeds are {list(self.seeds)}: give at least one, and each only once")
        for name in self.variants:
            if not re.fullmatch(r"[A-Za-z0-9_.+-]+", name):
                raise ValueError(f"the plan's variant {name!r} must be made of letters, digits, _, ., + and -")
        if not self.variants:
            raise ValueError("the plan has no variants: the first one is what the others are compared with")

    @property
    def baseline(self) -> str:
        """The variant that the others are compared with."""
        return next(iter(self.variants))

    def works(self) -> list[float]:
        """The work after which the strength is measured."""
        return [self.work * (i + 1) / self.points for i in range(self.points)]

    def config(self, variant: str, seed: int) -> TrainConfig:
        """The settings of one run. ValueError names a setting that does not exist or does not fit."""
        values = default_values(make(self.game))
        for more in (SHARED, self.base):
            values = merge_values(values, more)
        changes = dict(self.variants[variant])
        if "recipe" in changes:
            values = paper_values(changes.pop("recipe"), self.game, self.work, values)
        values = merge_values(values, changes)
        values |= {"game": self.game, "seed": seed, "max_work": self.work}
        try:
            config: TrainConfig = parse_config(values)
        except ValueError as error:
            raise ValueError(f"the variant {variant}: {error}") from error
        return config


def read_plan(path: Path) -> Plan:
    """The plan in a YAML file. ValueError says what is wrong."""
    values = read_yaml(path)
    known = Plan.__dataclass_fields__
    for name in values:
        if name not in known:
            raise ValueError(f"{path}: {name} is no entry of a plan; there are {', '.join(known)}")
    for name in ("game", "work"):
        if name not in values:
            raise ValueError(f"{path}: the plan has no {name}")
    for name in ("seeds", "anchors"):
        if name in values:
            values[name] = tuple(values[name])
    variants = values.get("variants") or {"baseline": {}}
    values["variants"] = {str(name): changes or {} for name, changes in variants.items()}
    return Plan(**values)
