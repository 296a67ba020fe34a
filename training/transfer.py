"""Transfer learning: start with the weights of a network that learned another data set, game or board size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from training.run import checkpoints


def transfer_weights(model: nn.Module, folder: Path, only: str = "") -> list[str]:
    """Copy the weights of a model folder into ``model`` wherever the name and the shape of a tensor agree.

    Only names that begin with ``only`` are considered. Returns sentences about the tensors that were not copied.
    ValueError when no layer of the trunk fits.
    """
    weights, _ = checkpoints.load_model(folder)
    targets = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(only)}
    fitting = {name: weights[name] for name, t in targets.items() if name in weights and weights[name].shape == t.shape}
    if not any(name.startswith("trunk.") and tensor.ndim > 1 for name, tensor in fitting.items()):
        raise ValueError(f"{folder} has no trunk that fits: name a run of the same kind of network")
    model.load_state_dict(fitting, strict=False)
    others = [name for name in targets if name not in fitting]
    return [f"{', '.join(others)} begin anew: {folder} has none that fit"] if others else []


def freeze(trunk: nn.Module) -> None:
    """Freeze the weights and the BatchNorm statistics of ``trunk``; it stays in evaluation mode after ``train()``."""
    trunk.requires_grad_(False)
    trunk.register_forward_pre_hook(_set_eval_mode)


def _set_eval_mode(module: nn.Module, inputs: Any) -> None:
    module.eval()
