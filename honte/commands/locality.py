"""``honte classify DATASET --locality``: what a convolution gains from neighbours, and an MLP does not.

Knows four runs and one plot: mlp and lenet, on pictures and on the same pictures with their pixels in another order.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.commands.classify import recipe, run
from honte.commands.shared import Output
from training import metrics
from training.augmentation import AugmentConfig
from training.classification import ImageConfig
from training.config import parse
from training.images import DataSet

SHARED = ("data_sha256", "seed", "epochs", "max_minutes", "limit", "evaluate_epochs")
"""Settings that all four take from the one that was asked for."""

LINES = {"mlp": ("tab:orange", "-"), "mlp_shuffled": ("tab:orange", "--")}
LINES |= {"lenet": ("tab:blue", "-"), "lenet_shuffled": ("tab:blue", "--")}
"""Each run, and how it is drawn."""


def compare(
    data: DataSet, config: ImageConfig, folder: Path, flags: argparse.Namespace, output: Output
) -> dict[str, Any]:
    """Four runs below ``folder``, and FOLDER/locality.png; what came out."""
    shared: dict[str, Any] = {name: getattr(config, name) for name in SHARED}
    # Shifts and mirror images would tell of neighbours.
    shared |= {"augment": AugmentConfig(), "flip_test": False, "shift_test": 0}
    accuracies = {}
    for name in LINES:
        kind, _, shuffled = name.partition("_")
        settings = replace(parse(recipe(kind, config.dataset), ImageConfig), **shared, shuffle_pixels=bool(shuffled))
        accuracies[name] = run(data, settings, folder / name, flags, output)["test_accuracy"]
    path = folder / "locality.png"
    _plot(data.name, folder, accuracies, path)
    words = ", ".join(f"{name} {share:.2%}" for name, share in accuracies.items() if share is not None)
    output.say(f"test accuracy: {words}\nplot: {path}")
    return {"dataset": data.name, "test_accuracy": accuracies, "plot": str(path)}


def _plot(title: str, folder: Path, accuracies: dict[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axis = figure.subplots()
    for name, (colour, line) in LINES.items():
        looks = [record for record in metrics.read(folder / name) if "validation_accuracy" in record]
        steps, shares = [look["step"] for look in looks], [look["validation_accuracy"] for look in looks]
        end = f": test {accuracies[name]:.2%}" if accuracies[name] is not None else ""
        axis.plot(steps, shares, line, color=colour, label=name.replace("_", ", ") + end)
    axis.set(xlabel="step", ylabel="validation accuracy", title=f"{title}: pixels in place and shuffled")
    axis.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
