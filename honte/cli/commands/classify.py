"""``honte classify``: learn to tell pictures apart, the same way that games are learned, and show how it goes.

Knows recipes, flags and what is said of a run. Does not know how a run learns.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from honte.cli.run_command import num_threads, opened, printed, run_flags, settings, signals, taken, told
from honte.command_line import Output
from honte.command_text import command
from honte.recipes import IMAGES, names, pictures, place


def own_flags() -> argparse.ArgumentParser:
    """What is not part of the configuration."""
    about = "Learn to tell pictures apart, or resume. DATASET: logic_gates, digits, mnist, fashion_mnist, a folder with"
    about += " one folder of pictures a class, a folder of idx or CIFAR-10 files, or an .npz file."
    init = "a run whose trunk a new run starts from; --freeze keeps it as it is"
    parser = run_flags("classify", "DATASET [--model NAME] [flags]", about, init)
    parser.add_argument("--model", default="lenet", help=f"{', '.join(names(IMAGES))}, or a YAML file")
    parser.add_argument("--attack", default="", help="then fool it: fgsm:E or pgd:E, E a share of full brightness")
    parser.add_argument("--locality", action="store_true", help="mlp and lenet with and without neighbouring pixels")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run finished or was stopped by a signal after saving."""
    flags, config = _parsed(arguments)
    output = Output(flags.json)
    if config.dataset == "logic_gates":
        from honte.demos import logic_gates

        output.result(logic_gates.show(output))
        return 0
    if flags.print_config:
        return printed(config)
    from honte.demos import attack, locality
    from training.images.datasets import open_data

    if flags.attack:
        attack.parsed(flags.attack)  # before a long run, not after it
    data = open_data(config.dataset, config.size)
    for note in data.notes:
        output.say(f"note: {note}")
    config = replace(config, data_sha256=data.sha256)
    name = f"{Path(config.dataset).stem or 'pictures'}_{'locality' if flags.locality else Path(flags.model).stem}"
    look = partial(locality.compare, run) if flags.locality else run
    output.result(look(data, config, Path(flags.run or Path("runs") / name), flags, output))
    return 0


def run(data: Any, config: Any, folder: Path, flags: argparse.Namespace, output: Output) -> dict[str, Any]:
    """One run in one folder, begun or resumed; what there is to say of it."""
    from agent.storage.model_folder import find
    from honte.demos import attack
    from honte.terminal.live_view import LiveView, summary
    from training.config import to_dict
    from training.images.training import MAY_CHANGE, ImageConfig, Run
    from training.run.run_folder import began

    threads, note = num_threads(config.threads, Path("") if flags.fresh else folder)
    if note:
        output.say(f"note: {note}")
    config = replace(config, threads=threads)
    defaults = to_dict(ImageConfig(dataset=config.dataset))
    init = find(flags.init) if flags.init and (flags.fresh or not began(folder)) else None
    with (
        opened(folder, to_dict(config), defaults, MAY_CHANGE, flags.fresh) as opening,
        signals() as stopping,
        LiveView(data.name, str(folder), as_lines=flags.json) as view,
    ):
        learning = Run(data, config, folder, watch=view.show, stopping=stopping)
        if init is not None and not learning.trainer.steps:
            learning.start_from(init)
        opening.begin()
        before = learning.progress() >= 1
        reason = learning.go()
        grades = learning.report.grades
        result: dict[str, Any] = {
            "run": str(folder),
            "reason": reason,
            "dataset": data.name,
            "notes": list(data.notes),
            "model": config.network.kind,
            "threads": threads,
            "minutes": round(learning.minutes, 3),
            "epochs": round(learning.trainer.steps / learning.batches, 2),
            "test_accuracy": grades.get("test_accuracy"),
            "validation_accuracy": grades.get("validation_accuracy"),
            "samples_per_second": round(learning.trainer.samples_seen / max(60 * learning.minutes, 1e-9), 1),
        }
        output.say(f"{told(before, reason, learning.minutes, folder)}\n{summary(learning.report)}")
        if flags.attack:
            result["attack"] = found = attack.fool(learning, flags.attack, folder)
            output.say(f"under {flags.attack}: {found['accuracy_under_attack']:.2%}, see {found['drawn']}")
    output.say(f"use it:  {command('predict', str(folder))} PICTURE ...\nsee it:  {command('report', str(folder))}")
    return result


def _parsed(arguments: Sequence[str]) -> tuple[argparse.Namespace, Any]:
    """Our own flags, and the configuration."""
    from training.images.training import ImageConfig

    dataset, flags, rest = taken(own_flags(), arguments)
    if not dataset and not flags.helping:
        raise ValueError("name the pictures first: logic_gates, digits, mnist, fashion_mnist, a folder or an .npz file")
    values = pictures(flags.model, dataset or "DATASET")
    return flags, settings(ImageConfig, values, rest, "classify", str(place(flags.model, IMAGES)))
