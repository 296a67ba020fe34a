"""Loss functions: for self-play and for image classification. The Trainer is the same for both.

Knows the keys of each task's batches and the outputs of its models. Does not know optimisers or games. Values and
outcomes are from the viewpoint of the player to move.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax, one_hot

from training.auxiliary.losses import AuxiliaryConfig, auxiliary_losses
from training.trainer import Batch, LossFunction

MASKED = -1e9
"""The logit of an illegal action: a probability of exactly 0, yet finite, so that 0 times its logarithm is 0."""


def policy_value_loss(
    *, value_mix: float = 0.0, value_weight: float = 1.0, auxiliary: AuxiliaryConfig | None = None
) -> LossFunction:
    """The AlphaZero loss (Silver et al. 2018): cross-entropy of the policy + ``value_weight`` times the value loss.

    The value target is (1 - value_mix) * outcome + value_mix * root value. The model answers with ``.policy``, raw
    logits [B, A], and ``.value``: either [B, 3] logits of win, draw, loss (cross-entropy) or [B] in -1..1 (squared
    error). Weight decay belongs to the optimiser. ``auxiliary`` adds the losses of a network with auxiliary outputs.

    Batch: observation [B, C, H, W]; legal [B, A] bool; policy [B, A], 0 where illegal and of sum 1; outcome [B] in
    {-1, 0, 1}; root_value [B] in -1..1; weight [B] of the sample; policy_weight [B], 0 for a row without policy target.
    Each loss is a weighted mean over the rows that have a target.
    """
    if not 0 <= value_mix <= 1:
        raise ValueError(f"value_mix is {value_mix}: it must be from 0 (the outcome) to 1 (the root value)")
    if not 0 <= value_weight < float("inf"):
        raise ValueError(f"value_weight is {value_weight}: it must be 0 or more")

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        output = model(batch["observation"].float())
        weight = batch["weight"].float()  # [B]
        policy_weight = weight * batch["policy_weight"].float()  # [B]
        outcome = batch["outcome"].float()  # [B]
        root_value = batch["root_value"].float()  # [B]

        target = batch["policy"].float()  # [B, A]

        def masked(logits: Tensor) -> Tensor:
            return logits.float().masked_fill(~batch["legal"], MASKED)  # [B, A]

        logits = masked(output.policy)
        log_policy = log_softmax(logits, dim=1)  # [B, A]
        policy_loss = _mean(-(target * log_policy).sum(1), policy_weight)

        if output.value.ndim == 2:
            target_wdl = (1 - value_mix) * wdl_of_outcome(outcome) + value_mix * wdl_of_value(root_value)  # [B, 3]
            log_wdl = log_softmax(output.value.float(), dim=1)  # [B, 3]
            value_loss = _mean(-(target_wdl * log_wdl).sum(1), weight)
            value = log_wdl.exp()[:, 0] - log_wdl.exp()[:, 2]  # [B]
        else:
            value = output.value.float()  # [B]
            value_loss = _mean((value - (1 - value_mix) * outcome - value_mix * root_value).square(), weight)

        total = policy_loss + value_weight * value_loss
        more: dict[str, Tensor] = {}
        if auxiliary is not None and auxiliary.targets:
            for name, part in auxiliary_losses(output.auxiliary, masked, batch, auxiliary, _mean).items():
                more[f"{name}_loss"] = part
                total = total + getattr(auxiliary, name) * part
        with torch.no_grad():
            metrics = more | {
                "loss": total,
                "policy_loss": policy_loss,
                "value_loss": value_loss,
                # The entropy of the target: policy_loss minus this is the KL divergence that training can reduce.
                "policy_entropy": _mean(-torch.special.xlogy(target, target).sum(1), policy_weight),
                "network_entropy": _mean(-(log_policy.exp() * log_policy).sum(1), policy_weight),
                "policy_accuracy": _mean((logits.argmax(1) == target.argmax(1)).float(), policy_weight),
                # The mean squared error against the outcome: comparable between value heads and between value_mix.
                "value_error": _mean((value - outcome).square(), weight),
            }
        return total, {name: metric.detach() for name, metric in metrics.items()}

    return loss


def classification_loss(*, label_smoothing: float = 0.0) -> LossFunction:
    """Cross-entropy of class logits [B, K] with ``label_smoothing`` (Szegedy et al. 2016).

    Batch: image [B, C, H, W]; label [B] int64 in 0..K-1, or [B, K] probabilities.
    """
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing is {label_smoothing}: it must be from 0 to below 1")

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        logits = model(batch["image"].float()).float()  # [B, K]
        label = batch["label"]  # [B] or [B, K]
        total = cross_entropy(logits, label, label_smoothing=label_smoothing)
        true_class = label if label.ndim == 1 else label.argmax(1)
        accuracy = (logits.argmax(1) == true_class).float().mean()
        return total, {"loss": total.detach(), "accuracy": accuracy}

    return loss


def neuron_loss() -> LossFunction:
    """Half the summed squared error of logistic neurons p = 1 / (1 + exp(-h)).

    The model returns h [B, K]: one neuron for each class, or K = 1, a single neuron whose label is 0 or 1. The error is
    also summed over the batch, so that gradient descent with rate r is w -= r * sum((p - y) p (1 - p) x). Batch: image
    [B, C, H, W]; label [B] int64, or [B, K] probabilities.
    """

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        h = model(batch["image"].float()).float()  # [B, K]
        label = batch["label"]
        if h.shape[1] == 1:
            target = label.float().view(-1, 1)
            correct = (h > 0) == (target > 0.5)
        else:
            target = label.float() if label.ndim == 2 else one_hot(label, h.shape[1]).float()
            correct = h.argmax(1) == target.argmax(1)
        total = 0.5 * (torch.sigmoid(h) - target).square().sum()
        return total, {"loss": total.detach(), "accuracy": correct.float().mean()}

    return loss


def wdl_of_outcome(outcome: Tensor) -> Tensor:
    """Outcomes [B] in {-1, 0, 1} as probabilities of win, draw and loss [B, 3], each 0 or 1."""
    return torch.stack([outcome.clamp(min=0), 1 - outcome.abs(), (-outcome).clamp(min=0)], dim=1)


def wdl_of_value(value: Tensor) -> Tensor:
    """Values [B] in -1..1 as probabilities of win, draw and loss [B, 3] with that expected value, without draws."""
    return torch.stack([(1 + value) / 2, torch.zeros_like(value), (1 - value) / 2], dim=1)


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """The weighted mean of values [B]; 0 when all weights are 0."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-8)
