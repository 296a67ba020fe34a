"""Adversarial examples: pictures changed by so little that nobody would say otherwise, but the classifier does.

Knows gradients of a loss by pixels in 0..255. Does not know data sets or who trains. FGSM: Goodfellow et al. 2015; PGD:
Madry et al. 2018; training against FGSM from a random start: Wong et al. 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.trainer import Batch, LossFunction

PGD_STEPS = 10


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """``images`` [B, C, H, W] of 0..255 with each pixel moved by 255 ``epsilon`` to where the loss grows."""
    return _ascend(model, images.float(), images.float(), labels, 255 * epsilon, 255 * epsilon)


def pgd(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, steps: int = PGD_STEPS) -> Tensor:
    """``steps`` smaller moves from a random start, never farther than 255 ``epsilon`` from ``images``."""
    origin, reach = images.float(), 255 * epsilon
    moved = (origin + (2 * torch.rand_like(origin) - 1) * reach).clamp(0, 255)
    for _ in range(steps):
        moved = _ascend(model, moved, origin, labels, 2.5 * reach / steps, reach)
    return moved


ATTACKS = {"fgsm": fgsm, "pgd": pgd}


def adversarial_loss(loss_fn: LossFunction, epsilon: float) -> LossFunction:
    """``loss_fn`` on pictures that FGSM has changed from a random start: training against attacks.

    Batch: image [B, C, H, W] in 0..255; label [B] or chances [B, K]; what else ``loss_fn`` wants.
    """

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        origin, reach = batch["image"].float(), 255 * epsilon
        start = (origin + (2 * torch.rand_like(origin) - 1) * reach).clamp(0, 255)
        attacked = _ascend(model, start, origin, batch["label"], 1.25 * reach, reach)
        return loss_fn(model, {**batch, "image": attacked})

    return loss


def _ascend(model: nn.Module, at: Tensor, origin: Tensor, labels: Tensor, move: float, reach: float) -> Tensor:
    at = at.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(cross_entropy(model(at).float(), labels), at)
    moved = at.detach() + move * slope.sign()
    return torch.clamp(torch.minimum(torch.maximum(moved, origin - reach), origin + reach), 0, 255)
