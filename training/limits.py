"""The limits of a self-play run: how much of them is used up, and which one ends the run.

Work is counted in operations of the networks, so that machines of different speeds train equally long. A training step
costs three forward passes: one forward, and two for the gradients of the inputs and of the weights.
"""

from __future__ import annotations

from typing import NamedTuple

from training.config import TrainConfig
from training.optimization.schedules import cooldown_scale, drops_scale, one_cycle_scale

TRAINING_PASSES = 3
"""The cost of training on a sample, in forward passes."""


class Spent(NamedTuple):
    """What a run has spent so far, in all its starts together."""

    samples: int  # that self-play has made
    minutes: float
    work: float  # 10^12 operations


def count_work(flops: int, evaluations: int, trained: int) -> float:
    """10^12 operations of self-play's ``evaluations`` and of ``trained`` samples; ``flops`` is one forward pass."""
    return flops * (evaluations + TRAINING_PASSES * trained) / 1e12


def progress(config: TrainConfig, spent: Spent) -> float:
    """How much of the run is done, from 0 to 1: a deterministic run does not count minutes."""
    shares = [0.0]
    if config.max_samples:
        shares.append(spent.samples / config.max_samples)
    if config.max_work:
        shares.append(spent.work / config.max_work)
    if config.max_minutes and not config.deterministic:
        shares.append(spent.minutes / config.max_minutes)
    return min(1.0, max(shares))


def limit_reached(config: TrainConfig, spent: Spent, *, learner_is_behind: bool) -> str:
    """The limit that ends the run, in words for people; empty before it is reached.

    A deterministic run of ``max_samples`` goes on while its learner is behind.
    """
    if 0 < config.max_samples <= spent.samples:
        waits = config.deterministic and learner_is_behind
        return "" if waits else f"max_samples {config.max_samples}"
    if 0 < config.max_work <= spent.work:
        return f"max_work {config.max_work:g}"
    return f"max_minutes {config.max_minutes:g}" if 0 < config.max_minutes <= spent.minutes else ""


def learning_rate_scale(config: TrainConfig, progress: float) -> float:
    """What the learning rate is multiplied by, as ``learn.schedule`` says, by the ``progress`` of the run."""
    if config.learn.schedule == "one_cycle":
        return one_cycle_scale(progress, config.learn.warm_up)
    if config.learn.schedule == "drops":
        return drops_scale(progress, config.learn.drops)
    return cooldown_scale(progress, config.learn.cooldown)
