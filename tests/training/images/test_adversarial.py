"""Attacks by hand: on a linear model everything is known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.images.adversarial import adversarial_loss, fgsm, pgd
from training.losses import classification_loss


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[1.0, -2.0, 0.5, -0.1], [-1.0, 2.0, -0.5, 0.1]]) / 100)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1) @ self.weight.T


IMAGES = torch.tensor([[100, 100, 100, 1], [0, 255, 50, 200]], dtype=torch.uint8).view(2, 1, 2, 2)
LABELS = torch.tensor([0, 1])


@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_a_linear_model_is_attacked_along_its_weights(attack) -> None:  # type: ignore[no-untyped-def]
    out = attack(Linear(), IMAGES, LABELS, 0.04).view(2, 4)  # 10.2 grey values
    assert torch.allclose(out[0], torch.tensor([89.8, 110.2, 89.8, 11.2]), atol=1e-3)
    assert torch.allclose(out[1], torch.tensor([10.2, 244.8, 60.2, 189.8]), atol=1e-3)


def test_nothing_leaves_the_range_or_the_reach() -> None:
    for epsilon in (0.01, 0.3):
        out = pgd(Linear(), IMAGES, LABELS, epsilon)
        assert out.min() >= 0
        assert out.max() <= 255
        assert (out - IMAGES).abs().max() <= 255 * epsilon + 1e-3


def test_hardened_training_sees_worse_pictures_and_leaves_no_gradient_behind() -> None:
    model, plain = Linear(), classification_loss()
    batch = {"image": IMAGES, "label": LABELS}
    torch.manual_seed(0)
    attacked, _ = adversarial_loss(plain, 0.1)(model, batch)
    assert attacked > plain(model, batch)[0]
    assert model.weight.grad is None
    attacked.backward()  # type: ignore[no-untyped-call]
    assert model.weight.grad is not None
