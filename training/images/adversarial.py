"""Adversarial examples: small changes of pictures, hardly visible for people, that mislead a classifier.

FGSM: Goodfellow et al. 2015; PGD: Madry et al. 2018; adversarial training by FGSM from a random start: Wong et al.
2020. Pixels are from 0 to 255.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.trainer import Batch, LossFunction

PGD_STEPS = 10


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """``images`` [B, C, H, W] with each pixel changed by 255 ``epsilon`` in the direction that increases the loss."""
    return _ascend(model, images.float(), images.float(), labels, 255 * epsilon, 255 * epsilon)


def pgd(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, steps: int = PGD_STEPS) -> Tensor:
    """``steps`` smaller changes from a random start; no pixel gets farther than 255 ``epsilon`` from ``images``."""
    origin, radius = images.float(), 255 * epsilon
    moved = (origin + (2 * torch.rand_like(origin) - 1) * radius).clamp(0, 255)
    for _ in range(steps):
        moved = _ascend(model, moved, origin, labels, 2.5 * radius / steps, radius)
    return moved


ATTACKS = {"fgsm": fgsm, "pgd": pgd}


def adversarial_loss(loss_fn: LossFunction, epsilon: float) -> LossFunction:
    """Adversarial training: ``loss_fn`` on pictures that FGSM has changed from a random start.

    Batch: image [B, C, H, W] in 0..255; label [B] or probabilities [B, K]; and what ``loss_fn`` needs besides.
    """

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        origin, radius = batch["image"].float(), 255 * epsilon
        start = (origin + (2 * torch.rand_like(origin) - 1) * radius).clamp(0, 255)
        attacked = _ascend(model, start, origin, batch["label"], 1.25 * radius, radius)
        return loss_fn(model, {**batch, "image": attacked})

    return loss


def _ascend(
    model: nn.Module, images: Tensor, origin: Tensor, labels: Tensor, step_size: float, radius: float
) -> Tensor:
    """One step of gradient ascent on the loss, within ``radius`` of ``origin`` and from 0 to 255."""
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(cross_entropy(model(images).float(), labels), images)
    moved = images.detach() + step_size * gradient.sign()
    return torch.clamp(torch.minimum(torch.maximum(moved, origin - radius), origin + radius), 0, 255)
