"""The Trainer: optimiser steps on any model and any loss.

Knows optimisers, precision, the average of the weights, and what to do when numbers are not finite. Does not know what
the model is for, where batches come from or where its state is saved: image classification and policy-value learning
differ only in the loss function.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from agent.settings import BelowOne, Number, Positive, Settings
from training.optimization.bf16_hardware import has_fast_bf16
from training.optimization.muon import Muon
from training.optimization.schedules import Schedule

Batch = Mapping[str, Tensor]
LossFunction = Callable[[nn.Module, Batch], tuple[Tensor, dict[str, Tensor]]]
"""(model, batch) -> the loss to minimise, and detached scalars to report."""

_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
_COUNTERS = ("steps", "samples_seen", "skipped", "skipped_in_row")


class TrainingDiverged(RuntimeError):
    """The loss or the gradient was not finite in too many steps in a row."""


@dataclass(frozen=True, kw_only=True)
class TrainerConfig(Settings, called="trainer"):
    """How to optimise. The schedule of the learning rate counts training samples."""

    optimizer: Literal["adamw", "sgd", "muon"] = "adamw"  # SGD has momentum; muon: Muon for convolutions, else AdamW
    learning_rate: Schedule = field(default_factory=lambda: Schedule(1e-3))
    weight_decay: Number = 1e-4  # decoupled for adamw and muon, L2 for sgd; not on biases and parameters of norms
    momentum: BelowOne = 0.9  # sgd and muon only
    betas: tuple[BelowOne, BelowOne] = (0.9, 0.999)  # adamw, and the parameters that muon leaves to it
    clip_norm: Number = 0.0  # largest norm of the gradient; 0: no clipping
    precision: Literal["auto", "fp32", "bf16"] = "fp32"  # of the forward pass (autocast); auto: bf16 where it is faster
    channels_last: bool = False  # memory layout of convolutions; often faster
    compile: bool = False  # use torch.compile: needs a C++ compiler and half a minute, then is faster
    average_decay: BelowOne = 0.0  # of the exponential moving average of the weights, per step; 0: no average
    max_skipped: Positive = 10  # steps in a row that may be skipped because they are not finite


class Trainer:
    """Trains ``model`` in place on ``device``; owns the optimiser and the average of the weights."""

    def __init__(
        self, model: nn.Module, loss_fn: LossFunction, config: TrainerConfig, device: str | torch.device = "cpu"
    ) -> None:
        self.device = torch.device(device)
        self.config = config
        self.loss_fn = loss_fn
        self.model = model.to(self.device)
        self.in_bf16 = config.precision == "bf16" or (config.precision == "auto" and has_fast_bf16(self.device))
        if config.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # only 4-d tensors follow
        self.steps = self.samples_seen = self.skipped = self.skipped_in_row = 0
        self.learning_rate_scale = 1.0  # what the run multiplies the schedule by (training/optimization/schedules.py)
        self._parameters = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        # The average covers parameters and the running statistics of BatchNorm, but not its counters.
        self._live = {name: t for name, t in self.model.state_dict().items() if t.is_floating_point()}
        self._average = {name: t.clone() for name, t in self._live.items()} if config.average_decay else {}
        self._buffers = list(self.model.buffers())
        self._buffers_before = [buffer.clone() for buffer in self._buffers]

    @cached_property
    def _optimizer(self) -> torch.optim.Optimizer:
        """Made at the first step: torch's optimisers take two seconds to import, and self-play can start before."""
        return _make_optimizer(self.model, self.config)

    @cached_property
    def _forward(self) -> nn.Module:
        """The model as the loss function calls it, compiled or not; it shares the weights of ``model``."""
        if not self.config.compile:
            return self.model
        check_compiler()
        # Fused operations then round to bf16 as eager torch does; otherwise gradients of torch 2.13 can be NaN.
        compiled = torch.compile(self.model, dynamic=False, options={"emulate_precision_casts": True})
        return cast(nn.Module, compiled)

    def step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step on ``batch``, whose tensors have the number of samples as their first dimension.

        Returns the loss function's metrics with ``loss``, ``grad_norm`` (before clipping), ``learning_rate`` and
        ``skipped`` (so far). A step whose loss or gradient is not finite changes no weight and no buffer;
        ``TrainingDiverged`` is raised after ``max_skipped`` of them in a row.
        """
        self.model.train()
        learning_rate = self.config.learning_rate.at(self.samples_seen) * self.learning_rate_scale
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        batch = {name: self._to_device(tensor) for name, tensor in batch.items()}
        num_samples = len(next(iter(batch.values())))

        if self._buffers:  # the forward pass changes BatchNorm's statistics, and the step may still be skipped
            torch._foreach_copy_(self._buffers_before, self._buffers)
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.in_bf16):
            loss, metrics = self.loss_fn(self._forward, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._parameters.values(), self.config.clip_norm or math.inf)

        scalars = {**metrics, "loss": loss.detach(), "grad_norm": norm}
        values = torch.stack(
            [scalar.float() for scalar in scalars.values()]
        ).tolist()  # the only synchronisation with the device in a step
        report = dict(zip(scalars, values, strict=True))
        self.steps += 1
        self.samples_seen += num_samples
        if math.isfinite(report["loss"]) and math.isfinite(report["grad_norm"]):
            self._optimizer.step()
            self._update_average()
            self.skipped_in_row = 0
        else:
            self._skip_step(report)
        return report | {"learning_rate": learning_rate, "skipped": float(self.skipped)}

    def averaged_weights(self) -> dict[str, Tensor]:
        """A copy of the state dict in main memory, to play or predict with: averaged where ``average_decay`` is set."""
        live = self.model.state_dict()
        return {name: self._average.get(name, t).detach().to("cpu", copy=True) for name, t in live.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that a bit-identical continuation needs: copies of named tensors, and JSON values.

        This includes the current weights and the state of torch's random numbers, which dropout uses.
        """
        tensors = {f"weights.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self._average.items()}
        for name, parameter in self._parameters.items():
            for key, value in self._optimizer.state.get(parameter, {}).items():
                if value is not None:  # sgd without momentum keeps a None
                    tensors[f"optimizer.{key}.{name}"] = value
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        counters = {name: getattr(self, name) for name in _COUNTERS}
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}, {
            **counters,
            "learning_rate_scale": self.learning_rate_scale,
            "optimizer": self.config.optimizer,
        }

    def load_state(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Continue from what ``state`` returned, including torch's global random numbers.

        ValueError when the state does not fit this trainer; nothing is changed then.
        """
        if values.get("optimizer") != self.config.optimizer:
            raise ValueError(f"optimizer was {values.get('optimizer')!r} and is {self.config.optimizer!r} now: keep it")
        for name in (*_COUNTERS, "learning_rate_scale"):
            if not isinstance(values.get(name), int | float):
                raise ValueError(f"{name} is {values.get(name)!r} in the saved trainer state: it must be a number")
        live = self.model.state_dict()
        targets = {f"weights.{name}": t for name, t in live.items()}
        targets |= {f"average.{name}": t for name, t in self._average.items()}
        optimizer_names = {name: name.split(".", 2) for name in tensors if name.startswith("optimizer.")}
        mismatched = {name for name in tensors if not name.startswith(("optimizer.", "random."))} ^ targets.keys()
        if mismatched:
            first = min(mismatched)
            raise ValueError(
                f"tensor {first} is {'missing' if first in targets else 'not known to this trainer'}:"
                " resume with the model and the average_decay that the state was saved with"
            )
        for name, (_, key, parameter) in optimizer_names.items():
            if parameter not in self._parameters:
                raise ValueError(f"tensor {name} belongs to no parameter of this model")
            targets[name] = torch.empty(()) if key == "step" else self._parameters[parameter].detach()
        for name, target in targets.items():
            if tensors[name].shape != target.shape:
                raise ValueError(f"tensor {name} has shape {list(tensors[name].shape)}, not {list(target.shape)}")

        for name in targets.keys() - optimizer_names.keys():
            targets[name].copy_(tensors[name])
        self._optimizer.state.clear()
        for name, (_, key, parameter) in optimizer_names.items():
            if key == "step":  # a fused optimiser counts where the parameter is, others on the CPU
                value = tensors[name].clone().to(self.device if self._optimizer.defaults.get("fused") else "cpu")
            else:
                value = torch.zeros_like(targets[name]).copy_(tensors[name])
            self._optimizer.state[self._parameters[parameter]][key] = value
        for name in _COUNTERS:
            setattr(self, name, int(values[name]))
        self.learning_rate_scale = float(values["learning_rate_scale"])
        if "random.cpu" in tensors:
            torch.set_rng_state(tensors["random.cpu"].cpu())
        if "random.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"].cpu(), self.device)

    def _to_device(self, tensor: Tensor) -> Tensor:
        tensor = tensor.to(self.device, non_blocking=True)
        if self.config.channels_last and tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the average towards the current weights, faster at first, so that the initial weights fade quickly."""
        if self._average:
            decay = min(self.config.average_decay, (1 + self.steps) / (10 + self.steps))
            torch._foreach_lerp_(list(self._average.values()), list(self._live.values()), 1.0 - decay)

    @torch.no_grad()
    def _skip_step(self, report: Mapping[str, float]) -> None:
        """Leave weights and buffers as they were before the step."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._buffers_before)
        self._optimizer.zero_grad(set_to_none=True)
        self.skipped += 1
        self.skipped_in_row += 1
        if self.skipped_in_row >= self.config.max_skipped:
            raise TrainingDiverged(
                f"{self.skipped_in_row} steps in a row were not finite (loss {report['loss']}, gradient norm"
                f" {report['grad_norm']}) at step {self.steps}: go back to a checkpoint and lower the learning rate"
            )


def check_compiler() -> None:
    """ValueError where ``TrainerConfig.compile`` has no C++ compiler to work with."""
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++", "cl"))):
        raise ValueError("trainer.compile is on, but there is no C++ compiler here: install one or turn it off")


def _make_optimizer(model: nn.Module, config: TrainerConfig) -> torch.optim.Optimizer:
    norm_parameters = {id(p) for module in model.modules() if isinstance(module, _NORMS) for p in module.parameters()}
    with_decay: list[Tensor] = []
    without_decay: list[Tensor] = []
    for name, p in model.named_parameters():
        if p.requires_grad:
            (without_decay if p.ndim < 2 or id(p) in norm_parameters or name.endswith("bias") else with_decay).append(p)
    groups = [
        {"params": with_decay, "weight_decay": config.weight_decay},
        {"params": without_decay, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate.at(0), momentum=config.momentum)
    if config.optimizer == "muon":
        return Muon(groups, lr=config.learning_rate.at(0), momentum=config.momentum, betas=config.betas)
    return torch.optim.AdamW(groups, lr=config.learning_rate.at(0), betas=config.betas, fused=True)
