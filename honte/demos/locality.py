"""``honte classify DATASET --locality``: a convolution needs neighbouring pixels, an MLP does not.

Four runs and one plot: mlp and lenet, on pictures and on the same pictures with their pixels in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.command_line import Output
from honte.recipes import pictures
from training.config import parse_config
from training.images.augmentation import AugmentConfig
from training.images.datasets import DataSet
from training.images.training import ImageConfig
from training.run import metrics

SHARED = ("data_sha256", "seed", "epochs", "max_minutes", "max_cpu_minutes", "limit", "evaluate_epochs")
"""Settings of the command that all four runs share."""

LINES = {"lenet": ("LeNet", "tab:blue", "-"), "lenet_shuffled": ("LeNet, pixels shuffled", "tab:blue", "--")}
LINES |= {"mlp": ("MLP", "tab:orange", "-"), "mlp_shuffled": ("MLP, pixels shuffled", "tab:orange", "--")}
"""{run: (label, colour, line style)}."""


def compare(
    run: Callable[..., dict[str, Any]],
    data: DataSet,
    config: ImageConfig,
    folder: Path,
    output: Output,
) -> dict[str, Any]:
    """Call ``run`` four times, each in a folder of its own below ``folder``, and plot the results."""
    shared: dict[str, Any] = {name: getattr(config, name) for name in SHARED}
    # Shifts and mirror images would give away which pixels are neighbours.
    shared |= {"augment": AugmentConfig(), "flip_test": False, "shift_test": 0}
    accuracies = {}
    for name in LINES:
        kind, _, shuffled = name.partition("_")
        settings = replace(
            parse_config(pictures(kind, config.dataset), ImageConfig), **shared, shuffle_pixels=bool(shuffled)
        )
        accuracies[name] = run(data, settings, folder / name)["test_accuracy"]
    path = folder / "locality.svg"
    _plot(data.name, folder, accuracies, path)
    words = ", ".join(f"{name} {share:.2%}" for name, share in accuracies.items() if share is not None)
    output.say(f"test accuracy: {words}\nplot: {path}")
    return {"dataset": data.name, "test_accuracy": accuracies, "plot": str(path)}


def _plot(title: str, folder: Path, accuracies: dict[str, Any], path: Path) -> None:
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(7, 4))
    axis = figure.subplots()
    for name, (words, colour, dashes) in LINES.items():
        looks = [record for record in metrics.read(folder / name) if "validation_accuracy" in record]
        steps, shares = [look["step"] for look in looks], [look["validation_accuracy"] for look in looks]
        end = f": {accuracies[name]:.1%} of the test pictures" if accuracies[name] is not None else ""
        axis.plot(steps, shares, dashes, color=colour, linewidth=2, label=words + end)
    axis.set(xlabel="step", ylabel="accuracy on validation pictures", title=title)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, loc="lower right")
    with rc_context({"svg.fonttype": "none"}):  # letters stay letters: a small file
        figure.savefig(path, bbox_inches="tight")
