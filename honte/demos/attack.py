"""``honte classify ... --attack fgsm:0.05``: the accuracy of a classifier on adversarial pictures.

Knows the flag, the accuracy and a sheet of pictures. Does not know gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.images.adversarial import ATTACKS
from training.images.prediction import accuracy, predict
from training.images.training import ClassifierRun

NUM_PICTURES = 2000
NUM_SHOWN = 8


def parse_attack(text: str) -> tuple[str, float]:
    """The name of the attack and its strength. ValueError for any other text."""
    name, _, strength = text.partition(":")
    try:
        epsilon = float(strength)
    except ValueError:
        epsilon = -1.0
    if name not in ATTACKS or not 0 < epsilon < 1:
        raise ValueError(f"--attack is {text!r}: it must be {' or '.join(ATTACKS)} and a strength, as in fgsm:0.05")
    return name, epsilon


def fool(run: ClassifierRun, text: str, folder: Path) -> dict[str, Any]:
    """The accuracy on test pictures before and after the attack; FOLDER/attack.png shows examples."""
    name, epsilon = parse_attack(text)
    images, labels = (part[:NUM_PICTURES] for part in run.parts.test)
    model = run.averaged_model()
    torch.manual_seed(run.config.seed)
    chunks = zip(torch.split(images, 250), torch.split(labels, 250), strict=True)
    attacked = torch.cat([ATTACKS[name](model, *chunk, epsilon) for chunk in chunks])
    before, after = predict(model, images), predict(model, attacked)
    fooled = torch.nonzero((before.argmax(1) == labels) & (after.argmax(1) != labels))[:NUM_SHOWN, 0]
    some = fooled if len(fooled) else torch.arange(min(NUM_SHOWN, len(labels)))
    path = folder / "attack.png"
    draw(path, run.data.classes, [(images[some], before[some]), (attacked[some], after[some])])
    return {
        "attack": text,
        "pictures": len(labels),
        "accuracy_before": accuracy(before, labels),
        "accuracy_under_attack": accuracy(after, labels),
        "drawn": str(path),
    }


def draw(path: Path, classes: Sequence[str], rows: list[tuple[Tensor, Tensor]]) -> None:
    """Draw rows of pictures [N, C, H, W], each with the class of its highest probability [N, K]."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 * len(rows[0][0]), 1.8 * len(rows)))
    axes = figure.subplots(len(rows), len(rows[0][0]), squeeze=False)
    for line, (pictures, chances) in zip(axes, rows, strict=True):
        for axis, picture, label in zip(line, pictures, chances.argmax(1), strict=True):
            axis.imshow((picture.float() / 255).permute(1, 2, 0).squeeze(2).numpy(), cmap="gray", vmin=0, vmax=1)
            axis.set_title(classes[int(label)], fontsize=9)
            axis.axis("off")
    figure.suptitle("above: original pictures; below: changed so that the classifier errs", fontsize=10)
    figure.savefig(path, dpi=120, bbox_inches="tight")
