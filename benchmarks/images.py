"""Pictures: accuracy within minutes, and the Trainer's speed against a loop written by hand.

`speed` trains the same network on the same batches in memory in three ways: a plain PyTorch loop, the Trainer with the
same optimiser and precision, and the Trainer with the recipe's settings, which take bf16 where the processor has it.
The three ways run in one process, in a random order in every round, because a fixed order favours one of them. Seconds
are processor time, so a busy machine slows all three alike. `accuracy` runs
`honte classify` as it comes, once a seed; its minutes are processor time, too. With `--runs` a benchmark that was
stopped goes on.

    python -m benchmarks.images speed [--models lenet resnet] [--rounds 9] [--out FILE.json] [--json]
    python -m benchmarks.images accuracy [--seeds 3] [--only lenet] [--runs DIR] [--out FILE.json] [--json]
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agent.networks.image_classifier import Classifier
from benchmarks.script import make_parser, report, run_script
from honte.__main__ import main as honte
from honte.recipes import pictures
from training.config import parse_config
from training.images.training import ImageConfig
from training.losses import classification_loss
from training.trainer import Trainer, TrainerConfig

ROWS = {
    "lenet": ("fashion_mnist", "lenet", 0.91),
    "resnet": ("fashion_mnist", "resnet", 0.94),
    "mnist": ("mnist", "resnet", 0.985),
    "digits": ("digits", "resnet", 0.98),
    "long": ("fashion_mnist", "resnet_long", 0.955),
}
"""Each with its data, its model and the accuracy that is asked for."""


def speed(model: str, rounds: int) -> list[dict[str, Any]]:
    """Samples a second of processor time; the Trainer's as multiples of the plain loop's in the same round."""
    config = parse_config(pictures(model, "fashion_mnist"), ImageConfig)
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, config.batch_size, 1, 28, 28), generator=random).float()
    labels = torch.randint(0, 10, (8, config.batch_size), generator=random)

    def fresh() -> Classifier:
        torch.manual_seed(0)
        return Classifier(config.network, (1, 28, 28), 10)

    plain = fresh()
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-3, weight_decay=1e-4)

    def by_hand(n: int) -> None:
        plain.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(plain(images[n]), labels[n])
        loss.backward()
        optimizer.step()
        loss.item()

    def by(trainer: Trainer) -> Callable[[int], None]:
        return lambda n: void(trainer.step({"image": images[n], "label": labels[n]}))

    same = Trainer(fresh(), classification_loss(), TrainerConfig())
    defaults = Trainer(fresh(), classification_loss(), replace(config.trainer, average_decay=0.0))
    recipes = by(defaults)
    ways = {"plain loop": by_hand, "Trainer, same settings": by(same), "Trainer, the recipe's": recipes}
    shuffled = np.random.default_rng(0).permutation

    def one_round() -> list[float]:
        seconds_of = {name: timed(ways[name]) for name in shuffled(list(ways))}  # a fixed order favours one of them
        return [seconds_of[name] for name in ways]

    seconds = np.array([one_round() for _ in range(rounds + 1)])[1:]
    rates = 8 * config.batch_size / np.median(seconds, axis=0)
    ratios = np.median(seconds[:, :1] / seconds, axis=0)
    asked = ("", 1.0, 2.0 if defaults.in_bf16 else 1.0)
    return [
        {
            "model": model,
            "what": what,
            "precision": "bf16" if way is recipes and defaults.in_bf16 else "fp32",
            "samples_per_cpu_s": round(rate),
            "ratio": round(float(ratio), 3),
            "asked": least,
        }
        for (what, way), rate, ratio, least in zip(ways.items(), rates, ratios, asked, strict=True)
    ]


def timed(way: Callable[[int], None]) -> float:
    start = time.process_time()
    for n in range(8):
        way(n)
    return time.process_time() - start


def void(_: object) -> None:
    """Forget a result."""


def accuracy(only: str, seeds: int, folder: Path) -> list[dict[str, Any]]:
    """Test accuracies of runs as a person would start them, once a seed; runs that ``folder`` holds go on there."""
    rows = []
    for name, (data, model, wanted) in ROWS.items():
        if only not in ("", name):
            continue
        results = []
        for seed in range(seeds):
            words = [data, "--model", model, "--seed", str(seed), "--run", str(folder / f"{name}_{seed}"), "--json"]
            with contextlib.redirect_stdout(io.StringIO()) as out:
                if honte(["classify", *words]):
                    raise SystemExit(f"honte classify {' '.join(words)} failed")
            results.append(json.loads(out.getvalue().splitlines()[-1]))
        found = [result["test_accuracy"] for result in results]
        row = {"what": f"{data}, {model}", "asked": wanted, "median": float(np.median(found)), "all": found}
        row["minutes"] = [result["cpu_minutes"] for result in results]
        rows.append(row | {"epochs": [result["epochs"] for result in results]})
    return rows


def main() -> None:
    parser = make_parser("Accuracy within minutes; the Trainer against a plain loop.")
    parser.add_argument("what", choices=["speed", "accuracy"])
    parser.add_argument("--models", nargs="+", default=["lenet", "resnet"], help="speed: whose network and settings")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", choices=["", *ROWS])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", help="accuracy: keep the runs here; one that is finished is not run again")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as thrown_away:
        if args.what == "speed":
            rows = [row for model in args.models for row in speed(model, args.rounds)]
        else:
            rows = accuracy(args.only, args.seeds, Path(args.runs or thrown_away))
    report(f"images_{args.what}", vars(args), rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    run_script(main)
