"""Learning curves of runs that begin with transferred weights, and of runs that begin with random weights.

`pictures`: 500 MNIST digits, from a trunk that has learned Fashion-MNIST, trained further or frozen, and from scratch.
A curve shows the accuracy on 800 validation digits, and its end that on 1,000 test digits. `games`: Connect Four of 7 x
8 from the shipped network, which has learned 6 x 7, and from scratch. A curve shows the score of the network with 16
simulations against `mcts:200` (a draw counts 0.5) by positions of self-play. The seeds determine everything.

    python -m benchmarks.transfer pictures --init RUN [--epochs 24] [--rate 1] [--out FILE.json] [--plot FILE.svg]
    python -m benchmarks.transfer games [--init connect_four] [--seeds 3] [--out FILE.json] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import honte
from agent.storage.model_folder import find_model, read
from benchmarks.machine import report
from games import make
from honte.recipes import pictures as picture_recipe
from honte.recipes import recipe
from training import alphazero
from training.config import merge_values, parse_config
from training.images import training
from training.images.datasets import open_dataset
from training.images.prediction import load_classifier
from training.run import metrics

DIGITS = 500
SAMPLES = (1500, 3000, 4500)
GAMES, OPPONENT = 40, "mcts:200"
LARGE = "connect_four:rows=7,columns=8"


def pictures(args: argparse.Namespace, seed: int, way: str, folder: Path) -> dict[str, Any]:
    """One run on few digits: its steps, validation accuracies there, and the test accuracy."""
    init = args.init
    trained, said = load_classifier(init)
    data = open_dataset("mnist")
    settings = {"seed": seed, "limit": DIGITS, "validation": 0.2, "epochs": args.epochs, "max_cpu_minutes": 0}
    settings |= {"evaluate_epochs": 2, "freeze": way == "frozen", "batch_size": 50}
    values = merge_values(picture_recipe(trained.config.kind, "mnist"), settings | {"network": said["network"]})
    if way == "fine-tuned":
        values["trainer"]["learning_rate"] *= args.rate
    config = parse_config(values, training.ImageConfig)
    run = training.ClassifierRun(data, config, folder)
    if way != "from scratch":
        run.start_from(find_model(init))
    run.go()
    measured = [record for record in metrics.read(folder) if "validation_accuracy" in record]
    at, scores = (
        [record["step"] for record in measured],
        [round(record["validation_accuracy"], 4) for record in measured],
    )
    return {"at": at, "score": scores, "end": round(run.report.grades["test_accuracy"], 4)}


def games(args: argparse.Namespace, seed: int, way: str, folder: Path) -> dict[str, Any]:
    """One run on the larger board: positions of self-play, scores there, and the last of them."""
    init = args.init
    plain = {
        "game": LARGE,
        "seed": seed,
        "deterministic": True,
        "grade_minutes": 0,
        "network": read(find_model(init)).network,
        "self_play": {"num_games": 64, "search": {"lookahead": 0}},
        "learn": {"cooldown": 0.0, "first_samples": 1024},
        "engine": {"kind": "torch", "precision": "fp32"},
    }
    config = parse_config(merge_values(recipe("connect_four"), plain))
    game, scores = make(LARGE), []
    for samples in SAMPLES:
        run = alphazero.AlphaZeroRun(game, replace(config, max_minutes=0.0, max_samples=samples), folder)
        if way != "from scratch" and not run.trainer.steps:
            run.start_from(find_model(init))
        run.go()
        text = f"{folder}?simulations=16&lookahead=0&average_symmetries=false"
        scores.append(honte.match(text, OPPONENT, game, games=GAMES, seed=seed, opening_plies=2).elo.score)
    return {"at": list(SAMPLES), "score": scores, "end": scores[-1]}


WAYS = {"pictures": ("from scratch", "fine-tuned", "frozen"), "games": ("from scratch", "fine-tuned")}
AXES = {
    "pictures": ("step", "accuracy on validation digits", f"{DIGITS} MNIST digits, trunk from Fashion-MNIST"),
    "games": ("positions of self-play", f"score against {OPPONENT}", "Connect Four 7 x 8, trunk from 6 x 7"),
}


def plot(path: str, what: str, rows: list[dict[str, Any]]) -> None:
    """Every run thin, the median of each way thick."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axis = figure.subplots()
    for colour, way in zip(("tab:orange", "tab:blue", "tab:green"), WAYS[what], strict=False):
        mine = [row for row in rows if row["way"] == way]
        for row in mine:
            axis.plot(row["at"], row["score"], color=colour, alpha=0.3, linewidth=1)
        middle = np.median([row["score"] for row in mine], axis=0)
        axis.plot(mine[0]["at"], middle, color=colour, linewidth=2, label=f"{way}: {middle[-1]:.1%}")
    axis.set(xlabel=AXES[what][0], ylabel=AXES[what][1], title=AXES[what][2])
    axis.legend()
    figure.savefig(path, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description="Learning curves with and without weights from elsewhere.")
    parser.add_argument("what", choices=list(WAYS))
    parser.add_argument("--init", default="connect_four", help="where the trunk comes from: a run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=24, help="of the digits")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="times the recipe's learning rate, of what is fine-tuned"
    )
    parser.add_argument("--plot")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    learn, rows = {"pictures": pictures, "games": games}[args.what], []
    for seed in range(args.seeds):
        for way in WAYS[args.what]:
            with tempfile.TemporaryDirectory() as folder:
                start = time.process_time()
                row = {"way": way, "seed": seed, **learn(args, seed, way, Path(folder) / "run")}
            rows.append(row | {"cpu_s": round(time.process_time() - start)})
            print(f"{way}, seed {seed}: {row['end']:.1%}, {rows[-1]['cpu_s']} s", file=sys.stderr, flush=True)
    if args.plot:
        plot(args.plot, args.what, rows)
    config = {"what": args.what, "init": Path(args.init).name, "seeds": args.seeds}
    if args.what == "pictures":
        config |= {"epochs": args.epochs, "rate": args.rate}
    report(f"transfer_{args.what}", config, rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    main()
