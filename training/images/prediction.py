"""Prediction: load a trained classifier from a model folder, and compute class probabilities of pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from agent.networks.image_classifier import Classifier, ClassifierConfig
from agent.storage.model_folder import find_model, make_config, refuse_misfit
from training.run import checkpoints

SCHEMA = 1
EVALUATION_BATCH = 500


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, *, flip: bool = False, shift: int = 0) -> Tensor:
    """Probabilities [N, K] of each class for pictures [N, C, H, W] of bytes: the mean over the ``make_views`` of each.

    Prediction uses fp32 whatever the precision of training was, so that an accuracy is the same on every machine.
    """
    model.eval()
    probabilities = []
    for batch in torch.split(images, EVALUATION_BATCH):
        of_views = [model(view.float()).softmax(1) for view in make_views(batch, flip, shift)]
        probabilities.append(torch.stack(of_views).mean(0))
    return torch.cat(probabilities)


def make_views(images: Tensor, flip: bool, shift: int) -> list[Tensor]:
    """The pictures unchanged, moved by ``shift`` pixels up, down, left and right, and with ``flip`` all these mirrored.

    Zeros fill the pixels that a moved picture leaves empty.
    """
    padded, (height, width) = F.pad(images, (shift,) * 4), images.shape[2:]
    corners = [(shift, shift), (0, shift), (2 * shift, shift), (shift, 0), (shift, 2 * shift)]
    moved = [padded[:, :, y : y + height, x : x + width] for y, x in (corners if shift else corners[:1])]
    return moved + [view.flip(3) for view in moved] if flip else moved


def accuracy(probabilities: Tensor, labels: Tensor) -> float:
    """The share of pictures whose most probable class is the right one."""
    return float((probabilities.argmax(1) == labels).float().mean())


def load_classifier(place: str) -> tuple[Classifier, dict[str, Any]]:
    """The classifier of a run, RUN@STEP or model folder in evaluation mode, and its ``config.json``.

    ValueError when there is no classifier, or a damaged one.
    """
    folder = find_model(place)
    weights, config = checkpoints.load_model(folder)
    if not config or "classifies" not in config or config.get("schema") != SCHEMA:
        raise ValueError(f"{folder} holds no classifier of pictures: honte classify trains one")
    network = make_config(ClassifierConfig, config["network"], folder / "config.json", "network")
    channels, height, width = config["shape"]
    with refuse_misfit(folder / "model.safetensors", "its config.json"):
        model = Classifier(network, (channels, height, width), len(config["classes"]))
        model.load_state_dict(weights)
    return model.eval(), {"shift_test": 0, **config}  # older runs have no shift_test
