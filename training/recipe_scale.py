"""A recipe at a smaller scale: which of its numbers shrink, and by which law.

The scale S is the share of the recipe's self-play positions. What a position costs shrinks as well, or a run of a
thousandth of the positions would still need a large machine: the simulations by S^(1/4), and the operations of the
network by S^(1/2). What makes the algorithm (rules, noise, temperature, gate, shares) is never changed.
Knows settings by their names. Does not know any recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from agent.settings import check_values
from training.config import TrainConfig


class Law(NamedTuple):
    """How a whole number of a recipe shrinks: it is multiplied by S^exponent, and rounded."""

    exponent: float
    least: int = 1  # it does not fall below this, unless it was lower before
    multiple: int = 1  # it stays a multiple of this


LAWS = {
    "max_samples": Law(1, least=1000),
    "learn.window.start": Law(1, least=1000),
    "learn.first_samples": Law(1, least=100),
    "learn.batch_size": Law(1 / 2, least=32, multiple=8),
    "learn.gate.games": Law(1 / 2, least=10, multiple=2),
    "self_play.num_games": Law(1 / 2, least=32),
    "learn.publish_steps": Law(1 / 4, least=10),
    "self_play.search.num_simulations": Law(1 / 4, least=16),
    "network.blocks": Law(1 / 6),
    "network.channels": Law(1 / 6, least=16, multiple=8),
}
"""Settings by their dotted names. docs/learning.md says why these exponents."""

RATE = "learn.trainer.learning_rate"


def scale_recipe(values: Mapping[str, Any], scale: float) -> dict[str, Any]:
    """The nested ``values`` of a recipe at the ``scale``, above 0 and at most 1; settings that it lacks stay away.

    The learning rate is multiplied by the square root of the factor of the batch, so that the noise of a step stays as
    large (Krizhevsky 2014). ValueError for a scale or values that do not fit.
    """
    if not 0 < scale <= 1:
        raise ValueError(f"the scale is {scale:g}: it must be above 0 and at most 1, the scale of the recipe itself")
    scaled = deepcopy(dict(values))
    if scale == 1:
        return scaled
    check_values(scaled, TrainConfig, whole=False)
    for name, law in LAWS.items():
        group, key = _find(scaled, name)
        if group.get(key):
            group[key] = _shrink(group[key], scale, law)
    group, key = _find(scaled, RATE)
    batch = values.get("learn", {}).get("batch_size")
    if key in group and batch:
        if not isinstance(group[key], int | float):
            raise ValueError(f"{RATE} must be one number in a recipe that is scaled")
        group[key] = float(f"{group[key] * (scaled['learn']['batch_size'] / batch) ** 0.5:.3g}")
    return scaled


def _shrink(number: int, scale: float, law: Law) -> int:
    rounded: int = law.multiple * round(number * scale**law.exponent / law.multiple)
    return min(number, max(law.least, rounded))


def _find(values: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """The group that holds the setting ``name``, empty where the recipe lacks it, and its name there."""
    *groups, key = name.split(".")
    for group in groups:
        values = values.get(group, {})
    return values, key
