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

from honte.cli.run_command import (
    end_message,
    make_run_flags,
    num_threads,
    open_run,
    parse_own_flags,
    parse_settings,
    print_config,
    stop_on_signals,
)
from honte.command_line import Output
from honte.command_text import command
from honte.recipes import IMAGES, names, pictures, place


def own_flags() -> argparse.ArgumentParser:
    """What is not part of the configuration."""
    about = "Learn to tell pictures apart, or resume. DATASET: logic_gates, digits, mnist, fashion_mnist, a folder with"
    about += " one folder of pictures a class, a folder of idx or CIFAR-10 files, or an .npz file."
    init = "a run whose trunk a new run starts from; --freeze keeps it as it is"
    parser = make_run_flags("classify", "DATASET [--model NAME] [flags]", about, init)
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
        return print_config(config)
    from honte.demos import attack, locality
    from training.images.datasets import open_dataset

    if flags.attack:
        attack.parse_attack(flags.attack)  # before a long run, not after it
    data = open_dataset(config.dataset, config.size)
    for note in data.notes:
        output.say(f"note: {note}")
    config = replace(config, data_sha256=data.sha256)
    name = f"{Path(config.dataset).stem or 'pictures'}_{'locality' if flags.locality else Path(flags.model).stem}"
    look = partial(locality.compare, run) if flags.locality else run
    output.result(look(data, config, Path(flags.run or Path("runs") / name), flags, output))
    return 0


def run(data: Any, config: Any, folder: Path, flags: argparse.Namespace, output: Output) -> dict[str, Any]:
    """One run in one folder, begun or resumed; what there is to say of it."""
    from agent.storage.model_folder import find_model
    from honte.demos import attack
    from honte.terminal.live_view import LiveView, summary
    from training.config import to_dict
    from training.images.training import MAY_CHANGE, ClassifierRun, ImageConfig
    from training.run.run_folder import has_started

    threads, note = num_threads(config.threads, Path("") if flags.fresh else folder)
    if note:
        output.say(f"note: {note}")
    config = replace(config, threads=threads)
    defaults = to_dict(ImageConfig(dataset=config.dataset))
    init = find_model(flags.init) if flags.init and (flags.fresh or not has_started(folder)) else None
    with (
        open_run(folder, to_dict(config), defaults, MAY_CHANGE, flags.fresh) as opening,
        stop_on_signals() as stopping,
        LiveView(data.name, str(folder), as_lines=flags.json) as view,
    ):
        learning = ClassifierRun(data, config, folder, watch=view.show, stopping=stopping)
        if init is not None and not learning.trainer.steps:
            learning.start_from(init)
        opening.begin()
        before = learning.finished()
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
            "cpu_minutes": round(learning.cpu_minutes, 3),
            "epochs": round(learning.trainer.steps / learning.batches, 2),
            "test_accuracy": grades.get("test_accuracy"),
            "validation_accuracy": grades.get("validation_accuracy"),
            "samples_per_second": round(learning.trainer.samples_seen / max(60 * learning.minutes, 1e-9), 1),
        }
        output.say(f"{end_message(before, reason, learning.minutes, folder)}\n{summary(learning.report)}")
        if flags.attack:
            result["attack"] = found = attack.fool(learning, flags.attack, folder)
            output.say(f"under {flags.attack}: {found['accuracy_under_attack']:.2%}, see {found['drawn']}")
    output.say(f"use it:  {command('predict', str(folder))} PICTURE ...\nsee it:  {command('report', str(folder))}")
    return result


def _parsed(arguments: Sequence[str]) -> tuple[argparse.Namespace, Any]:
    """Our own flags, and the configuration."""
    from training.images.training import ImageConfig

    dataset, flags, rest = parse_own_flags(own_flags(), arguments)
    if not dataset and not flags.helping:
        raise ValueError("name the pictures first: logic_gates, digits, mnist, fashion_mnist, a folder or an .npz file")
    values = pictures(flags.model, dataset or "DATASET")
    return flags, parse_settings(ImageConfig, values, rest, "classify", str(place(flags.model, IMAGES)))
