"""Muon: its updates are nearly orthogonal and agree with torch's; everything but kernels is AdamW's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.optimization.muon import Muon, orthogonalize


@pytest.mark.parametrize("shape", [(8, 8), (16, 72), (40, 9)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    found = torch.linalg.svdvals(orthogonalize(torch.randn(shape)))
    assert found.min() > 0.6
    assert found.max() < 1.3


def test_a_kernel_moves_as_torchs_muon_moves_its_matrix() -> None:
    torch.manual_seed(2)
    kernel = nn.Parameter(torch.randn(8, 4, 3, 3))
    matrix = nn.Parameter(kernel.detach().flatten(1).clone())
    ours = Muon([{"params": [kernel], "weight_decay": 0.1}], lr=0.02, momentum=0.9)
    theirs = torch.optim.Muon([matrix], lr=0.02, weight_decay=0.1, momentum=0.9, adjust_lr_fn="match_rms_adamw")
    before = kernel.detach().clone()
    for _ in range(4):
        gradient = torch.randn(8, 36)
        kernel.grad, matrix.grad = gradient.view_as(kernel).clone(), gradient.clone()
        ours.step()
        theirs.step()
    moved = (kernel - before).flatten(1)
    assert (kernel.flatten(1) - matrix).norm() < 0.05 * moved.norm()  # torch's iterations are in bf16


def test_other_parameters_move_as_with_adamw() -> None:
    torch.manual_seed(3)
    one, other = (nn.Parameter(torch.ones(5, 3)) for _ in range(2))
    ours = Muon([{"params": [one], "weight_decay": 0.1}], lr=0.01, betas=(0.8, 0.95))
    theirs = torch.optim.AdamW([other], lr=0.01, betas=(0.8, 0.95), weight_decay=0.1)
    for _ in range(5):
        one.grad = torch.randn(5, 3)
        other.grad = one.grad.clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
