"""Muon for the kernels of convolutions, AdamW for all other parameters.

Muon (Jordan et al. 2024) replaces the momentum of a matrix by the nearest orthogonal matrix, so that all directions
learn equally fast. A kernel [out, in, h, w] is taken as a matrix [out, in * h * w]. Its updates are scaled to the size
of AdamW's (Liu et al. 2025), so that one learning rate and one weight decay fit both. ``torch.optim.Muon`` takes
matrices only and no other parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalize(matrix: Tensor) -> Tensor:
    """About the nearest orthogonal matrix, by Newton-Schulz iterations: singular values of 0.7 to 1.2."""
    a, b, c = COEFFICIENTS
    x = matrix.float()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    result: Tensor = x if wide else x.T
    return result


class Muon(torch.optim.Optimizer):
    """One optimiser for all parameters of a network with convolutions."""

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        """``momentum`` is Muon's (Nesterov's), ``betas`` and ``eps`` are AdamW's."""
        defaults = {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps, "weight_decay": 0.0}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step with the gradients of the parameters."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                update = self._muon(parameter, group) if parameter.ndim == 4 else self._adam(parameter, group)
                parameter.sub_(group["lr"] * update)
        return loss

    def _muon(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        momentum = group["momentum"]
        state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        matrix = gradient.lerp(state["momentum_buffer"], momentum).flatten(1)
        scale = 0.2 * math.sqrt(max(matrix.shape))  # an orthogonal matrix times this has AdamW's usual size
        return (scale * orthogonalize(matrix)).view(parameter.shape)

    def _adam(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        first, second = group["betas"]
        state["exp_avg"].lerp_(gradient, 1 - first)
        state["exp_avg_sq"].lerp_(gradient.square(), 1 - second)
        count = state["step"].item()
        mean = state["exp_avg"] / (1 - first**count)
        deviation = (state["exp_avg_sq"] / (1 - second**count)).sqrt()
        return mean / (deviation + group["eps"])  # type: ignore[no-any-return]
