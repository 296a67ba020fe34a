"""A paper's recipe as a variant of a plan: at the scale whose whole run costs the plan's work.

Knows recipes and how much work their networks do. Does not know what the other variants change.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from agent.networks.policy_value import NetworkConfig, PolicyValueNet, num_flops
from games import make
from honte.recipes import recipe
from training.config import merge_values, parse_config
from training.limits import count_work

SMALLEST = 1e-9
STEPS = 40
"""Halvings of the interval in which the scale is looked for, on a logarithmic axis."""


@cache
def scale_of_work(name: str, game: str, work: float) -> float:
    """The scale of the recipe ``name`` at which its run costs about ``work``, in 10^12 operations.

    Each simulation counts as one evaluation, although the cache and the ends of games save some.
    """
    low, high = SMALLEST, 1.0
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if expected_work(recipe(name, game, middle)) < work else (low, middle)
    return float(f"{low:.3g}")


def expected_work(values: Mapping[str, Any]) -> float:
    """10^12 operations of the networks in the whole run of a recipe."""
    config = parse_config(values)
    samples, search = config.max_samples, config.self_play.search
    evaluations = samples * (search.num_simulations + 1)
    return count_work(flops(config.network, config.game), evaluations, round(samples * config.learn.reuse))


@cache
def flops(network: NetworkConfig, game: str) -> int:
    """Operations of one forward pass."""
    rules = make(game)
    return num_flops(PolicyValueNet(network, rules.observation_shape, rules.action_layout), rules.observation_shape)


def paper_values(name: str, game: str, work: float, shared: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the recipe ``name`` for a run of ``work``.

    Of the plan's ``shared`` values they take what is not learning: how the network is run, measured and stored. Weights
    are published as often as the recipe says, which is once after each quantum in a deterministic run.
    """
    values = recipe(name, game, scale_of_work(name, game, work)) | {"max_samples": 0}
    learn = values["learn"]
    values["self_play"]["quantum"] = round(learn["publish_steps"] * learn["batch_size"] / learn["reuse"])
    not_learning = {key: value for key, value in shared.items() if key not in ("network", "self_play", "learn")}
    return merge_values(values, not_learning)
