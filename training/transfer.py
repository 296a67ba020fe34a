"""Weights from elsewhere: another data set, another game, another size of board.

Knows names and shapes of tensors. Does not know what a model is for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from training.run import checkpoints


def transplant(model: nn.Module, folder: Path, only: str = "") -> list[str]:
    """Weights of a model folder into ``model``, wherever name (it begins with ``only``) and shape agree.

    Returns what there is to say of it, in sentences. ValueError when no layer of the trunk fits.
    """
    weights, _ = checkpoints.load_model(folder)
    live = model.state_dict()
    wanted = {name: tensor for name, tensor in live.items() if name.startswith(only)}
    fits = {name: weights[name] for name, t in wanted.items() if name in weights and weights[name].shape == t.shape}
    if not any(name.startswith("trunk.") and tensor.ndim > 1 for name, tensor in fits.items()):
        raise ValueError(f"{folder} has no trunk that fits: name a run of the same kind of network")
    model.load_state_dict(fits, strict=False)
    odd = [name for name in wanted if name not in fits]
    return [f"{', '.join(odd)} begin anew: {folder} has none that fit"] if odd else []


def freeze(trunk: nn.Module) -> None:
    """``trunk`` learns no more and its statistics stand still: it works as in evaluation, whatever ``train`` says."""
    trunk.requires_grad_(False)
    trunk.register_forward_pre_hook(_still)


def _still(module: nn.Module, inputs: Any) -> None:
    module.eval()
