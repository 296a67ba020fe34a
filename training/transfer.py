"""Transfer learning: start with the weights of a network that learned another data set, game or board size.

A policy-value network may also have more blocks or channels than the one whose weights it gets. It then computes the
same until it is trained, as in Net2Net (Chen et al. 2016). There, new channels are copies of old ones. Here, they are
random, and nothing reads them at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from agent.networks.policy_value import PolicyValueNet
from training.run import checkpoints


def transfer_weights(model: nn.Module, folder: Path, only: str = "") -> list[str]:
    """Copy the weights of a model folder into ``model`` wherever the name and the shape of a tensor agree.

    Only names that begin with ``only`` are considered. A policy-value network that has more channels or blocks takes
    those of a smaller one. Returns sentences about growth and about the tensors that were not copied. ValueError when
    no layer of the trunk fits.
    """
    learned, _ = checkpoints.load_model(folder)
    targets = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(only)}
    grown = grow(learned, targets) if isinstance(model, PolicyValueNet) else {}
    weights, notes = {**learned, **grown}, []
    if grown:
        notes.append(
            f"the network of {folder} is smaller: its blocks and channels are kept, and those added to them change what"
            " it computes only once they are trained"
        )
    fitting = {name: weights[name] for name, t in targets.items() if name in weights and weights[name].shape == t.shape}
    if not any(name.startswith("trunk.") and tensor.ndim > 1 for name, tensor in fitting.items() if name in learned):
        raise ValueError(
            f"{folder} has no trunk that fits: name a run of the same kind of network that has no more channels"
        )
    model.load_state_dict(fitting, strict=False)
    others = [name for name in targets if name not in fitting]
    if others:
        notes.append(f"{', '.join(others)} begin anew: {folder} has none that fit")
    return notes


def grow(weights: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a larger policy-value network that computes what ``weights`` compute.

    ``targets`` are the larger network's own. Their values stay for new channels, which no old channel and no head
    reads; a new block adds 0 to its input. Returns those tensors whose values or shapes differ from ``weights``.
    Nothing is returned where the network is not larger.
    """
    blocks = {_layer(name) for name in weights}
    grown: dict[str, Tensor] = {}
    for name, target in targets.items():
        if name in weights:
            if weights[name].shape != target.shape and (".reduce." in name or name.startswith("trunk.")):
                grown |= _widen(name, weights[name], target)
        elif name.startswith("trunk.") and _layer(name) not in blocks:  # a new block
            last = name.endswith(".second.1.weight") or ".after.excite." in name
            grown[name] = target.new_zeros(target.shape) if last else target
    return grown


def _layer(name: str) -> str:
    """``trunk.3`` of ``trunk.3.first.0.weight``."""
    return ".".join(name.split(".")[:2])


def _widen(name: str, source: Tensor, target: Tensor) -> dict[str, Tensor]:
    """``target`` with ``source`` for the channels that it has; empty where ``target`` is not larger."""
    larger = all(old <= new for old, new in zip(source.shape, target.shape, strict=True))
    other_planes = name == "trunk.0.0.weight" and source.shape[1] != target.shape[1]  # observes something else
    if not larger or other_planes or source.shape[2:] != target.shape[2:]:
        return {}
    # GlobalBias reads the mean of each channel, then the maximum; SqueezeExcite writes the scale, then the shift.
    rows = _positions(len(source), len(target), parts=2 if ".after.excite." in name else 1)
    wide = target.clone()
    wide[rows] = 0
    if source.ndim == 1:
        wide[rows] = source.to(wide.dtype)  # weights that ship may be fp16
    else:
        columns = _positions(source.shape[1], target.shape[1], parts=2 if ".between." in name else 1)
        wide[rows[:, None], columns] = source.to(wide.dtype)
    return {name: wide}


def _positions(few: int, many: int, *, parts: int) -> Tensor:
    """Where ``few`` rows go among ``many``, if each of ``parts`` equal parts grows at its end."""
    starts = torch.arange(parts)[:, None] * (many // parts)
    return (starts + torch.arange(few // parts)).flatten()


def freeze(trunk: nn.Module) -> None:
    """Freeze the weights and the BatchNorm statistics of ``trunk``; it stays in evaluation mode after ``train()``."""
    trunk.requires_grad_(False)
    trunk.register_forward_pre_hook(_set_eval_mode)


def _set_eval_mode(module: nn.Module, inputs: Any) -> None:
    module.eval()
