"""``honte classify``: learn to classify pictures, with the trainer that learns games, and show the progress.

Knows recipes, flags and the messages of a run. Does not know how a run learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from honte.cli.flag_parser import asks_for_help
from honte.cli.flags import Argument, Placeholder
from honte.cli.run_command import (
    RunFlags,
    end_message,
    num_threads,
    open_run,
    parse_run_words,
    parse_settings,
    print_config,
    print_help_if_asked,
    stop_on_signals,
)
from honte.command_line import Output
from honte.command_text import command
from honte.recipes import IMAGES, names, pictures, place

if TYPE_CHECKING:
    from training.images.training import ImageConfig


@dataclass(frozen=True)
class ClassifyFlags(RunFlags):
    """Learn to classify pictures: start a run, or resume the run in the folder."""

    dataset: Annotated[str, Argument("DATASET")] = ""
    """logic_gates, digits, mnist, fashion_mnist, a folder with one folder of pictures for each class, a folder of idx
    or CIFAR-10 files, or an .npz file"""
    model: Annotated[str, Placeholder("MODEL")] = "lenet"
    """the recipe of the network, by its name or the path of a YAML file"""
    attack: Annotated[str, Placeholder("fgsm:E|pgd:E")] = ""
    """after training, change test pictures by at most E, a share of full brightness, so that the network errs
    (default: no attack)"""
    locality: bool = False
    """train mlp and lenet, each on the pictures and on the same pictures with shuffled pixels, and plot all four"""


LEFT_OUT = ("data_sha256",)
"""Settings that a run finds out by itself."""


def _common() -> dict[str, str]:
    """The flags that people use, with a text that fits one line."""
    return {
        "DATASET": "logic_gates, digits, mnist, fashion_mnist, a folder of pictures or an .npz file",
        "--model": f"the network: {', '.join(names(IMAGES))}, or a YAML file",
        "--run": "the folder of the run (default: runs/DATASET_MODEL)",
        "--fresh": "begin again; an older run is renamed first",
        "--init": "start from this run's weights",
        "--epochs": "passes over the training pictures",
        "--max-minutes": "minutes of processor time; 0: no limit",
        "--batch-size": "pictures in each training batch",
        "--seed": "the random seed",
        "--threads": "threads of torch; 0: one for each core",
        "--limit": "use this many training pictures; 0: all",
        "--trainer.learning-rate.value": "the highest learning rate",
        "--attack": "attack the trained network, E of full brightness",
        "--locality": "compare mlp and lenet on shuffled pixels",
        "--json": "print the result as one JSON object",
        "--print-config": "print the configuration and stop",
    }


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the run finished, or was saved and stopped by a signal."""
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
        attack.parse_attack(flags.attack)  # a mistake is found before a long run, not after it
    data = open_dataset(config.dataset, config.size)
    for note in data.notes:
        output.say(f"note: {note}")
    config = replace(config, data_sha256=data.sha256)
    name = f"{Path(config.dataset).stem or 'pictures'}_{'locality' if flags.locality else Path(flags.model).stem}"
    folder = Path(flags.run or Path("runs") / name)
    learn = partial(run, flags=flags, output=output)
    output.result(
        locality.compare(learn, data, config, folder, output) if flags.locality else learn(data, config, folder)
    )
    return 0


def run(data: Any, config: ImageConfig, folder: Path, *, flags: ClassifyFlags, output: Output) -> dict[str, Any]:
    """Start or resume one run in one folder; its result as plain values."""
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
            output.say(
                f"accuracy under the attack {flags.attack}: {found['accuracy_under_attack']:.2%}, see {found['drawn']}"
            )
    output.say(f"use it:  {command('predict', str(folder))} PICTURE ...\nsee it:  {command('report', str(folder))}")
    return result


def _parsed(arguments: Sequence[str]) -> tuple[ClassifyFlags, ImageConfig]:
    """The command's own flags, and the configuration: the recipe's values with those of the other flags over them."""
    from training.images.training import ImageConfig

    flags, given = parse_run_words(ClassifyFlags, ImageConfig, arguments, "classify", LEFT_OUT)
    if not flags.dataset and not asks_for_help(arguments):
        raise ValueError("DATASET is missing: name logic_gates, digits, mnist, fashion_mnist, a folder or an .npz file")
    values = pictures(flags.model, flags.dataset or "DATASET")
    config: ImageConfig = parse_settings(ImageConfig, values, given, str(place(flags.model, IMAGES)))
    footer = f"The defaults are those of the model {flags.model}."
    shown = {"common": _common(), "leave_out": LEFT_OUT}
    print_help_if_asked(arguments, "classify", ClassifyFlags, config, footer=footer, **shown)
    return flags, config
