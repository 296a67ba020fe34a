"""``honte classify ... --attack fgsm:0.05``: how a classifier stands up to pictures made to fool it.

Knows the flag, a number and a sheet of pictures. Does not know gradients.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from training.attacks import ATTACKS
from training.classification import Run
from training.classifiers import accuracy, predict

PICTURES = 2000
SHOWN = 8


def parsed(text: str) -> tuple[str, float]:
    """Name and strength; ValueError when it is neither."""
    name, _, strength = text.partition(":")
    try:
        epsilon = float(strength)
    except ValueError:
        epsilon = -1.0
    if name not in ATTACKS or not 0 < epsilon < 1:
        raise ValueError(f"--attack is {text!r}: it must be {' or '.join(ATTACKS)} and a strength, as in fgsm:0.05")
    return name, epsilon


def fool(run: Run, text: str, folder: Path) -> dict[str, Any]:
    """Accuracy on test pictures before and after; pictures of both in FOLDER/attack.png."""
    name, epsilon = parsed(text)
    images, labels = (part[:PICTURES] for part in run.parts.test)
    model = run.current()
    torch.manual_seed(run.config.seed)
    attack = ATTACKS[name]
    chunks = zip(torch.split(images, 250), torch.split(labels, 250), strict=True)
    attacked = torch.cat([attack(model, some, theirs, epsilon) for some, theirs in chunks])
    before, after = predict(model, images), predict(model, attacked)
    path = folder / "attack.png"
    _drawn(run, path, images, attacked, labels, before.argmax(1), after.argmax(1))
    return {
        "attack": text,
        "pictures": len(labels),
        "accuracy_before": accuracy(before, labels),
        "accuracy_under_attack": accuracy(after, labels),
        "drawn": str(path),
    }


def _drawn(run: Run, path: Path, images: Any, attacked: Any, labels: Any, before: Any, after: Any) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    fooled = torch.nonzero((before == labels) & (after != labels))[:SHOWN, 0].tolist() or list(range(SHOWN))
    figure, axes = pyplot.subplots(2, len(fooled), figsize=(1.5 * len(fooled), 3.6), squeeze=False)
    for column, index in enumerate(fooled):
        for row, (pictures, seen) in enumerate(((images, before), (attacked, after))):
            axes[row, column].imshow(
                (pictures[index].float().permute(1, 2, 0).squeeze() / 255).numpy(), cmap="gray", vmin=0, vmax=1
            )
            axes[row, column].set_title(run.data.classes[int(seen[index])], fontsize=9)
            axes[row, column].axis("off")
    figure.suptitle("as it is, and changed so that it is taken for something else", fontsize=10)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
