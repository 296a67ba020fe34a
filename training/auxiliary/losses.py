"""Auxiliary targets: what a network learns besides policy and value, so that each position teaches it more.

They are KataGo's (Wu 2019, and the pages of its repository): a softer policy, the opponent's reply, the value in a few
plies; and the number of plies left, as lc0's. Only training uses these outputs; self-play and players do not have them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from agent.settings import Number, PositiveNumber, Range, Settings
from training.trainer import Batch

POLICY_TARGETS = ("soft_policy", "reply")
VALUE_TARGETS = ("plies_left", "short_value")


@dataclass(frozen=True, kw_only=True)
class AuxiliaryConfig(Settings, called="learn.auxiliary"):
    """The policy loss has weight 1. The network has no output for a loss of weight 0."""

    soft_policy: Number = 0.0  # weight of predicting the search policy at soft_temperature; KataGo uses 8
    soft_temperature: PositiveNumber = (
        4.0  # probabilities of the soft policy are those of the search to the power of 1 / this
    )
    reply: Number = 0.0  # weight of predicting the search policy of the next position; KataGo uses 0.15
    plies_left: Number = 0.0  # weight of predicting how many plies are left, as a share of the longest game
    short_value: Number = 0.0  # weight of predicting the search value in the next plies
    horizon: Annotated[float, Range(1, 1e6)] = 6.0  # plies that short_value looks ahead on average

    @property
    def targets(self) -> list[str]:
        """The targets with a weight, in the order of the network's auxiliary outputs."""
        return [name for name in (*POLICY_TARGETS, *VALUE_TARGETS) if getattr(self, name) > 0]


Mean = Callable[[Tensor, Tensor], Tensor]


def auxiliary_losses(
    output: Tensor, masked_logits: Callable[[Tensor], Tensor], batch: Batch, config: AuxiliaryConfig, mean: Mean
) -> dict[str, Tensor]:
    """{target: loss} of the auxiliary outputs [B, K], which stand side by side in the order of ``config.targets``.

    ``masked_logits`` masks illegal actions [B, A]; ``mean`` is the weighted mean of values [B]. Batch, besides what
    ``policy_value_loss`` reads: reply [B, A], 0 where reply_weight [B] is 0; plies_left [B] in 0..1; short_value [B] in
    -1..1.
    """
    weight, legal = batch["weight"].float(), batch["legal"]
    num_actions = legal.shape[1]
    sizes = [num_actions if name in POLICY_TARGETS else 1 for name in config.targets]
    losses: dict[str, Tensor] = {}
    for name, part in zip(config.targets, torch.split(output.float(), sizes, dim=1), strict=True):
        if name == "soft_policy":
            target = soften(batch["policy"].float(), legal, config.soft_temperature)
            log_policy = log_softmax(masked_logits(part), dim=1)
            losses[name] = mean(-(target * log_policy).sum(1), weight * batch["policy_weight"].float())
        elif name == "reply":
            error = -(batch["reply"].float() * log_softmax(part, dim=1)).sum(1)
            losses[name] = mean(error, weight * batch["reply_weight"].float())
        else:
            losses[name] = mean((part[:, 0] - batch[name].float()).square(), weight)
    return losses


def soften(policy: Tensor, legal: Tensor, temperature: float) -> Tensor:
    """``policy`` [B, A] at a temperature, over the ``legal`` actions [B, A]."""
    powers = torch.where(legal, (policy + 1e-7).pow(1 / temperature), torch.zeros_like(policy))
    return powers / powers.sum(1, keepdim=True)
