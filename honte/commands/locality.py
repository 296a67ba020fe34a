"""``honte classify DATASET --locality``: what a convolution gains from neighbours, and an MLP does not.

Knows four runs and one plot: mlp and lenet, on pictures and on the same pictures with their pixels in another order.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.commands.classify import recipe, run
from training import metrics
from training.augmentation import AugmentConfig
from training.classification import ImageConfig
from training.config import parse
from training.images import DataSet

KINDS = ("mlp", "lenet")


def compare(data: DataSet, config: ImageConfig, folder: Path, as_json: bool) -> int:
    """Four runs below ``folder`` with the epochs, minutes and seed of ``config``, and FOLDER/locality.png."""
    flags = argparse.Namespace(fresh=False, init="", attack="", json=as_json)
    results: dict[str, Any] = {}
    for kind in KINDS:
        mine = parse(recipe(kind, config.dataset), ImageConfig)
        for shuffled in (False, True):
            name = f"{kind}_shuffled" if shuffled else kind
            settings = replace(
                mine,
                data_sha256=data.sha256,
                seed=config.seed,
                epochs=config.epochs,
                max_minutes=config.max_minutes,
                limit=config.limit,
                augment=AugmentConfig(),  # shifts and flips would tell of neighbours by themselves
                flip_test=False,
                shuffle_pixels=shuffled,
            )
            results[name] = run(data, settings, folder / name, flags)
    path = folder / "locality.png"
    _plot(data, folder, results, path)
    accuracies = {name: result["test_accuracy"] for name, result in results.items()}
    words = ", ".join(f"{name} {share:.2%}" for name, share in accuracies.items() if share is not None)
    print(f"test accuracy: {words}\nplot: {path}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps({"dataset": data.name, "test_accuracy": accuracies, "plot": str(path)}))
    return 0


def _plot(data: DataSet, folder: Path, results: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 4))
    for name, result in results.items():
        records = [record for record in metrics.read(folder / name) if "validation_accuracy" in record]
        steps, shares = [r["step"] for r in records], [r["validation_accuracy"] for r in records]
        colour, line = ("tab:blue" if "lenet" in name else "tab:orange"), ("--" if "shuffled" in name else "-")
        axis.plot(
            steps, shares, line, color=colour, label=f"{name.replace('_', ', ')}: test {result['test_accuracy']:.2%}"
        )
    axis.set(xlabel="step", ylabel="validation accuracy", title=f"{data.name}: pixels in place and shuffled")
    axis.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
